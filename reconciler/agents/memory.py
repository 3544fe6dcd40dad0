"""What is remembered about a room session between two looks at it, and what an event adds to it.

LiveKit shows neither that an agent was there and left, nor how often a dispatch was tried. It is stored as JSON, by
whoever holds the room's lease (`journal/`, or Redis), so that any process goes on where another one stopped.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import msgspec

from reconciler.agents.live import LiveRoom

# An agent that stayed this long did its work: whoever is brought in its place has all tries.
PROVEN_AFTER = 60.0


class AgentMemory(msgspec.Struct, omit_defaults=True):
    """One agent of a room. Times are seconds since the epoch, 0 for never.

    `tries` counts dispatches made here, `first_at` is when it was first asked for, by anybody.
    """

    tries: int = 0
    tried_at: float = 0.0
    first_at: float = 0.0
    taken_at: float = 0.0
    joined_at: float = 0.0
    left_at: float = 0.0
    gave_up: bool = False

    @property
    def is_gone(self) -> bool:
        """It was in the room and left."""
        return self.left_at > 0.0 and self.left_at >= self.joined_at


class Memory(msgspec.Struct, omit_defaults=True):
    """A room session. `waited` says whether anybody ever waited for an agent in it."""

    room: str = ""
    started_at: float = 0.0
    waited: bool = False
    finished: bool = False
    agents: dict[str, AgentMemory] = msgspec.field(default_factory=dict)

    def of(self, agent_name: str) -> AgentMemory:
        """What is remembered of one agent."""
        return self.agents.setdefault(agent_name, AgentMemory())


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Memory)


def dump(memory: Memory) -> bytes:
    """The memory as it is stored."""
    return _ENCODER.encode(memory)


def restore(stored: bytes) -> Memory:
    """A stored memory; an empty or unreadable one is a new one, because LiveKit's lists tell what counts."""
    if not stored:
        return Memory()
    try:
        return _DECODER.decode(stored)
    except msgspec.MsgspecError:
        return Memory()


class What(enum.StrEnum):
    """Something that became of an agent."""

    JOB_TAKEN = "job taken"
    JOINED = "joined"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something new about an agent. `milliseconds` is the time since it was asked for, where that is known."""

    what: What
    agent_name: str
    at: float
    milliseconds: float | None = None


def joined(memory: Memory, agent_name: str, at: float) -> list[Fact]:
    """An agent is in the room."""
    known = memory.of(agent_name)
    if known.joined_at and not known.is_gone:
        return []
    since = max(known.tried_at, known.first_at) or memory.started_at
    known.joined_at, known.left_at, known.gave_up = at, 0.0, False
    known.taken_at = known.taken_at or at
    return [Fact(What.JOINED, agent_name, at, _milliseconds(since, at))]


def left(memory: Memory, agent_name: str, at: float) -> list[Fact]:
    """An agent is no longer in the room."""
    known = memory.of(agent_name)
    if known.is_gone:
        return []
    since, known.left_at = known.joined_at, at
    known.joined_at = min(known.joined_at, at)
    if since and at - since >= PROVEN_AFTER:
        known.tries = 0
    return [Fact(What.LEFT, agent_name, at, _milliseconds(since, at))]


def looked(memory: Memory, room: LiveRoom, now: float) -> list[Fact]:
    """What a look at the room tells that was not known before; of events that were lost this is all that is left."""
    facts: list[Fact] = []
    memory.waited = memory.waited or room.waiting > 0
    memory.started_at = memory.started_at or room.created_at
    if not room.waiting:
        # The next who waits gets all tries again.
        for known in memory.agents.values():
            if known.gave_up:
                known.gave_up, known.tries = False, 0
    for one in room.dispatches or ():
        known = memory.of(one.agent_name)
        known.first_at = known.first_at or one.created_at
        if one.job_since is not None and one.job_since > known.taken_at:
            known.taken_at = one.job_since
            told = _milliseconds(one.created_at, one.job_since)
            facts.append(Fact(What.JOB_TAKEN, one.agent_name, one.job_since, told))
    if room.agents is None:
        return facts
    for agent in room.agents:
        if agent.agent_name is not None:
            facts += joined(memory, agent.agent_name, agent.joined_at)
    for name, known in memory.agents.items():
        if known.joined_at and not known.is_gone and not room.present(name):
            facts += left(memory, name, now)
    return facts


def _milliseconds(since: float, until: float) -> float | None:
    return round(max(until - since, 0.0) * 1000.0, 1) if since else None
