"""Scenario folders: a desired file, a live project in the language of the same file, and what is shown of the plan.

    tests/scenarios/NN-name/
        desired.yaml     the configuration
        live.yaml        the live project, read by the same reader; nothing lives where it is missing
        options.json     what the command was asked, and live names that no YAML key can be
        expected.txt, expected.json, expected.md

Ids are made from kind and name, or stand in live.yaml. Every variable that a file names has a value; that of UNKNOWN
in live.yaml is one that the server does not tell. `RECONCILE_UPDATE_SCENARIOS=1` writes the expected files anew: read
the difference before it is committed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from reconciler.compose import compile_rule
from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.core.finding import has_errors
from reconciler.core.objects import Desired, Live, Snapshot
from reconciler.core.plan import Plan, Plane
from reconciler.core.values import Reference, References, Secret, SecretRef, Unknown, Value
from reconciler.pipeline.documents import document_of_drift, document_of_plan
from reconciler.pipeline.request import Prepared
from reconciler.planning import Draft, Options
from reconciler.render.document import Causes
from reconciler.render.formats import Format, show_plan
from reconciler.render.shapes import PlanDocument
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS

FOLDER = Path(__file__).parents[1] / "scenarios"
HOST = "acme-voice.livekit.example"
UPDATE = os.environ.get("RECONCILE_UPDATE_SCENARIOS") == "1"
EXPECTED = {
    "expected.txt": Format.TEXT,
    "expected.json": Format.JSON,
    "expected.md": Format.MARKDOWN,
}


class Variables(Mapping[str, str]):
    """An environment in which every variable is set, to a text that must not be seen anywhere."""

    def __init__(self) -> None:
        self.used: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        digest = hashlib.sha256(name.encode()).hexdigest()
        # A PIN has digits only.
        value = str(int(digest[:10], 16)) if "PIN" in name else f"canary-{digest[:16]}"
        return self.used.setdefault(name, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self.used)

    def __len__(self) -> int:
        return len(self.used)


@dataclass(frozen=True)
class Scenario:
    """One folder, loaded."""

    folder: Path
    configuration: Configuration
    live: Snapshot
    options: Mapping[str, Any]
    secrets: frozenset[str] = field(default=frozenset())

    @cached_property
    def prepared(self) -> Prepared:
        """The plan that makes the live project what the file says, and what it is made of."""
        only = self.options.get("only")
        options = Options(
            Plane(only) if only else None, frozenset(self.options.get("write_secrets", ()))
        )
        draft = Draft(self.configuration, self.live, options)
        return Prepared(self.configuration, self.live, draft.plan(), Era.NEW, None, draft=draft)

    @property
    def plan(self) -> Plan:
        """The plan alone."""
        return self.prepared.plan

    @property
    def document(self) -> PlanDocument:
        """The document of the plan, or of the drift where the options say so."""
        if self.options.get("command") != "drift":
            return document_of_plan(self.prepared)
        causes: Causes = {
            (kind, name, path): cause for kind, name, path, cause in self.options.get("causes", ())
        }
        return document_of_drift(self.prepared, causes)

    def rendered(self) -> dict[str, str]:
        """The content of each expected file."""
        return {name: show_plan(self.document, form) for name, form in EXPECTED.items()}


def names() -> list[str]:
    """All scenario folders."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def scenario(name: str) -> Scenario:
    """A scenario by the name of its folder."""
    folder = FOLDER / name
    variables = Variables()
    desired = load({Path("dispatch.yaml"): (folder / "desired.yaml").read_bytes()}, variables)
    place = folder / "options.json"
    options = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    live = folder / "live.yaml"
    snapshot = Snapshot(HOST, {kind.name: () for kind in KINDS})
    if live.exists():
        snapshot = live_from_yaml(live.read_bytes(), variables, options.get("live_names", {}))
    return Scenario(folder, desired, snapshot, options, frozenset(variables.used.values()))


def live_from_yaml(
    data: bytes, environ: Mapping[str, str], names: Mapping[str, str] | None = None
) -> Snapshot:
    """A live project as a file would have it. `names` are the live names of objects whose key is another."""
    read = load({Path("live.yaml"): data}, environ)
    assert not has_errors(read.findings), [str(finding) for finding in read.findings]
    trunks = {one.name: one for one in read.sip.get(INBOUND_TRUNK.name, ())}
    objects = {
        kind.name: tuple(
            _live(one, _live_fields(one, read, trunks), names or {})
            for one in read.sip.get(kind.name, ())
        )
        for kind in KINDS
    }
    return Snapshot(HOST, objects)


def _live(one: Desired, fields: Mapping[str, Value], names: Mapping[str, str]) -> Live:
    return Live(one.kind, _identifier(one), names.get(one.name, one.name), fields)


def _identifier(one: Desired) -> str:
    if one.id is not None:
        return one.id
    digest = hashlib.sha256(f"{one.kind}/{one.name}".encode()).hexdigest()
    return f"{'SDR' if one.kind == DISPATCH_RULE.name else 'ST'}_{digest[:12]}"


def _live_fields(
    one: Desired, read: Configuration, trunks: Mapping[str, Desired]
) -> dict[str, Value]:
    fields = {path: _as_served(value) for path, value in one.fields.items()}
    references = fields.get("trunks")
    if isinstance(references, References):
        fields["trunks"] = References(_by_id(references.entries, trunks))
    if one.kind == DISPATCH_RULE.name and read.agents is not None:
        line = read.lines.get(one.name)
        sip = {name: trunk.fields for name, trunk in trunks.items()}
        compiled = compile_rule(one, line, read.agents.conventions, sip, Era.NEW)
        if compiled.agents is not None and compiled.agents.entries:
            fields["agents"] = compiled.agents
    return fields


def _by_id(entries: Sequence[Reference], trunks: Mapping[str, Desired]) -> tuple[Reference, ...]:
    return tuple(
        Reference("", _identifier(trunks[entry.name]) if entry.name in trunks else entry.name)
        for entry in entries
    )


def _as_served(value: Value) -> Value:
    """A server knows no references to variables, and some do not tell passwords."""
    if not isinstance(value, Secret):
        return value
    if value.ref == SecretRef(env="UNKNOWN"):
        return Unknown()
    return Secret(value.reveal())
