"""The way back: an exported text, its variables set from the live project, loaded and planned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.core.finding import Severity
from reconciler.core.objects import Live, Snapshot
from reconciler.core.plan import Plan
from reconciler.core.values import Secret
from reconciler.export import Exported
from reconciler.planning import Options, make_plan
from reconciler.sip.era import Era
from reconciler.sip.spec import KIND_BY_SECTION

FILE = Path("dispatch.yaml")


def read_back(exported: Exported, live: Snapshot) -> Configuration:
    """The configuration that the text makes, every variable set."""
    return load({FILE: exported.text.encode()}, environment(exported, live))


def plan_of(exported: Exported, live: Snapshot, era: Era) -> Plan:
    """The plan of the exported file against the project it came from."""
    configuration = read_back(exported, live)
    assert [one for one in configuration.findings if one.severity is Severity.ERROR] == []
    assert configuration.missing == ()
    return make_plan(configuration, live, Options(era=era))


def environment(exported: Exported, live: Snapshot) -> dict[str, str]:
    """The live values of the variables, found by the places that the text itself gives them."""
    wanted = {one.name for one in exported.variables}
    found: dict[str, str] = {}
    # Another reader than the project's own: what is written means the same to it.
    document = yaml.safe_load(exported.text)
    for section, objects in document.get("sip", {}).items():
        for key, body in objects.items():
            one = _live_object(live, section, key, body)
            for name, value in _values(one, body):
                assert name in wanted
                found[name] = value
    assert found.keys() == wanted
    return found


def _live_object(live: Snapshot, section: str, key: str, body: dict[str, Any]) -> Live:
    candidates = [
        one
        for one in live.of(KIND_BY_SECTION[section].name)
        if (one.id == body["id"] if "id" in body else one.name == key)
    ]
    assert len(candidates) == 1
    return candidates[0]


def _values(one: Live, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, value in one.fields.items():
        if not isinstance(value, Secret):
            continue
        text = value.reveal()
        assert text is not None
        node = _at(body, path)
        if path == "room.egress" and node is not None:
            yield from _pairs(node, json.loads(text))
        elif isinstance(node, dict):
            yield node["env"], text


def _at(body: dict[str, Any], path: str) -> Any:
    group, _, rest = path.partition(".")
    if group == "headers":
        return body.get("headers", {}).get(rest)
    node: Any = body
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return node


def _pairs(node: Any, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict) and isinstance(value, str):
        yield node["env"], value
    elif isinstance(node, dict):
        assert node.keys() == value.keys()
        for key in node:
            yield from _pairs(node[key], value[key])
    elif isinstance(node, list):
        for one, other in zip(node, value, strict=True):
            yield from _pairs(one, other)
