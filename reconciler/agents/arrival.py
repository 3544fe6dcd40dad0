"""What has to happen so that the agents of a convention join a room, and what would keep them away.

The words are about LiveKit as it behaves, not about one room: what lives now is not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.core.values import AgentDispatch

UNNAMED = "(unnamed)"


@dataclass(frozen=True, slots=True)
class Arrival:
    """The agents of a room by their names, who brings them, what that needs, and what stands in its way."""

    agents: tuple[str, ...]
    needed: tuple[str, ...]
    obstacles: tuple[str, ...]


def arrival(convention: Convention | None, line: str | None = None) -> Arrival:
    """How the agents of a room under this convention arrive."""
    if convention is None:
        return Arrival((), (), tuple(_uncovered()))
    wanted = convention.agents if line is None else convention.lines.get(line)
    agents = wanted or ()
    names = tuple(agent.agent_name or UNNAMED for agent in agents)
    if not agents:
        return Arrival(names, (), tuple(_uninvited(agents, convention)))
    needed = tuple(_needed(names, convention))
    return Arrival(names, needed, tuple(_obstacles(agents, convention)))


def _uncovered() -> Iterator[str]:
    yield "no convention covers this room: nobody is told to bring an agent"
    yield (
        "an unnamed worker joins every new room that names no agents, this one included, if one is registered"
    )


def _needed(names: tuple[str, ...], convention: Convention) -> Iterator[str]:
    shown = ", ".join(names)
    ways = [_WAYS[mechanism].format(agents=shown) for mechanism in convention.dispatch]
    if len(ways) > 1:
        yield "one of these, and no more than one:"
    yield from ways
    for name in names:
        if name != UNNAMED:
            yield f"a worker is registered under just this name, letter by letter: {name}"
    if convention.required_metadata:
        keys = ", ".join(convention.required_metadata)
        yield f"the metadata of the agents has the keys {keys}"


_WAYS = {
    Mechanism.SIP: "a call lands in it by a dispatch rule that brings {agents}: `reconcile apply` sees to the rule",
    Mechanism.TOKEN: "the participant whose join creates the room has {agents} in the RoomConfiguration of the token",
    Mechanism.APP: "the application creates the room by CreateRoom with {agents}, or calls CreateDispatch once each",
    Mechanism.CONTROLLER: "`reconcile serve` runs, or `reconcile apply --rooms` is called: it dispatches {agents}, and "
    "the application must not",
    Mechanism.AUTOMATIC: "a worker without a name is registered when the room is created: it joins by itself",
}


def _obstacles(agents: tuple[AgentDispatch, ...], convention: Convention) -> Iterator[str]:
    for mechanism in convention.dispatch:
        yield from _IN_THE_WAY[mechanism]
    if Mechanism.AUTOMATIC not in convention.dispatch:
        yield "a worker without a registration at that moment: the job is dropped, and never tried again"
        yield "a named worker does not come by itself: without a dispatch it is never called"
    yield from _uninvited(agents, convention)


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
