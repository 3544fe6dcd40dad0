"""The live rooms and the verdict on each: one list of all, and a closer look where somebody waits.

A room that ends while it is looked at is left out. One whose inside the server does not tell is kept, with the reason;
of too many of them the look as a whole fails.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.agents.conventions import Convention, Conventions
from reconciler.agents.live import CANARY_PREFIX, LiveRoom
from reconciler.agents.verdict import Judgement, Verdict, is_open, judge
from reconciler.config.model import Configuration
from reconciler.core.ownership import UnlistedPolicy
from reconciler.errors import ApiError, BadAnswer, ReconcileError, Rejected, Unreachable
from reconciler.gateway.endpoint import Endpoint
from reconciler.gateway.rate import limit_of
from reconciler.gateway.rooms import RoomsClient
from reconciler.pipeline.configuration import configuration_of
from reconciler.pipeline.event_loop import for_each
from reconciler.pipeline.guards import endpoint_of, require_readable
from reconciler.pipeline.pace import LOOK_INTO, forewarn
from reconciler.pipeline.request import Request

# LiveKit's list counts people up to 5 s late (measured): of a room this young it does not tell whether somebody waits.
LIST_LAG = 6.0
# After so many rooms that could not be looked into, it is the server and not the rooms.
MOST_PROBLEMS = 10

NONE = Conventions(())


@dataclass(frozen=True, slots=True)
class Judged:
    """A room, its convention and the verdict. `problem` says why its inside is not known although it should be."""

    room: LiveRoom
    convention: Convention | None
    judgement: Judgement
    is_bad: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """All live rooms at one moment, the bad ones first. `at` is in seconds since the epoch, by the server's clock."""

    project: str
    host: str
    at: float
    rooms: tuple[Judged, ...]

    @property
    def has_bad(self) -> bool:
        """Whether somebody ought to look."""
        return any(one.is_bad for one in self.rooms)

    @property
    def problems(self) -> int:
        """How many rooms could not be looked into."""
        return sum(bool(one.problem) for one in self.rooms)

    def counts(self) -> dict[Verdict, int]:
        """How many rooms have each verdict; every verdict is in it."""
        found = Counter(one.judgement.verdict for one in self.rooms)
        return {verdict: found[verdict] for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class Project:
    """The part of a configuration that says something about rooms, and where they live."""

    configuration: Configuration
    endpoint: Endpoint

    @property
    def conventions(self) -> Conventions:
        """The conventions of the file, none where it has no `agents` section."""
        plane = self.configuration.agents
        return plane.conventions if plane is not None else NONE

    @property
    def minds_strangers(self) -> bool:
        """Whether a room that no convention covers is bad; a plane that the file omits is not managed."""
        is_ignored = self.configuration.project.unlisted is UnlistedPolicy.IGNORE
        return self.configuration.agents is not None and not is_ignored


def open_project(request: Request) -> Project:
    """The conventions and the server of the file. Raises `ReconcileError` where it cannot be used, or forbids the host.

    Passwords and PINs are not needed here, and need not be set.
    """
    configuration = configuration_of(request)
    require_readable(configuration)
    return Project(configuration, endpoint_of(configuration, request.environ))


def client_of(request: Request, endpoint: Endpoint) -> RoomsClient:
    """A client of the rooms, as the request wants it."""
    return RoomsClient(
        endpoint,
        timeout=request.timeout,
        concurrency=request.concurrency,
        limit=limit_of(endpoint.host, request.max_requests_per_minute),
    )


async def survey(
    client: RoomsClient, project: Project, request: Request, names: Sequence[str] = ()
) -> Survey:
    """Looks at all rooms, or at those of these names; one that ends in `*` is how names begin."""
    conventions = project.conventions
    heads = tuple(name[:-1] for name in names if name.endswith("*"))
    # A server finds rooms by their whole names only.
    asked = await client.rooms(() if heads else names)
    listed = [
        one
        for one in asked
        if not is_canary(one) and (not heads or one.name in names or one.name.startswith(heads))
    ]
    young = client.now() - LIST_LAG
    open_ones = (one for one in listed if _is_open(one, conventions.of_room(one.name), young))
    inside = await look_into_all(client, open_ones, request)
    now = client.now()
    judged = []
    for room in listed:
        seen = inside.get(room.name, room)
        if seen is not None:
            problem = inside.problems.get(room.name, "")
            judged.append(_judged(project, conventions.of_room(room.name), seen, now, problem))
    judged.sort(key=lambda one: (not (one.is_bad or one.problem), one.room.name))
    return Survey(
        project.configuration.project.name, project.endpoint.host, client.now(), tuple(judged)
    )


def _is_open(room: LiveRoom, convention: Convention | None, young: float) -> bool:
    return is_open(room, convention) or (convention is not None and room.created_at > young)


def is_canary(room: LiveRoom) -> bool:
    """Whether a probe made the room: it comes and goes without anybody in it."""
    return room.name.startswith(CANARY_PREFIX)


def _judged(
    project: Project, convention: Convention | None, room: LiveRoom, now: float, problem: str
) -> Judged:
    judgement = judge(room, convention, now)
    is_stranger = judgement.verdict is Verdict.NO_CONVENTION
    is_bad = judgement.verdict.is_bad and (not is_stranger or project.minds_strangers)
    if problem:
        # Nothing is known of it, which is not the same as nothing is the matter.
        judgement = replace(judgement, verdict=Verdict.WAITING, reason=problem)
    return Judged(room, convention, judgement, is_bad, problem)


class Inside(dict[str, "LiveRoom | None"]):
    """Rooms by name as they are inside, None for one that is over; and why some could not be looked into."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: dict[str, str] = {}


async def look_into_all(client: RoomsClient, rooms: Iterable[LiveRoom], request: Request) -> Inside:
    """Looks into many rooms, as many at a time as the request wants; tells before it where that takes long.

    Raises `ApiError` where the server is out of reach, refuses the key, or fails for too many of them.
    """
    found = Inside()
    listed = list(rooms)
    forewarn(request, client.endpoint.host, LOOK_INTO * len(listed))

    async def look(room: LiveRoom) -> None:
        try:
            found[room.name] = await client.look_into(room)
        except ApiError as error:
            if not _is_of_one_room(error) or len(found.problems) >= MOST_PROBLEMS:
                raise
            found.problems[room.name] = f"it could not be looked into: {error}"

    await for_each(listed, look, request.concurrency)
    await _require_over(client, found)
    return found


def _is_of_one_room(error: ApiError) -> bool:
    """Whether other rooms may fare better: another machine serves them."""
    return isinstance(error, BadAnswer | Rejected) or (
        isinstance(error, Unreachable) and error.sent
    )


async def _require_over(client: RoomsClient, found: Inside) -> None:
    """A room for which nobody answers is over only if the list has it no more: a server may just be down."""
    gone = [name for name, room in found.items() if room is None]
    if not gone:
        return
    for room in await client.rooms(gone):
        found.problems[room.name] = "it could not be looked into: no machine answers for it"
        found[room.name] = room


async def survey_once(request: Request, project: Project, names: Sequence[str]) -> Survey:
    """Looks at all rooms, or at those of these names, once."""
    async with client_of(request, project.endpoint) as client:
        return await survey(client, project, request, names)


async def watch_rooms(
    request: Request,
    project: Project,
    names: Sequence[str],
    interval: float,
    look: Callable[[Survey], None],
    fail: Callable[[ReconcileError], None],
) -> None:
    """Looks again and again, `interval` seconds after the last look, until it is cancelled.

    A server that is out of reach for a moment is told by `fail` and asked again.
    """
    async with client_of(request, project.endpoint) as client:
        while True:
            try:
                look(await survey(client, project, request, names))
                request = replace(request, tell_pace=None)  # the next look takes as long
            except Unreachable as error:
                fail(error)
            await asyncio.sleep(interval)
