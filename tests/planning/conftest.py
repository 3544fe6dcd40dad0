"""Two YAML texts, one for the file and one for the live project, and the plan between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.core.objects import Live, Snapshot
from reconciler.core.plan import Plan
from reconciler.core.values import Reference, References
from reconciler.planning import Options, make_plan

Plans = Callable[..., Plan]


def configuration(text: str) -> Configuration:
    """A configuration out of a YAML text, with a few variables set."""
    environ = {"PIN": "1234", "OTHER_PIN": "5678", "PASSWORD": "not-a-real-one"}
    return load({Path("dispatch.yaml"): f"version: 1\n{text}".encode()}, environ)


def snapshot(text: str) -> Snapshot:
    """A live project that has just what a YAML text lists; ids are made from the names."""
    listed = configuration(text)
    assert not listed.findings, listed.findings
    objects: dict[str, list[Live]] = {}
    for kind, found in listed.sip.items():
        prefix = "SDR" if kind == "dispatch_rule" else "ST"
        objects[kind] = []
        for one in found:
            fields = dict(one.fields)
            references = fields.get("trunks")
            if isinstance(references, References):
                fields["trunks"] = References(
                    tuple(Reference("", f"ST_{entry.name}") for entry in references.entries)
                )
            objects[kind].append(Live(kind, f"{prefix}_{one.name}", one.name, fields))
    return Snapshot("localhost", objects)


@pytest.fixture
def plan() -> Plans:
    """Makes the plan from a live project to a file, both in YAML."""

    def make(file: str, live: str, options: Options | None = None) -> Plan:
        return make_plan(configuration(file), snapshot(live), options or Options())

    return make
