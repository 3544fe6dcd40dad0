"""Where the planes meet: the rooms that a rule makes, the conventions they fall under, the agents that follow.

Rooms are drawn by their pattern, once for each line, so that the way of a call is never mixed with that of another.
Without conventions (a live project, an object that no file lists) a room leads straight to the agents its rule names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.agents.conventions import AgentPlane, Convention, Mechanism
from reconciler.compose import conventions_of
from reconciler.core.objects import Fields
from reconciler.core.values import AgentDispatch, AgentList
from reconciler.graph.builder import Builder, Key
from reconciler.graph.model import Fate, NodeKind
from reconciler.graph.objects import Subject, Trunks, sides
from reconciler.sip.era import Era
from reconciler.sip.rooms import RoomNames, room_names

AGENTS_PATH = "agents"
_WAS = "until now"
_LIVES = "as it lives"
_OTHERS = "changes"  # the agents that a rule brings into rooms that stay


@dataclass(frozen=True, slots=True)
class _Room:
    """The rooms of one rule on one side of a plan."""

    pattern: str
    names: RoomNames


class Meeting:
    """Adds rooms, conventions and agents to a graph."""

    def __init__(
        self, builder: Builder, trunks: Trunks, plane: AgentPlane | None, era: Era
    ) -> None:
        self._builder = builder
        self._trunks = trunks
        self._plane = plane
        self._era = era
        self._positions: dict[int, int] = {}
        if plane is not None:
            self._positions = {id(one): i for i, one in enumerate(plane.conventions.all)}

    def add_rule(self, one: Subject, rule: Key) -> None:
        """The rooms of a rule, and what they lead to."""
        before = self._room(one.before, is_before=True)
        after = self._room(one.after, is_before=False)
        found = {room.pattern: room for room in (before, after) if room is not None}
        sides_of = [{room.pattern: ""} if room is not None else {} for room in (before, after)]
        for pattern, _, fate in sides(sides_of[0], sides_of[1], one.fate):
            room = self._add_room(one, pattern)
            self._builder.edge(rule, room, fate=fate)
            if self._follows_file(one, fate):
                self._add_conventions(one, room, found[pattern].names, fate)
            else:
                self._add_agents(room, _agents(one.before), fate)

    def add_rest(self) -> None:
        """The conventions and agents that no rule leads to: rooms are made by applications, too."""
        if self._plane is None:
            return
        for convention in self._plane.conventions.all:
            lines: list[str | None] = [None] if convention.agents is not None else []
            for line in (*lines, *convention.lines):
                self._convention(convention, line)
        for name in self._plane.names.values():
            self._agent(name.agent_name, f"deployment {name.deployment}" if name.deployment else "")

    def key_of_convention(self, position: int) -> Iterable[Key]:
        """The nodes of a convention, by its position among all."""
        assert self._plane is not None  # noqa: S101  # there are no positions of nothing
        convention = self._plane.conventions.all[position]
        keys: list[Key] = [
            (NodeKind.CONVENTION, (position, line)) for line in (None, *convention.lines)
        ]
        return [key for key in keys if self._builder.has(key)]

    def _follows_file(self, one: Subject, fate: Fate) -> bool:
        """Whether the conventions say who comes into these rooms: not where a rule goes, or stands in no file."""
        return (
            self._plane is not None
            and one.after is not None
            and fate is not Fate.DELETE
            and one.fate is not Fate.UNLISTED
        )

    def _room(self, fields: Fields | None, *, is_before: bool) -> _Room | None:
        if fields is None:
            return None
        trunks = self._trunks.of_rule(fields, is_before=is_before)
        names = room_names(fields, trunks, self._era)
        return _Room(names.pattern, names) if names is not None else None

    def _add_room(self, one: Subject, pattern: str) -> Key:
        # Rooms of one pattern are the same rooms, as long as the same agents come to them.
        told = None if self._plane is not None else _names(_agents(one.shown))
        details = (f"line {one.line}",) if one.line is not None else ()
        label = pattern or "(no room name)"
        return self._builder.node(NodeKind.ROOM, (pattern, one.line, told), label, details=details)

    def _add_conventions(self, one: Subject, room: Key, names: RoomNames, fate: Fate) -> None:
        assert self._plane is not None  # noqa: S101  # the caller looked
        agents_before, agents_after = _agents(one.before), _agents(one.after)
        changed = one.after is not None and agents_before != agents_after
        if fate is Fate.KEEP and one.before is not None and changed:
            fate = Fate.UPDATE
        found = [one for one in conventions_of(names, self._plane.conventions) if one is not None]
        for convention in found:
            told = _OTHERS if fate is Fate.UPDATE else ""
            self._builder.edge(room, self._convention(convention, one.line), told, fate)
        if not found:
            self._builder.annotate(room, "under no convention")
            self._add_agents(room, agents_before, Fate.KEEP, _LIVES)
        elif fate is Fate.KEEP and _contradicts(one, found):
            self._builder.annotate(room, "agents as they live")
            self._add_agents(room, agents_after, Fate.KEEP, _LIVES)
        elif fate is Fate.UPDATE:
            kept = _names(agents_after)
            gone = tuple(agent for agent in agents_before if agent.agent_name not in kept)
            self._add_agents(room, gone, Fate.DELETE)

    def _add_agents(
        self, room: Key, agents: Iterable[AgentDispatch], fate: Fate, label: str = ""
    ) -> None:
        for agent in agents:
            told = label or (_WAS if fate is Fate.DELETE else Mechanism.SIP.value)
            self._builder.edge(room, self._agent(agent.agent_name), told, fate)

    def _convention(self, convention: Convention, line: str | None) -> Key:
        position = self._positions[id(convention)]
        key: Key = (NodeKind.CONVENTION, (position, line))
        if self._builder.has(key):
            return key
        agents = convention.agents_of(line)
        if agents is None and Mechanism.SIP not in convention.dispatch:
            # Only the agents that a rule names are told apart by line.
            agents = convention.agents_of(None)
        details = [f"line {line}" if line is not None else ""]
        if convention.room is not None:
            details.append("this room only")
        if convention.required_metadata:
            details.append(f"needs {', '.join(convention.required_metadata)}")
        if agents is None:
            details.append("names no agents for it")
        elif not agents.entries:
            details.append("no agents")
        self._builder.node(*key, convention.label, details=details, missing=agents is None)
        label = " or ".join(convention.dispatch)
        for agent in agents.entries if agents is not None else ():
            self._builder.edge(key, self._agent(agent.agent_name), label)
        return key

    def _agent(self, name: str, detail: str = "") -> Key:
        key = self._builder.node(NodeKind.AGENT, name, name or "(unnamed)")
        self._builder.annotate(key, detail)
        return key


def _contradicts(one: Subject, conventions: Iterable[Convention]) -> bool:
    """Whether a rule goes on to bring others than its conventions say: a plan may leave the agents alone."""
    if one.after is None or AGENTS_PATH not in one.after:
        return False  # what it brings is not known, or follows from the conventions
    for convention in conventions:
        wanted = convention.agents_of(one.line) if Mechanism.SIP in convention.dispatch else None
        if wanted is not None and _names(wanted.entries) != _names(_agents(one.after)):
            return True
    return False


def _agents(fields: Fields | None) -> tuple[AgentDispatch, ...]:
    agents = fields.get(AGENTS_PATH) if fields is not None else None
    return agents.entries if isinstance(agents, AgentList) else ()


def _names(agents: Iterable[AgentDispatch]) -> tuple[str, ...]:
    return tuple(sorted(agent.agent_name for agent in agents))


def add_rooms(meeting: Meeting, rules: Iterable[Subject], keys: Mapping[str, Key]) -> None:
    """The rooms of all rules, and then whatever no rule leads to."""
    for one in rules:
        if one.identity in keys:
            meeting.add_rule(one, keys[one.identity])
    meeting.add_rest()
