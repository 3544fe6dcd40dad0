"""How long requests take where only so many a minute are allowed: told before somebody has to wait for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.core.plan import Plan
from reconciler.gateway.rate import limit_of
from reconciler.gateway.read import ALL_KINDS

if TYPE_CHECKING:
    from reconciler.pipeline.projects import ProjectRead
    from reconciler.pipeline.request import Prepared, Request
    from reconciler.pipeline.room_writes import RoomPlans

NOTICEABLE = 10.0
"""Seconds that nobody has to be told of."""
LOOK_INTO = 2
"""Requests by which a room is looked into."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Requests to one host, how many of them a minute are allowed, and the seconds that they take at least."""

    host: str
    requests: int
    per_minute: int
    seconds: float


def requests_of(plan: Plan) -> int:
    """How many requests an apply makes where nothing goes wrong: the calls, and the lists before, between and after."""
    batches = groupby(plan.calls, key=lambda call: call.batch)
    lists = sum(len({call.kind for call in calls}) for _, calls in batches)
    return len(plan.calls) + lists + len(ALL_KINDS)


def forewarn(request: Request, host: str, requests: int) -> None:
    """Tells how long so many requests to a host take at least, where somebody would wait for them."""
    if request.tell_pace is not None:
        for pace in _noticeable(request, {host: requests}):
            request.tell_pace(pace)


def pace_of_applies(request: Request, planned: Iterable[Prepared]) -> list[Pace]:
    """The hosts at which an apply has to wait noticeably; that of an empty plan reads the project once more, too."""
    requests: dict[str, int] = {}
    for one in planned:
        count = requests_of(one.plan) + (_of_rooms(one.rooms) if one.rooms is not None else 0)
        requests[one.plan.host] = requests.get(one.plan.host, 0) + count
    return _noticeable(request, requests)


def _of_rooms(rooms: RoomPlans) -> int:
    """How many requests an apply makes for live rooms: each is looked for, looked into, and then written to."""
    writes = [one.writes for one in rooms.rooms if one.writes]
    sent = sum(1 + len(write.deletes) for found in writes for write in found)
    return sent + len(writes) * (1 + LOOK_INTO)


def pace_of_reading(request: Request, projects: Iterable[ProjectRead]) -> list[Pace]:
    """The hosts at which reading many projects has to wait noticeably."""
    requests: dict[str, int] = {}
    for one in projects:
        if one.endpoint is not None and one.error is None:
            host = one.endpoint.host
            requests[host] = requests.get(host, 0) + len(ALL_KINDS)
    return _noticeable(request, requests)


def _noticeable(request: Request, requests: dict[str, int]) -> list[Pace]:
    found = []
    for host, count in requests.items():
        limit = limit_of(host, request.max_requests_per_minute)
        seconds = limit.seconds_for(count) if limit is not None else 0.0
        if limit is not None and seconds > NOTICEABLE:
            found.append(Pace(host, count, limit.per_minute, seconds))
    return found
