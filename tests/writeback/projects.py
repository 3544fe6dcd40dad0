"""A file, what lives instead, and the write-back between them, without a server.

The live project is told as YAML too: what another file would have made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.core.objects import Live, Snapshot
from reconciler.core.plan import Plan, Plane
from reconciler.core.values import (
    AgentDispatch,
    AgentList,
    Reference,
    References,
    Secret,
    Value,
)
from reconciler.pipeline.prepare import draft_against
from reconciler.pipeline.request import Prepared, Request
from reconciler.pipeline.write_back import WrittenBack, write_back
from reconciler.planning import matches
from reconciler.planning.targets import Trunks, is_id, targets
from reconciler.sip.era import Era

ENVIRON = {"PIN": "1234", "OTHER_PIN": "5678", "PASSWORD": "not-a-real-one", "SITE": "berlin"}


def snapshot(text: str) -> Snapshot:
    """A live project that has just what a YAML text lists, with the agents that its conventions compile to."""
    listed = load({Path("live.yaml"): f"version: 1\n{text}".encode()}, ENVIRON)
    assert not [one for one in listed.findings if one.severity == "error"], listed.findings
    empty = Snapshot("localhost", {kind: [] for kind in listed.sip})
    found: dict[str, list[Live]] = {kind: [] for kind in listed.sip}
    matched = matches(listed, empty)
    trunks = Trunks(empty, matched.get("inbound_trunk"))
    for target in targets(listed, matched, trunks, Era.NEW, []):
        one = target.desired
        name = "" if one.name.startswith("nameless") else one.name
        found[one.kind].append(Live(one.kind, _id(one.kind, one.name), name, _fields(target.after)))
    return Snapshot("localhost", found)


def _id(kind: str, name: str) -> str:
    prefix = {"inbound_trunk": "ST", "outbound_trunk": "STO", "dispatch_rule": "SDR"}[kind]
    return f"{prefix}_{name}"


def _fields(after: Mapping[str, Value]) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for path, value in after.items():
        if isinstance(value, References):
            entries = (one.name if is_id(one.name) else f"ST_{one.name}" for one in value.entries)
            value = References(tuple(Reference("", one) for one in entries))
        fields[path] = Secret(value.reveal()) if isinstance(value, Secret) else value
    return fields


@dataclass
class Case:
    """Files in a folder, and a live project."""

    folder: Path
    live: Snapshot
    files: dict[str, str]
    environ: dict[str, str]
    only: Plane | None = None
    era: Era = Era.NEW

    def __post_init__(self) -> None:
        for name, text in self.files.items():
            (self.folder / name).write_bytes(text.encode())

    @property
    def request(self) -> Request:
        """The request of a command."""
        paths = tuple(self.folder / name for name in self.files)
        return Request(paths, self.environ, only=self.only)

    def configuration(self) -> Configuration:
        """The files as they are now."""
        return load({path: path.read_bytes() for path in self.request.paths}, self.environ)

    def plan(self) -> Plan:
        """What a plan says now."""
        return draft_against(self.request, self.configuration(), self.live, self.era).plan()

    def accept(self) -> WrittenBack:
        """Plans, and writes back."""
        configuration = self.configuration()
        plan = draft_against(self.request, configuration, self.live, self.era).plan()
        prepared = Prepared(configuration, self.live, plan, self.era, None)
        return write_back(self.request, prepared)

    def text(self, name: str = "dispatch.yaml") -> str:
        """A file as it is now."""
        return (self.folder / name).read_bytes().decode()


def case(
    folder: Path,
    file: str,
    live: str | Snapshot,
    *,
    only: Plane | None = None,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Case:
    """One file and a live project."""
    found = live if isinstance(live, Snapshot) else snapshot(live)
    return Case(folder, found, {"dispatch.yaml": file}, {**ENVIRON, **environ}, only)


def changed(live: Snapshot, name: str, **values: Value | None) -> Snapshot:
    """The project with other fields of one object; `__` in a keyword is a dot, None takes a field away."""

    def edited(one: Live) -> Live:
        if one.name != name:
            return one
        fields = dict(one.fields)
        for key, value in values.items():
            path = key.replace("__", ".")
            if value is None:
                fields.pop(path, None)
            else:
                fields[path] = value
        return replace(one, fields=fields)

    return Snapshot(live.host, {kind: [*map(edited, all_)] for kind, all_ in live.objects.items()})


def accepted(
    folder: Path,
    file: str,
    live: str | Snapshot,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The file once it says all that lives; a plan has nothing to do then."""
    one = case(folder, file, live, environ=environ)
    told = one.accept()
    assert told.left == ()
    plan = one.plan()
    assert (plan.changes, plan.unlisted) == ((), ())
    return one.text()


def agents(*names: str) -> AgentList:
    """Agents that are told nothing."""
    return AgentList(tuple(AgentDispatch(name) for name in names))
