"""Live rooms as the agent plane sees them: who waits, which agents were asked for, and which are there.

Times are seconds since the epoch. What was not asked of the server is None, which is not the same as none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.core.values import AgentDispatch

UNNAMED = "(unnamed)"
CANARY_PREFIX = "reconcile-probe-"
"""What the rooms of `reconcile probe` are called: they live for seconds, and nobody waits in them."""


@dataclass(frozen=True, slots=True)
class LiveDispatch:
    """An agent asked for. `job_since` is when a worker took the job, None as long as the server shows none.

    `identities` are the participants by which the workers that took it appear in the room.
    """

    id: str
    asked: AgentDispatch
    created_at: float
    job_since: float | None = None
    identities: tuple[str, ...] = ()

    @property
    def agent_name(self) -> str:
        """The name that a worker has to be registered under, "" for any unnamed one."""
        return self.asked.agent_name


@dataclass(frozen=True, slots=True)
class LiveAgent:
    """A participant of the kind AGENT. `agent_name` is None where it does not tell which worker it belongs to.

    `is_connected` says whether its media connection is up, which comes a moment after it has joined.
    """

    identity: str
    agent_name: str | None
    joined_at: float
    is_connected: bool = True


@dataclass(frozen=True, slots=True)
class LiveRoom:
    """A room that lives. `session` is the server's id of it (RM_…): the next room of that name has another one.

    `waiting` counts the people in it: callers and users, not agents or recorders.
    """

    name: str
    session: str
    created_at: float
    waiting: int
    dispatches: tuple[LiveDispatch, ...] | None = None
    agents: tuple[LiveAgent, ...] | None = None

    def dispatched(self, agent_name: str) -> tuple[LiveDispatch, ...]:
        """The dispatches of one agent, the oldest first."""
        found = [one for one in self.dispatches or () if one.agent_name == agent_name]
        return tuple(sorted(found, key=lambda one: (one.created_at, one.id)))

    def present(self, agent_name: str) -> tuple[LiveAgent, ...]:
        """The agents of one name that are in the room."""
        return tuple(one for one in self.agents or () if one.agent_name == agent_name)


def with_inside(
    room: LiveRoom,
    waiting: int,
    dispatches: tuple[LiveDispatch, ...],
    agents: tuple[LiveAgent, ...],
) -> LiveRoom:
    """The room with what is in it. An agent that does not tell its name has that of the dispatch which it came by."""
    names = {one: made.agent_name for made in dispatches for one in made.identities}
    named = tuple(
        replace(one, agent_name=names.get(one.identity)) if one.agent_name is None else one
        for one in agents
    )
    return replace(room, waiting=waiting, dispatches=dispatches, agents=named)


def wanted_in(
    convention: Convention, room: LiveRoom, heard_of: Iterable[str] = ()
) -> tuple[AgentDispatch, ...]:
    """The agents that belong into a room, each name once.

    A convention with lines has several answers, and which one is meant does not show in a room's name: the one that
    fits best to who was asked for and who is there. `heard_of` are such agents that are not in `room`.
    """
    seen = {*heard_of, *(one.agent_name for one in room.dispatches or ())}
    seen |= {one.agent_name for one in room.agents or () if one.agent_name is not None}
    return min(_choices(convention), key=lambda agents: len(seen ^ {a.agent_name for a in agents}))


def _choices(convention: Convention) -> Iterator[tuple[AgentDispatch, ...]]:
    if convention.agents is not None:
        yield _once(convention.agents)
    if Mechanism.SIP in convention.dispatch or convention.agents is None:
        for agents in convention.lines.values():
            yield _once(agents)
    if convention.agents is None and not convention.lines:
        yield ()


def _once(agents: Iterable[AgentDispatch]) -> tuple[AgentDispatch, ...]:
    return tuple({agent.agent_name: agent for agent in reversed(tuple(agents))}.values())[::-1]


def shown(agent_names: Iterable[str | None]) -> str:
    """Agents for a sentence."""
    return ", ".join(_label(name) for name in agent_names)


def _label(agent_name: str | None) -> str:
    return "(without a name)" if agent_name is None else agent_name or UNNAMED


def place_of(convention: Convention | None) -> str | None:
    """The prefix of a convention, or its room, as documents name it."""
    if convention is None:
        return None
    return convention.prefix if convention.room is None else convention.room
