"""What callers meet while the writes are made one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from reconciler.sip.ordering.destinations import Destination
from reconciler.sip.ordering.steps import Silence
from reconciler.sip.ordering.world import OTHER, World

Move: TypeAlias = tuple[int, int]
"""An object, and the moment that a write makes of it."""


def price(
    destinations: Iterable[Destination], first: Sequence[int], moves: Sequence[Move]
) -> tuple[int, int]:
    """How many calls hear nothing and how many strangers are let in, in all moments together, the last one excepted."""
    state = list(first)
    now = dict.fromkeys(destinations, (0, 0))
    silent = strangers = 0
    for place, moment in moves[:-1]:
        state[place] = moment
        for one in now:
            if place in one.moving:
                now[one] = one.cost(state)
        silent += sum(cost[0] for cost in now.values())
        strangers += sum(cost[1] for cost in now.values())
    return silent, strangers


def silences(world: World, moves: Sequence[Move]) -> tuple[Silence, ...]:
    """The calls that hear nothing while the writes are made in this order, together where they hear it together."""
    runs: dict[tuple[int, int, tuple[str, ...], bool], list[str]] = defaultdict(list)
    state = list(world.first)
    open_runs: dict[int, dict[int, int]] = {}
    for step, (place, moment) in enumerate(moves):
        state[place] = moment
        for one in world.by_object.get(place, ()):
            if not one.has_something_to_lose:
                continue
            for since, calls in _ended(open_runs.setdefault(id(one), {}), one.silent(state), step):
                key = (since, step, one.callers(calls), one.need_pin(calls))
                runs[key].extend(one.numbers)
    return tuple(
        sorted(
            Silence(since, until, tuple(sorted(map(_told, numbers))), callers, needs_pin)
            for (since, until, callers, needs_pin), numbers in runs.items()
        )
    )


def _ended(begun: dict[int, int], silent: int, step: int) -> Iterator[tuple[int, int]]:
    """The silences of a destination that end at a step, each with the step that it began at; `begun` goes on."""
    for since, calls in list(begun.items()):
        ended = calls & ~silent
        silent &= ~calls
        if ended:
            yield since, ended
            begun[since] = calls & ~ended
            if not begun[since]:
                del begun[since]
    if silent:
        begun[step] = silent


def _told(number: str) -> str:
    return "" if number == OTHER else number
