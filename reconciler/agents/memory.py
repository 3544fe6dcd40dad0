"""What is remembered about a room session between two looks at it, and what an event adds to it.

LiveKit shows neither that an agent was there and left, nor how often a dispatch was tried. It is stored as JSON, by
whoever holds the room's lease (`journal/`, or Redis), so that any process goes on where another one stopped.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import msgspec

from reconciler.agents.live import LiveRoom
from reconciler.core.values import AgentDispatch

# An agent that stayed this long did its work: whoever is brought in its place has all tries.
PROVEN_AFTER = 60.0
# Identities are kept for events that come late and in the wrong order.
_KEPT_GONE = 8


class AgentMemory(msgspec.Struct, omit_defaults=True):
    """One agent of a room. Times are seconds since the epoch, 0 for never.

    `tries` counts dispatches made here, `asked_at` is when it was asked for last, by anybody. `missed`: nobody had
    asked for it in time, and that was told. `owed` is a dispatch that was deleted here to be made again. `here` are the
    participants that it is in the room as, `gone` those that left and when.
    """

    tries: int = 0
    tried_at: float = 0.0
    asked_at: float = 0.0
    taken_at: float = 0.0
    joined_at: float = 0.0
    left_at: float = 0.0
    gave_up: bool = False
    owed: AgentDispatch | None = None
    here: list[str] = msgspec.field(default_factory=list)
    gone: dict[str, float] = msgspec.field(default_factory=dict)
    missed: bool = False

    @property
    def is_gone(self) -> bool:
        """It was in the room and left."""
        return self.joined_at > 0.0 and not self.here


class Memory(msgspec.Struct, omit_defaults=True):
    """A room session. `waited` says whether anybody ever waited in it, `dispatches` are the ids that were seen, `jobs`
    those of them whose job a worker was seen to have taken, `looked_at` is when LiveKit's lists were read last."""

    room: str = ""
    started_at: float = 0.0
    waited: bool = False
    finished: bool = False
    agents: dict[str, AgentMemory] = msgspec.field(default_factory=dict)
    dispatches: list[str] = msgspec.field(default_factory=list)
    jobs: list[str] = msgspec.field(default_factory=list)
    looked_at: float = 0.0
    quiet_until: float = 0.0
    """A dispatch was sent whose answer was lost: until then the list may not have it yet, and nothing is decided."""

    @property
    def heard_of(self) -> list[str]:
        """The agents that somebody asked for, or that came."""
        return [name for name, known in self.agents.items() if known.asked_at or known.joined_at]

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

    DISPATCHED = "dispatched"
    JOB_TAKEN = "job taken"
    JOINED = "joined"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something new about an agent.

    `subject` is the dispatch or the participant it is about. `milliseconds`: a job taken or an agent joined since it
    was asked for, an agent left since it joined.
    """

    what: What
    agent_name: str
    subject: str
    at: float
    milliseconds: float | None = None


def joined(memory: Memory, agent_name: str, identity: str, at: float) -> list[Fact]:
    """An agent is in the room. Whoever left at a later time than that was in it, and did not come again."""
    known = memory.of(agent_name)
    if identity in known.here:
        return []
    gone_at = known.gone.get(identity, 0.0)
    if gone_at > at:
        if known.joined_at:
            return []
        known.joined_at, known.left_at = at, gone_at
        return [
            Fact(What.JOINED, agent_name, identity, at),
            Fact(What.LEFT, agent_name, identity, gone_at, _milliseconds(at, gone_at)),
        ]
    known.gone.pop(identity, None)
    known.here.append(identity)
    since = max(known.tried_at, known.asked_at) or memory.started_at
    known.joined_at, known.left_at, known.gave_up, known.owed = at, 0.0, False, None
    known.taken_at = max(known.taken_at, at)
    return [Fact(What.JOINED, agent_name, identity, at, _milliseconds(since, at))]


def left(memory: Memory, agent_name: str, identity: str, at: float) -> list[Fact]:
    """An agent is no longer in the room."""
    known = memory.of(agent_name)
    if identity in known.gone and identity not in known.here:
        return []
    known.gone[identity] = at
    while len(known.gone) > _KEPT_GONE:
        del known.gone[next(iter(known.gone))]
    if identity not in known.here and not known.joined_at:
        return []  # it never got in
    if identity in known.here:
        known.here.remove(identity)
    since = known.joined_at
    known.left_at = at
    if since and at - since >= PROVEN_AFTER:
        known.tries = 0
    return [Fact(What.LEFT, agent_name, identity, at, _milliseconds(since, at))]


def again(memory: Memory) -> None:
    """Nobody waits any more, or somebody comes: whoever was given up gets all tries again."""
    for known in memory.agents.values():
        if known.gave_up:
            known.gave_up, known.tries = False, 0


def looked(memory: Memory, room: LiveRoom, now: float) -> list[Fact]:
    """What a look at the room tells that was not known before; of events that were lost this is all that is left."""
    memory.room, memory.looked_at = room.name, now
    memory.waited = memory.waited or room.waiting > 0
    memory.started_at = memory.started_at or room.created_at
    facts = [*_dispatches(memory, room), *_presence(memory, room, now)]
    if not room.waiting:
        again(memory)
    return facts


def _dispatches(memory: Memory, room: LiveRoom) -> list[Fact]:
    facts = []
    for one in room.dispatches or ():
        known = memory.of(one.agent_name)
        if one.id not in memory.dispatches:
            memory.dispatches.append(one.id)
            known.asked_at = max(known.asked_at, one.created_at)
            # Whoever made it again was killed before saying so, or somebody else did it.
            known.owed = None
            facts.append(Fact(What.DISPATCHED, one.agent_name, one.id, one.created_at))
        if one.job_since is not None and one.id not in memory.jobs:
            memory.jobs.append(one.id)
            known.taken_at = max(known.taken_at, one.job_since)
            told = _milliseconds(one.created_at, one.job_since)
            facts.append(Fact(What.JOB_TAKEN, one.agent_name, one.id, one.job_since, told))
    return facts


def _presence(memory: Memory, room: LiveRoom, now: float) -> list[Fact]:
    if room.agents is None:
        return []
    facts = []
    for agent in room.agents:
        if agent.agent_name is not None:
            memory.of(agent.agent_name).gone.pop(agent.identity, None)
            facts += joined(memory, agent.agent_name, agent.identity, agent.joined_at)
    there = {agent.identity for agent in room.agents}
    for name, known in memory.agents.items():
        for identity in [one for one in known.here if one not in there]:
            facts += left(memory, name, identity, now)
    return facts


def _milliseconds(since: float, until: float) -> float | None:
    return round(max(until - since, 0.0) * 1000.0, 1) if since else None
