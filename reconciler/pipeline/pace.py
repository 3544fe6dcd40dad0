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

NOTICEABLE = 10.0
"""Seconds that nobody has to be told of."""


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


def pace_of_applies(request: Request, planned: Iterable[Prepared]) -> list[Pace]:
    """The hosts at which an apply has to wait noticeably."""
    requests: dict[str, int] = {}
    for one in planned:
        if one.plan.calls:
            requests[one.plan.host] = requests.get(one.plan.host, 0) + requests_of(one.plan)
    return _noticeable(request, requests)


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
