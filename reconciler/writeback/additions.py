"""Live objects that the file does not list, as entries of it: in the form that an export gives them.

A new rule brings the agents that it has. Where the conventions name others for its rooms, it gets a line that names the
same ones; where there is none, its agents are left to whoever made it, and a note says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from reconciler.compose import compile_rule
from reconciler.config.model import Configuration
from reconciler.core.finding import Severity
from reconciler.core.objects import Fields, Live, covers
from reconciler.core.schema import Kind
from reconciler.core.values import AgentList
from reconciler.export.document import Map
from reconciler.export.keys import Key, Unique, keys_of
from reconciler.export.sip import LeftOut, Listed, ObjectWriter, is_reserved
from reconciler.export.variables import Variables
from reconciler.planning.targets import AGENTS_PATH
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE


@dataclass(frozen=True, slots=True)
class Addition:
    """An object that is listed from now on: its key, what stands below it, and what there is to know about it."""

    live: Live
    key: str
    body: Map
    notes: tuple[str, ...]


def keys_for(
    objects: Iterable[Live], kind: Kind, taken: Collection[str], live: Iterable[Live]
) -> dict[str, Key]:
    """A key for each new object that no other object of the file has; one that is not the name pins the id."""
    keys = keys_of(list(objects), lambda name: is_reserved(kind, name))
    unique = Unique({*taken, *(one.name for one in live), *(key.text for key in keys.values())})
    return {
        identifier: Key(unique(key.text), pinned=True) if key.text in taken else key
        for identifier, key in keys.items()
    }


def list_objects(
    objects: Iterable[Live],
    kind: Kind,
    keys: Mapping[str, Key],
    trunks: Mapping[str, str],
    variables: Variables,
    era: Era,
) -> list[Listed | LeftOut]:
    """The objects of one kind as entries, by key; `trunks` are the keys of inbound trunks by id."""
    writer = ObjectWriter(kind, variables, era, trunks)
    found = sorted(objects, key=lambda one: (keys[one.id].text, one.id))
    return [writer.write(one, keys[one.id]) for one in found]


def finish(
    one: Listed, configuration: Configuration, trunks: Mapping[str, Fields], era: Era
) -> Addition:
    """The entry with what the agent plane makes of it; `trunks` are the fields of all inbound trunks by key."""
    line, foreign, notes = None, False, list(one.notes)
    is_covered = any(covers(path, AGENTS_PATH) for path in configuration.project.unmanaged)
    if one.live.kind == DISPATCH_RULE.name and configuration.agents and not is_covered:
        line, foreign = _agents(one, configuration, trunks, era)
    if foreign:
        notes.append(
            f"unmanaged: [{AGENTS_PATH}] leaves its agents as they are, because the convention of its rooms names "
            "others; give it a line to list them"
        )
    body = one.finish(line, (AGENTS_PATH,) if foreign else ())
    return Addition(one.live, one.key, body, tuple(notes))


def _agents(
    one: Listed, configuration: Configuration, trunks: Mapping[str, Fields], era: Era
) -> tuple[str | None, bool]:
    """The line of a new rule, if it needs one, and whether its agents are left alone."""
    plane = configuration.agents
    assert plane is not None  # noqa: S101  # the caller looked
    live = one.live.fields.get(AGENTS_PATH, AgentList(()))
    compiled = compile_rule(one.desired, None, plane.conventions, trunks, era)
    is_wrong = any(finding.severity is Severity.ERROR for finding in compiled.findings)
    if not is_wrong and (compiled.agents is None or compiled.agents == live):
        return None, False
    found = compiled.convention
    for label in found.lines if found is not None else ():
        again = compile_rule(one.desired, label, plane.conventions, trunks, era)
        if again.agents == live:
            return label, False
    return None, True
