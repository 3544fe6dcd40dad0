"""The whole file: the project, the kinds that were read, the agents of their rooms, and what could not be written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.agents.conventions import Conventions
from reconciler.compose import compile_rule
from reconciler.core.objects import Live, Snapshot
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.schema import Kind
from reconciler.core.values import AgentList
from reconciler.export import commentary
from reconciler.export.agents import agent_keys, is_expressible, names_node, rooms_node
from reconciler.export.conventions import Derivation, Source, derive
from reconciler.export.document import Map, Word
from reconciler.export.emit import emit
from reconciler.export.keys import keys_of
from reconciler.export.scalars import printable, quoted
from reconciler.export.sip import LeftOut, Listed, ObjectWriter, is_reserved
from reconciler.export.variables import Variable, Variables
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS

_AGENTS = "agents"
_LONGEST_NAME = 80  # of a name in a note
_VERSION = re.compile(r"v?([0-9]+\.[0-9]+(?:\.[0-9]+)?|newest)(?:[.+-].*)?")


@dataclass(frozen=True, slots=True)
class Exported:
    """A configuration that plans to no change: its text, the variables to set first, and what is not in it.

    `notes` tell of `left_out`, too.
    """

    text: str
    variables: tuple[Variable, ...]
    notes: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(slots=True)
class _Plane:
    """The objects of the SIP plane, kind by kind, as they are written and as they are not."""

    listed: dict[str, list[Listed]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def export_project(
    snapshot: Snapshot, *, name: str, era: Era, server: str | None = None, comments: bool = False
) -> Exported:
    """The live project as a file.

    `era` is the one that the snapshot was read with. One that comes from no server has no host, and then the file
    has none. `server` is the version to write into the file, for projects
    whose version is known by more than their objects. With `comments` the file explains itself.
    """
    variables = Variables()
    plane = _plane(snapshot, variables, era)
    document = Map(open=True)
    document.entries["version"] = Word("1")
    document.entries["project"] = _project(name, snapshot.host, server)
    sip = document.entries["sip"] = Map(open=True)
    derivation, unmanaged = _derive(plane, era)
    for kind in KINDS:
        if kind.name in snapshot.objects:
            sip.entries[kind.section] = _section(plane.listed[kind.name], derivation, unmanaged)
    if not sip.entries:
        del document.entries["sip"]
    keys = agent_keys(derivation.conventions)
    brings_agents = any(_AGENTS in one.fields for one in snapshot.of(DISPATCH_RULE.name))
    if brings_agents:
        document.entries["agents"] = Map(
            {"names": names_node(keys), "rooms": rooms_node(derivation.conventions, keys)},
            open=True,
        )
    notes = (*map(_left_out, plane.left_out), *plane.notes)
    settled = variables.settle()
    commentary.add(document, snapshot.host, settled, notes, explain=comments)
    text = emit(document, [one.name for one in settled])
    return Exported(text, settled, notes, tuple(plane.left_out))


def _project(name: str, host: str, server: str | None) -> Map:
    project = Map({"name": name}, open=True)
    if host:
        project.entries["host"] = host
    version = _VERSION.fullmatch(server or "")
    if version is not None:
        project.entries["server"] = version[1]
    project.entries["unlisted"] = Word(UnlistedPolicy.REPORT.value)
    return project


def _plane(snapshot: Snapshot, variables: Variables, era: Era) -> _Plane:
    """All objects, trunks first: rules name them by the keys that they got."""
    plane = _Plane()
    trunks: dict[str, str] = {}
    for kind in KINDS:
        writer = ObjectWriter(kind, variables, era, trunks)
        listed = plane.listed[kind.name] = []
        for written in _written(kind, snapshot.of(kind.name), writer):
            if isinstance(written, LeftOut):
                plane.left_out.append(written)
                continue
            listed.append(written)
            plane.notes += (f"{_title(written.live)}: {note}" for note in written.notes)
            if kind is INBOUND_TRUNK:
                trunks[written.live.id] = written.key
    return plane


def _written(
    kind: Kind, objects: Iterable[Live], writer: ObjectWriter
) -> Iterable[Listed | LeftOut]:
    found = list(objects)
    keys = keys_of(found, lambda name: is_reserved(kind, name))
    for one in sorted(found, key=lambda one: (keys[one.id].text, one.id)):
        yield writer.write(one, keys[one.id])


def _derive(plane: _Plane, era: Era) -> tuple[Derivation, set[str]]:
    """The conventions, and the keys of the rules whose agents no convention can name."""
    trunks = {one.key: one.desired.fields for one in plane.listed[INBOUND_TRUNK.name]}
    nothing = Conventions(())
    sources: list[Source] = []
    unmanaged: set[str] = set()
    for one in plane.listed[DISPATCH_RULE.name]:
        names = compile_rule(one.desired, None, nothing, trunks, era).names
        if names is None:
            continue
        live = one.live.fields.get(_AGENTS)
        agents = live.entries if isinstance(live, AgentList) else ()
        if not is_expressible(agents):
            unmanaged.add(one.key)
            note = "its agents are left as they are: no convention can name them"
            one.notes.append(note)
            plane.notes.append(f"{_title(one.live)}: {note}")
            agents = ()
        sources.append(Source(one.key, names, agents))
    return derive(sources), unmanaged


def _section(listed: Iterable[Listed], derivation: Derivation, unmanaged: set[str]) -> Map:
    section = Map()
    for one in listed:
        section.open = True
        is_rule = one.live.kind == DISPATCH_RULE.name
        line = derivation.lines.get(one.key) if is_rule else None
        foreign = (_AGENTS,) if is_rule and one.key in unmanaged else ()
        section.entries[one.key] = one.finish(line, foreign)
        if one.notes:
            section.comment(one.key, *one.notes)
    return section


def _left_out(one: LeftOut) -> str:
    return printable(f"{_title(one.live)} is left out: {one.reason}")


def _title(one: Live) -> str:
    short = one.name if len(one.name) <= _LONGEST_NAME else f"{one.name[:_LONGEST_NAME]}…"
    name = f"{quoted(short)} " if one.name else ""
    return f"{one.kind.replace('_', ' ')} {name}({printable(one.id)})"


__all__ = ["Exported", "export_project"]
