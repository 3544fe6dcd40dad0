"""Conventions: which rooms get which agents, and who brings them.

An exact room beats a prefix, and the longest prefix wins; the order in the file means nothing. A convention with
`lines` has an agent list for each label: several sources of rooms share one prefix and still get their own agents.
"""

from __future__ import annotations

import enum
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.core.finding import NOWHERE, Mark
from reconciler.core.objects import NoOrigin, Origin
from reconciler.core.values import AgentDispatch, AgentList


class Mechanism(enum.StrEnum):
    """Who brings the agent into the room."""

    SIP = "sip"  # the agents of the rule that made the room
    TOKEN = "token"  # noqa: S105  # RoomConfiguration in the token of whoever creates the room
    APP = "app"  # the application, by CreateDispatch or CreateRoom(agents=…)
    CONTROLLER = "controller"  # the reconciler
    AUTOMATIC = "automatic"  # an unnamed worker joins every new room by itself


class WhenAgentLeaves(enum.StrEnum):
    """What the controller does when the agent is gone and somebody waits."""

    IGNORE = "ignore"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class AgentName:
    """An agent of the project: the key in the file and the name that its worker registers, "" for an unnamed one."""

    key: str
    agent_name: str
    deployment: str = ""
    mark: Mark = NOWHERE

    @property
    def label(self) -> str:
        """The name as output shows it."""
        return self.agent_name or "(unnamed)"


@dataclass(frozen=True, slots=True)
class Convention:
    """Rooms named `room`, or whose name starts with `prefix`; just one of the two is set.

    `agents` are those of rooms without a line, None where the convention has agents for lines only. `join_timeout`
    is in nanoseconds.
    """

    agents: tuple[AgentDispatch, ...] | None
    dispatch: tuple[Mechanism, ...]
    prefix: str | None = None
    room: str | None = None
    lines: Mapping[str, tuple[AgentDispatch, ...]] = field(default_factory=dict)
    required_metadata: tuple[str, ...] = ()
    join_timeout: int = 10_000_000_000
    when_agent_leaves: WhenAgentLeaves = WhenAgentLeaves.IGNORE
    origin: Origin = field(default_factory=NoOrigin, compare=False, repr=False)

    @property
    def label(self) -> str:
        """`call-*` for a prefix, the name itself for an exact room."""
        return f"{self.prefix}*" if self.room is None else self.room

    def agents_of(self, line: str | None) -> AgentList | None:
        """The agents of a line, or of rooms without one; None where the convention does not say."""
        agents = self.agents if line is None else self.lines.get(line)
        return None if agents is None else AgentList(agents)


class Conventions:
    """All conventions of a project, indexed: a look-up costs one dictionary access for each length of prefix."""

    def __init__(self, conventions: Iterable[Convention]) -> None:
        self.all = tuple(conventions)
        self._rooms = {c.room: c for c in self.all if c.room is not None}
        self._prefixes = {c.prefix: c for c in self.all if c.prefix is not None}
        self._sorted_prefixes = sorted(self._prefixes)
        self._sorted_rooms = sorted(self._rooms)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def of_room(self, name: str) -> Convention | None:
        """The convention of a room by its full name."""
        return self._rooms.get(name) or self.of_prefix(name)

    def of_prefix(self, head: str) -> Convention | None:
        """The convention of all names that start with `head` and that no longer prefix or exact room takes away."""
        for length in self._lengths:
            if length <= len(head) and (found := self._prefixes.get(head[:length])):
                return found
        return None

    def below(self, head: str) -> Iterator[Convention]:
        """The conventions whose prefix or room starts with `head` and goes on: they take some of its names away."""
        for texts, found in (
            (self._sorted_prefixes, self._prefixes),
            (self._sorted_rooms, self._rooms),
        ):
            index = bisect_left(texts, head)
            while index < len(texts) and texts[index].startswith(head):
                if len(texts[index]) > len(head):
                    yield found[texts[index]]
                index += 1


@dataclass(frozen=True, slots=True)
class AgentPlane:
    """The `agents` section of a file."""

    names: Mapping[str, AgentName]
    conventions: Conventions
