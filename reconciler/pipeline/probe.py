"""Does a worker answer to an agent's name, and how fast? Asked by rooms that live for seconds: canaries.

A canary asks for one agent by `CreateRoom`, and counts as answered when an agent of just that name is in it. It is not
made by a dispatch: that would bring the unnamed worker as well, and a worker that was started without its name, which
is the commonest fault of all, would seem to answer.

Canaries are deleted whatever happens, and the server ends them by itself where even that fails. Their name and their
metadata say what they are, so that agents can leave at once and do nothing of what they do for people.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.agents.live import CANARY_PREFIX, UNNAMED, LiveAgent, LiveRoom, place_of, shown
from reconciler.config.suggest import closest, listing
from reconciler.errors import ApiError, ReconcileError, Unauthorized, Unreachable
from reconciler.gateway.rooms import RoomsClient
from reconciler.pipeline.event_loop import for_each
from reconciler.pipeline.pace import forewarn
from reconciler.pipeline.request import Request
from reconciler.pipeline.rooms import Project, client_of

CANARY_METADATA = '{"reconcile":"probe"}'
# A room made, looked into and deleted.
LEAST_REQUESTS = 3
# A few at a time: canaries that crowd each other out would measure themselves.
AT_A_TIME = 4
# Answers come within tenths of a second, or not at all for a long time.
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.05, 0.5, 1.4
# How long a canary lives on for an agent that has joined and whose media connection is still coming up: ending the room
# under it would make errors in the worker's log.
CONNECTING = 2.0
# How long the end of a canary may take; the server ends it later by itself.
CLEANING_UP = 5.0
# An agent whose room is deleted while it joins makes the room anew (measured): it shows within moments.
SWEEP_AFTER = 0.5
SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Canary:
    """What one canary met: `seconds` until its agent was there, None where it did not come in time."""

    seconds: float | None
    strangers: tuple[str | None, ...] = ()
    problem: str = ""


@dataclass(slots=True)
class Probed:
    """All canaries for one agent, "" for the unnamed one.

    Of one that never answered `hint` is the likeliest cause; `answers_later`: asked once more for it, it did.
    """

    agent_name: str
    canaries: list[Canary] = field(default_factory=list)
    answers_later: bool = False
    hint: str = ""

    @property
    def seconds(self) -> list[float]:
        """How long the answers took, the quickest first."""
        return sorted(one.seconds for one in self.canaries if one.seconds is not None)

    @property
    def is_ok(self) -> bool:
        """Whether every canary was answered."""
        return all(one.seconds is not None for one in self.canaries)

    @property
    def strangers(self) -> list[str]:
        """Agents of other names that came as well."""
        found = {name for one in self.canaries for name in one.strangers}
        return sorted("(without a name)" if name is None else name or UNNAMED for name in found)

    @property
    def problem(self) -> str:
        """Why it could not be asked; empty where it could."""
        return next((one.problem for one in self.canaries if one.problem), "")


@dataclass(frozen=True, slots=True)
class Probe:
    """What is asked: agents by their names, seconds that each has, how often.

    `knows_unnamed`: the project has a worker without a name, whose answer is nothing to wonder about.
    """

    agent_names: tuple[str, ...]
    timeout: float
    count: int = 1
    knows_unnamed: bool = False


Progress = Callable[[str, Canary], object]


def names_asked(project: Project, wanted: Sequence[str]) -> tuple[str, ...]:
    """Agent names for what somebody wrote: a name or a key of the file, `(unnamed)`; all of the file for nothing.

    A name that the file does not know is asked for as it is.
    """
    plane = project.configuration.agents
    known = plane.names if plane is not None else {}
    if not wanted:
        return tuple(dict.fromkeys(one.agent_name for one in known.values()))
    names = {one.agent_name for one in known.values()}
    found = []
    for text in wanted:
        if text in names or text not in known:
            found.append("" if text == UNNAMED else text)
        else:
            found.append(known[text].agent_name)
    return tuple(dict.fromkeys(found))


def knows_unnamed(project: Project) -> bool:
    """Whether the file has an agent whose worker has no name."""
    plane = project.configuration.agents
    return plane is not None and any(not one.agent_name for one in plane.names.values())


def strangers(project: Project, asked: Sequence[str]) -> Iterator[str]:
    """A sentence for each name that the file does not have: most often it is misspelt, and not its worker away."""
    plane = project.configuration.agents
    known = plane.names.values() if plane is not None else ()
    names = [*(one.agent_name for one in known), *(one.key for one in known)]
    for name in asked:
        if name and name not in names:
            hint = closest(name, names) or listing(names)
            yield f'the file has no agent "{name}"' + (f": {hint}" if hint else "")


def overlap(project: Project) -> str | None:
    """What a convention that covers canaries means; None where there is none."""
    convention = project.conventions.of_prefix(CANARY_PREFIX)
    if convention is None:
        return None
    return (
        f'the convention "{place_of(convention)}" covers the rooms of a probe ({CANARY_PREFIX}…), too: '
        "whoever brings its agents may bring them there"
    )


async def probe(
    client: RoomsClient, asked: Probe, progress: Progress | None = None
) -> list[Probed]:
    """Sends canaries for all names. Raises `ApiError` where the server is out of reach or refuses the key."""
    found = {name: Probed(name) for name in asked.agent_names}
    cage = _Cage(client, asked.timeout)

    async def one(name: str) -> None:
        canary = await cage.send(name)
        found[name].canaries.append(canary)
        if progress is not None:
            progress(name, canary)

    try:
        # In turns, so that a slow moment of the server does not hit one name alone.
        await for_each(list(asked.agent_names) * asked.count, one, AT_A_TIME)
        silent = [one for one in found.values() if not one.seconds and not one.problem]
        if silent:
            await _look_for_causes(cage, asked, silent)
    finally:
        await cage.sweep()
    return list(found.values())


async def _look_for_causes(cage: _Cage, asked: Probe, silent: Sequence[Probed]) -> None:
    """Asks the silent ones once more, and the unnamed worker beside them."""
    again: dict[str, Canary] = {}

    async def one(name: str) -> None:
        again[name] = await cage.send(name)

    await for_each({"", *(one.agent_name for one in silent)}, one, AT_A_TIME)
    unnamed = again[""]
    for probed in silent:
        probed.answers_later = again[probed.agent_name].seconds is not None
        if probed.answers_later:
            probed.hint = (
                "asked once more, it answered: jobs get lost now and then; how many, tells --count"
            )
        elif probed.agent_name:
            probed.hint = _cause(unnamed, is_expected=asked.knows_unnamed)


def _cause(unnamed: Canary, *, is_expected: bool) -> str:
    """The commonest cause of silence: a worker that was started without its name answers to every new room instead."""
    if unnamed.seconds is not None and is_expected:
        return "the worker without a name answered: the one of the file, or this one, started without agent_name"
    if unnamed.seconds is not None:
        return "a worker without a name answered: the worker was started without agent_name"
    others = sorted(name for name in unnamed.strangers if name)
    if others:
        return f"no worker without a name answered either; {shown(others)} came uncalled"
    return "no worker without a name answered either: is the worker running, and connected to this host?"


@dataclass(slots=True)
class _Cage:
    """The canaries of one probe, each with `patience` seconds, and the rooms that they were."""

    client: RoomsClient
    patience: float
    rooms: list[str] = field(default_factory=list)

    async def send(self, agent_name: str) -> Canary:
        """Makes a room for one agent, waits until it is there, and deletes the room whatever happens.

        Raises `ApiError` where the next canary would not fare better.
        """
        name = CANARY_PREFIX + secrets.token_hex(8)
        self.rooms.append(name)
        started = time.monotonic()
        try:
            # Both end the room should this process be killed.
            ends_after = round(self.patience) + 15
            room = await self.client.create_room(
                name,
                agent_name or None,
                agent_metadata=CANARY_METADATA,
                metadata=CANARY_METADATA,
                empty_timeout=ends_after,
                departure_timeout=5,
            )
            return await _wait(self.client, room, agent_name, started, self.patience)
        except Unauthorized:
            raise
        except ApiError as error:
            if isinstance(error, Unreachable) and not error.sent:
                raise
            return Canary(None, problem=str(error))
        finally:
            await self._delete(name)

    async def sweep(self) -> None:
        """Deletes rooms that came to be anew, because an agent joined them in the moment of their end."""
        with contextlib.suppress(ReconcileError, TimeoutError):
            async with asyncio.timeout(CLEANING_UP):
                for _ in range(SWEEPS if self.rooms else 0):
                    await asyncio.sleep(SWEEP_AFTER)
                    again = await self.client.rooms(self.rooms)
                    if not again:
                        break
                    for room in again:
                        await self._delete(room.name)

    async def _delete(self, name: str) -> None:
        # A second interrupt does not get here, and a server that hangs does not keep anybody.
        with contextlib.suppress(ReconcileError, TimeoutError):
            async with asyncio.timeout(CLEANING_UP):
                await self.client.delete_room(name)


async def _wait(
    client: RoomsClient, room: LiveRoom, agent_name: str, started: float, patience: float
) -> Canary:
    pause, strangers = FIRST_PAUSE, set[str | None]()
    deadline = time.monotonic() + patience
    found: float | None = None
    while True:
        agents = await _agents_in(client, room)
        took = time.monotonic() - started
        strangers |= {one.agent_name for one in agents if one.agent_name != agent_name}
        mine = [one for one in agents if one.agent_name == agent_name]
        if mine and found is None:
            found = _since(room, min(one.joined_at for one in mine), took)
            deadline = min(deadline, time.monotonic() + CONNECTING)
        remaining = deadline - time.monotonic()
        if remaining <= 0.0 or any(one.is_connected for one in mine):
            return Canary(found, tuple(sorted(strangers, key=str)))
        await asyncio.sleep(min(pause, remaining))
        pause = min(pause * GROWTH, LONGEST_PAUSE)


async def _agents_in(client: RoomsClient, room: LiveRoom) -> tuple[LiveAgent, ...]:
    _, agents = await client.participants(room.name)
    if all(one.agent_name is not None for one in agents):
        return agents
    # Old workers do not tell their name: the dispatch by which they came does.
    inside = await client.look_into(room)
    return inside.agents or () if inside is not None else agents


def _since(room: LiveRoom, joined_at: float, measured: float) -> float:
    """Seconds from the room to its agent, by the server's own clock, which no pause of ours blurs; if plausible."""
    told = joined_at - room.created_at
    return round(told if 0.0 < told <= measured else measured, 3)


async def probe_project(
    request: Request, project: Project, asked: Probe, progress: Progress | None = None
) -> list[Probed]:
    """Sends canaries to the server of a project."""
    requests = LEAST_REQUESTS * asked.count * len(asked.agent_names)
    forewarn(request, project.endpoint.host, requests)
    async with client_of(request, project.endpoint) as client:
        return await probe(client, asked, progress)
