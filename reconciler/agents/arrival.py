"""What has to happen so that the agents of a convention join a room, and what would keep them away.

The words are about LiveKit as it behaves, not about one room: what lives now is not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.core.values import AgentDispatch

UNNAMED = "(unnamed)"


@dataclass(frozen=True, slots=True)
class Arrival:
    """The agents of a room by their names, who brings them, what that needs, and what stands in its way."""

    agents: tuple[str, ...]
    needed: tuple[str, ...]
    obstacles: tuple[str, ...]

    def hindered_by(self, obstacles: Iterable[str]) -> Arrival:
        """The same with more in the way, told first."""
        return replace(self, obstacles=(*obstacles, *self.obstacles))


def arrival(convention: Convention, *lines: str | None) -> Arrival:
    """How the agents of a room under this convention arrive.

    `lines` are those of the rules that can make it, None for one without a label; nothing at all is the same as None.
    """
    ways = _by_line(convention, lines or (None,))
    agents = _together(ways.values())
    names = _names(agents)
    silent = tuple(_silent_lines(convention, ways))
    if not agents:
        return Arrival(names, (), (*silent, *_uninvited(agents, convention)))
    needed = tuple(_needed(agents, ways, convention))
    return Arrival(names, needed, (*silent, *_obstacles(agents, convention)))


def arrival_by_rules(brought: Sequence[Sequence[AgentDispatch]]) -> Arrival:
    """How agents join a room that no convention covers: as the rules that can make it bring them, each its own."""
    agents = _together(brought)
    if not agents:
        return Arrival((), (), tuple(_uncovered()))
    told = [
        f"a call lands in it by a dispatch rule that brings {names}"
        for names in dict.fromkeys(_shown(entries) for entries in brought if entries)
    ]
    needed = (*_one_of(told), *_workers(agents))
    uncovered = "no convention covers this room: `reconcile apply` leaves the agents of its rules as they are"
    obstacles = (uncovered, *_IN_THE_WAY[Mechanism.SIP], *_missed(agents))
    return Arrival(_names(agents), needed, obstacles)


_Ways: TypeAlias = Mapping[str | None, tuple[AgentDispatch, ...]]


def _by_line(convention: Convention, lines: Sequence[str | None]) -> _Ways:
    """The agents for each line. Only those that a rule brings are told apart by it."""
    if Mechanism.SIP not in convention.dispatch and convention.agents is not None:
        return {None: convention.agents}
    found = ((line, convention.agents_of(line)) for line in dict.fromkeys(lines))
    return {line: agents.entries if agents is not None else () for line, agents in found}


def _silent_lines(convention: Convention, ways: _Ways) -> Iterator[str]:
    for line in ways:
        if line is not None and convention.agents_of(line) is None:
            yield f"the convention names no agents for the line {line}: those of its rules stay as they are"


def _uncovered() -> Iterator[str]:
    yield "no convention covers this room: nobody is told to bring an agent"
    yield (
        "an unnamed worker joins every new room that names no agents, this one included, if one is registered"
    )


def _needed(
    agents: tuple[AgentDispatch, ...], ways: _Ways, convention: Convention
) -> Iterator[str]:
    told: list[str] = []
    for mechanism in convention.dispatch:
        if mechanism is Mechanism.SIP:
            told += (_by_rule(line, entries) for line, entries in ways.items() if entries)
        else:
            told.append(_WAYS[mechanism].format(agents=_shown(agents)))
    yield from _one_of(told)
    yield from _workers(agents, is_told=convention.dispatch == (Mechanism.AUTOMATIC,))
    if convention.required_metadata:
        keys = ", ".join(convention.required_metadata)
        yield f"the metadata of the agents has the keys {keys}"


def _by_rule(line: str | None, agents: Sequence[AgentDispatch]) -> str:
    rule = "a dispatch rule" if line is None else f"a dispatch rule of the line {line}"
    return f"a call lands in it by {rule} that brings {_shown(agents)}: `reconcile apply` sees to the rule"


def _one_of(ways: Sequence[str]) -> Iterator[str]:
    if len(ways) > 1:
        yield "one of these, and no more than one:"
    yield from ways


def _workers(agents: Iterable[AgentDispatch], *, is_told: bool = False) -> Iterator[str]:
    for name in dict.fromkeys(agent.agent_name for agent in agents):
        if name:
            yield f"a worker is registered under just this name, letter by letter: {name}"
        elif not is_told:
            yield "a worker without a name is registered at that moment"


_WAYS = {
    Mechanism.TOKEN: "the participant whose join creates the room has {agents} in the RoomConfiguration of the token",
    Mechanism.APP: "the application creates the room by CreateRoom with {agents}, or calls CreateDispatch once each",
    Mechanism.CONTROLLER: (
        "`reconcile serve` dispatches {agents}, or an apply that includes live rooms; the application must not"
    ),
    Mechanism.AUTOMATIC: "a worker without a name is registered when the room is created: it joins by itself",
}


def _obstacles(agents: tuple[AgentDispatch, ...], convention: Convention) -> Iterator[str]:
    for mechanism in convention.dispatch:
        yield from _IN_THE_WAY[mechanism]
    if convention.dispatch != (Mechanism.AUTOMATIC,):
        yield from _missed(agents)
    yield from _uninvited(agents, convention)


def _missed(agents: Iterable[AgentDispatch]) -> Iterator[str]:
    """What happens where a worker, or a dispatch, is not there in time."""
    names = {agent.agent_name for agent in agents}
    yield "a worker without a registration at that moment: the job is dropped, and never tried again"
    if names - {""}:
        yield "a named worker does not come by itself: without a dispatch it is never called"
    if "" in names:
        yield "a room that is created with only other agents named: no unnamed worker is called"


_IN_THE_WAY = {
    Mechanism.SIP: (
        "a room that exists already: the agents of the rule are ignored (a direct rule, a second caller)",
    ),
    Mechanism.TOKEN: (
        "a room that exists already: the RoomConfiguration of a token counts only if the join creates the room, "
        "not after CreateRoom and not for a second participant",
    ),
    Mechanism.APP: (
        "a second CreateDispatch: nothing is deduplicated, the same agent comes twice",
        "CreateRoom for a room that exists already: its agents are ignored",
    ),
    Mechanism.CONTROLLER: ("an application that dispatches as well: the same agent comes twice",),
    Mechanism.AUTOMATIC: (
        "a room that is created with agents named (by a token, a rule or CreateRoom): no unnamed worker is called",
    ),
}


def _uninvited(agents: tuple[AgentDispatch, ...], convention: Convention) -> Iterator[str]:
    """An unnamed worker comes where nobody wants it, and stays away where it is wanted."""
    wants_unnamed = any(not agent.agent_name for agent in agents)
    if wants_unnamed or Mechanism.AUTOMATIC in convention.dispatch:
        return
    if set(convention.dispatch) <= {Mechanism.SIP, Mechanism.TOKEN} and agents:
        return  # the room is made with agents named, which keeps the unnamed ones away
    yield "an unnamed worker, if one is registered, joins a new room that names no agents: it comes uninvited"


def _together(lists: Iterable[Sequence[AgentDispatch]]) -> tuple[AgentDispatch, ...]:
    """The agents of several lists; who stands in more than one comes by one of them."""
    found: list[AgentDispatch] = []
    for entries in lists:
        found += [agent for agent in entries if agent not in found]
    return tuple(found)


def _names(agents: Iterable[AgentDispatch]) -> tuple[str, ...]:
    return tuple(agent.agent_name or UNNAMED for agent in agents)


def _shown(agents: Iterable[AgentDispatch]) -> str:
    return ", ".join(_names(agents))
