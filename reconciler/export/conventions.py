"""Conventions out of live rules: the fewest texts under which every rule's rooms fall whole.

Each rule that brings agents asks for a convention of what all its rooms start with, or of its one room. Where some
room of a rule would fall under another convention than the rest, the conventions in question become one, of the
text that they have in common; this ends, because every such step leaves fewer or shorter texts. Rules that then share a
convention and bring different agents, or none, are told apart by lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from reconciler.agents.conventions import Convention, Conventions, Mechanism
from reconciler.compose import conventions_of
from reconciler.core.values import AgentDispatch
from reconciler.export.keys import Unique, slug
from reconciler.sip.rooms import RoomNames

Agents: TypeAlias = tuple[AgentDispatch, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A rule as far as conventions are concerned: its key, the names of its rooms, and the agents that it brings."""

    key: str
    names: RoomNames
    agents: Agents


class Rooms(NamedTuple):
    """What a convention is about: a prefix, or one room."""

    text: str
    is_room: bool


@dataclass(frozen=True, slots=True)
class Derived:
    """A convention with the agents of its rules: of all of them, or of each line."""

    rooms: Rooms
    agents: Agents | None
    lines: Mapping[str, Agents] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Derivation:
    """All conventions in the order of their texts, and the line of each rule that needs one, by its key."""

    conventions: tuple[Derived, ...]
    lines: Mapping[str, str]


def derive(sources: Sequence[Source]) -> Derivation:
    """The conventions of some rules. A rule without agents is covered only where its rooms leave no choice."""
    wanted = {_rooms_of(one.names) for one in sources if one.agents}
    covered = _settle(wanted, {one.names for one in sources})
    groups: dict[Rooms, list[Source]] = defaultdict(list)
    for one in sorted(sources, key=lambda one: one.key):
        rooms = covered[one.names]
        if rooms is not None:
            groups[rooms].append(one)
    lines: dict[str, str] = {}
    conventions = tuple(_derived(rooms, groups[rooms], lines) for rooms in sorted(groups))
    return Derivation(conventions, lines)


def agents_key(agents: Iterable[AgentDispatch]) -> Agents:
    """The agents in an order of their own: two lists are equal to LiveKit exactly when these are."""
    return tuple(
        sorted(
            agents,
            key=lambda one: (
                one.agent_name,
                one.deployment,
                one.metadata.text,
                one.attributes,
                one.restart_policy,
            ),
        )
    )


def _rooms_of(names: RoomNames) -> Rooms:
    is_room = names.is_complete and names.tails == ("",) and names.head != ""
    return Rooms(names.head, is_room)


def _settle(wanted: set[Rooms], all_names: set[RoomNames]) -> dict[RoomNames, Rooms | None]:
    """The one convention of each rule's rooms, once the conventions are such that there is one."""
    order = sorted(all_names, key=lambda names: (names.head, names.tails or (), names.pattern))
    while True:
        conventions = Conventions(_convention(rooms) for rooms in sorted(wanted))
        covered: dict[RoomNames, Rooms | None] = {}
        is_settled = True
        for names in order:
            found = [_rooms(one) for one in conventions_of(names, conventions)]
            if len(found) == 1:
                covered[names] = found[0]
                continue
            is_settled = False
            split = {rooms for rooms in found if rooms is not None}
            # What another rule has merged already looks different now: this one waits for the next turn.
            if split <= wanted:
                # Each text starts with the head or is the start of it, so the shortest is what all have in common.
                shortest = min((names.head, *(one.text for one in split)), key=len)
                wanted = (wanted - split) | {Rooms(shortest, False)}
        if is_settled:
            return covered


def _convention(rooms: Rooms) -> Convention:
    if rooms.is_room:
        return Convention((), (Mechanism.SIP,), room=rooms.text)
    return Convention((), (Mechanism.SIP,), prefix=rooms.text)


def _rooms(convention: Convention | None) -> Rooms | None:
    if convention is None:
        return None
    if convention.room is not None:
        return Rooms(convention.room, True)
    return Rooms(convention.prefix or "", False)


def _derived(rooms: Rooms, sources: Sequence[Source], lines: dict[str, str]) -> Derived:
    variants: dict[Agents, list[Source]] = defaultdict(list)
    for one in sources:
        variants[agents_key(one.agents)].append(one)
    if len(variants) == 1:
        return Derived(rooms, sources[0].agents)
    unique = Unique()
    labelled: dict[str, Agents] = {}
    for agents, members in variants.items():
        label = unique(slug(members[0].key) or "line")
        labelled[label] = agents
        lines.update((one.key, label) for one in members)
    return Derived(rooms, None, labelled)
