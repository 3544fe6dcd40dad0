"""Live rooms in a plan and in an apply: what lacks an agent, and the writes that bring it.

Between a plan and its apply minutes may pass. So a room is looked into again right before it is written to, and what to
do is decided anew: the plan shows, the last look decides. `write_room` is all that happens to one room, from that look
to the result; whoever has to keep others away from the room does it around this function.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.agents.conventions import Conventions
from reconciler.agents.healing import Act, Write
from reconciler.agents.live import LiveDispatch, LiveRoom, place_of
from reconciler.agents.room_plan import RoomPlan, is_planned_for, plan_room
from reconciler.errors import ApiError, ReconcileError, Unreachable
from reconciler.gateway.rooms import RoomsClient, is_no_room
from reconciler.pipeline.event_loop import for_each, run
from reconciler.pipeline.request import Request
from reconciler.pipeline.rooms import Project, client_of, is_canary, look_into_all

# After a lost answer: how long a dispatch that was made after all may take to show in the list.
SETTLED_AFTER = 3.0


class RoomOutcome(StrEnum):
    """What became of an agent that a room was to get."""

    DONE = "done"
    NOT_NEEDED = "not needed"
    FAILED = "failed"
    SKIPPED = "not tried"


@dataclass(frozen=True, slots=True)
class RoomResult:
    """One agent of one room and what became of it; `id` is that of the new dispatch."""

    room: str
    convention: str
    agent_name: str
    action: Act
    outcome: RoomOutcome
    message: str = ""
    id: str | None = None


@dataclass(frozen=True, slots=True)
class RoomPlans:
    """The rooms that lack an agent, by name, and the project that they were read from.

    `unread` are rooms whose inside the server did not tell, each with the reason.
    """

    project: Project
    rooms: tuple[RoomPlan, ...]
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def has_writes(self) -> bool:
        """Whether an apply would send anything for them."""
        return any(one.writes for one in self.rooms)

    @property
    def lacks_an_agent(self) -> bool:
        """Whether any room is without an agent that it is to have."""
        return any(one.lacks_an_agent for one in self.rooms)

    def agents_brought(self) -> Iterator[tuple[str, str]]:
        """Each agent that is to be dispatched, by its name, and the room that lacks it."""
        for one in self.rooms:
            for write in one.writes:
                yield write.agent.agent_name, one.room.name


# --- reading


def read_rooms(request: Request, project: Project) -> RoomPlans:
    """What the live rooms lack. Empty rooms count: whoever is to be there may be brought before anybody comes."""
    return run(_read(request, project))


async def _read(request: Request, project: Project) -> RoomPlans:
    conventions = project.conventions
    if not any(is_planned_for(one) for one in conventions.all):
        return RoomPlans(project, ())
    async with client_of(request, project.endpoint) as client:
        listed = [one for one in await client.rooms() if _is_ours(conventions, one)]
        inside = await look_into_all(client, listed, request)
        now = client.now()
    plans = []
    for name in sorted(inside):
        room, convention = inside[name], conventions.of_room(name)
        if room is None or convention is None or room.dispatches is None:
            continue
        plan = plan_room(convention, room, now)
        if plan is not None:
            plans.append(plan)
    return RoomPlans(project, tuple(plans), tuple(sorted(inside.problems.items())))


def _is_ours(conventions: Conventions, room: LiveRoom) -> bool:
    return not is_canary(room) and is_planned_for(conventions.of_room(room.name))


# --- writing


Progress = Callable[[RoomResult], None]


def carry_out_rooms(
    request: Request, plans: RoomPlans, progress: Progress | None, *, is_stopped: bool = False
) -> tuple[tuple[RoomResult, ...], bool]:
    """Brings the agents that rooms lack; returns what became of each, and whether somebody interrupted it.

    Rooms are written at the same time, one after another within a room. An interrupt lets calls in flight finish.
    `is_stopped`: an earlier part of the apply was interrupted, so nothing is tried.
    """
    work = _Work(request, plans, progress, is_stopped)
    if not is_stopped:
        run(work.all(), work.stop)
    results: list[RoomResult] = []
    for plan in plans.rooms:
        found = work.results.get(plan.room.name)
        results += (
            found if found is not None else _for_all(plan, RoomOutcome.SKIPPED, "interrupted")
        )
    return tuple(results), work.is_stopped


def _for_all(plan: RoomPlan, outcome: RoomOutcome, message: str) -> list[RoomResult]:
    return [_result(plan, write, outcome, message) for write in plan.writes]


def _result(
    plan: RoomPlan, write: Write, outcome: RoomOutcome, message: str = "", made: str | None = None
) -> RoomResult:
    return RoomResult(
        plan.room.name,
        place_of(plan.convention) or "",
        write.agent.agent_name,
        write.act,
        outcome,
        message,
        made,
    )


@dataclass(slots=True)
class _Work:
    """The writes of one apply; `results` has the rooms that are through, by name."""

    request: Request
    plans: RoomPlans
    progress: Progress | None
    is_stopped: bool
    results: dict[str, list[RoomResult]] = field(default_factory=dict)

    def stop(self) -> None:
        self.is_stopped = True

    async def all(self) -> None:
        ready = [plan for plan in self.plans.rooms if plan.writes]
        async with client_of(self.request, self.plans.project.endpoint) as client:

            async def one(plan: RoomPlan) -> None:
                if not self.is_stopped:
                    self.note(plan, await write_room(client, plan))

            await for_each(ready, one, self.request.concurrency)

    def note(self, plan: RoomPlan, results: list[RoomResult]) -> None:
        self.results[plan.room.name] = results
        if self.progress is not None:
            for result in results:
                self.progress(result)


async def write_room(client: RoomsClient, plan: RoomPlan) -> list[RoomResult]:
    """Looks into one room again and brings what it still lacks; raises nothing that a call can cause."""
    name = plan.room.name
    try:
        fresh = await _as_it_is(client, name)
    except ReconcileError as error:
        reason = f"it could not be looked into again: {error}"
        return _for_all(plan, RoomOutcome.FAILED, reason)
    if fresh is None:
        return _for_all(plan, RoomOutcome.NOT_NEEDED, "the room is over")
    again = plan_room(plan.convention, fresh, client.now())
    writes = again.writes if again is not None else ()
    results = [await _write(client, plan, write, fresh) for write in writes]
    covered = {write.agent.agent_name for write in writes}
    for write in plan.writes:
        if write.agent.agent_name not in covered:
            reason = "somebody dispatched it meanwhile, or it came"
            results.append(_result(plan, write, RoomOutcome.NOT_NEEDED, reason))
    return results


async def _as_it_is(client: RoomsClient, name: str) -> LiveRoom | None:
    """The room with its inside, None where it is over: a dispatch would make a room of that name."""
    for room in await client.rooms([name]):
        return await client.look_into(room)
    return None


async def _write(client: RoomsClient, plan: RoomPlan, write: Write, room: LiveRoom) -> RoomResult:
    try:
        for old in write.deletes:
            await client.undispatch(room.name, old)
        made, note = await _dispatched(client, write, room)
    except ReconcileError as error:
        if await _is_over(client, room, error):
            return _result(plan, write, RoomOutcome.NOT_NEEDED, "the room is over")
        gone = (
            "; the old dispatch is gone, and a second run makes a new one" if write.deletes else ""
        )
        return _result(plan, write, RoomOutcome.FAILED, f"{error}{gone}")
    return _result(plan, write, RoomOutcome.DONE, note, made.id)


async def _is_over(client: RoomsClient, room: LiveRoom, error: ReconcileError) -> bool:
    """Whether a write failed because the room ended under it."""
    if not (isinstance(error, ApiError) and is_no_room(error)):
        return False
    with contextlib.suppress(ReconcileError):
        return not await client.rooms([room.name])
    return False


async def _dispatched(
    client: RoomsClient, write: Write, room: LiveRoom
) -> tuple[LiveDispatch, str]:
    """The dispatch, and a word about it. It is never sent twice blindly: LiveKit would bring two agents."""
    try:
        return await client.dispatch(room.name, write.agent), ""
    except Unreachable as error:
        if not error.sent:
            raise
        found = await _after_lost_answer(client, write, room, error)
    if found is not None:
        return found, "its answer was lost, and the dispatch is there"
    return await client.dispatch(room.name, write.agent), "its first try was lost"


async def _after_lost_answer(
    client: RoomsClient, write: Write, room: LiveRoom, lost: ApiError
) -> LiveDispatch | None:
    """What the server made of a dispatch whose answer never came. Raises the first error where it does not tell."""
    await asyncio.sleep(SETTLED_AFTER)
    known = {one.id for one in room.dispatches or ()}
    listed = await client.dispatches(room.name)
    if listed is None:
        raise lost
    new = (one for one in listed if one.id not in known)
    return next((one for one in new if one.agent_name == write.agent.agent_name), None)
