"""The sequence of a few writes that callers notice least.

A state says what each of a few objects is, a move is one write. What a sequence costs is, in this order, the calls that
hear nothing in all its moments together, the writes, and the strangers that are let in. Of sequences that cost the same
the one is taken whose writes come first by the rank of their objects, so that the same project always gets the same
plan.

The search is A*, which finds the best sequence there is. Where it would take too long, a beam search follows, which
goes on with a few of the best states after each write, and finds a good one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

from reconciler.sip.occupancy import PENDING, trunk_keys
from reconciler.sip.ordering.moments import Moment
from reconciler.sip.ordering.replay import Move
from reconciler.sip.ordering.world import World

State: TypeAlias = tuple[int, ...]
"""The moment of each object, by its place."""

_ANEW = 3
"""An object that is absent in between counts as so many writes: it comes back under another id."""

_LOOKS = 40_000
"""So many times the callers of one number are asked how they fare in a state, before a few good states are enough."""

_BEAM = 12
"""So many states a beam search goes on with after each write."""


@dataclass(slots=True)
class Looks:
    """How often callers may still be asked, by all searches together."""

    left: int


class Price(NamedTuple):
    """What callers notice of a sequence of writes, and how many writes there are."""

    silent: int
    writes: int
    strangers: int


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A sequence of writes, and what it costs; on the way, `state` is where it has led."""

    price: Price
    moves: tuple[Move, ...]
    state: State


def search(
    moments: Sequence[Sequence[Moment]], world: World, limit: Price | None, looks: Looks
) -> Found | None:
    """The best sequence that leads every object from its first moment to its last one, or None.

    Nothing is found that costs as much as the `limit`, and nothing more once all `looks` are spent.
    """
    return _Search(moments, world, limit, looks).best()


class _Search:
    """The states and the moves of a few objects, and what was found out about them."""

    def __init__(
        self, moments: Sequence[Sequence[Moment]], world: World, limit: Price | None, looks: Looks
    ) -> None:
        self._moments = moments
        self._space = _Space(moments)
        self._world = world
        self._limit = limit
        self._looks = looks
        self._enough = looks.left - _LOOKS
        # Bystanders stay what they are.
        self._start = tuple(world.first)
        self._goal = (*world.last[: len(moments)], *world.first[len(moments) :])
        self._costs: dict[State, tuple[int, int]] = {self._goal: (0, 0)}

    def best(self) -> Found | None:
        """The best of all sequences."""
        queue, done = [self._nothing_done()], set[State]()
        while queue:
            found = heapq.heappop(queue)
            if found.state == self._goal:
                return found
            if found.state in done:
                continue
            if self._looks.left <= self._enough:
                return self.good()
            done.add(found.state)
            for following in self._following(found):
                if following.state not in done:
                    heapq.heappush(queue, following)
        return None

    def good(self) -> Found | None:
        """The best of the sequences along which a few states were followed."""
        level, best = [self._nothing_done()], None
        seen: set[State] = set()
        while level and self._looks.left > 0:
            following: dict[State, Found] = {}
            for one in (one for found in level for one in self._following(found)):
                if one.state == self._goal:
                    best = one if best is None else min(best, one)
                elif one.state not in seen and (
                    one.state not in following or one < following[one.state]
                ):
                    following[one.state] = one
            level = heapq.nsmallest(_BEAM, following.values())
            seen.update(one.state for one in level)
        return best

    def _nothing_done(self) -> Found:
        left = sum(len(way) > 1 for way in self._moments)
        return Found(Price(0, left, 0), (), self._start)

    def _following(self, found: Found) -> Iterator[Found]:
        """What one more write leads to. An object that is not new yet counts for one write at least."""
        silent, writes, strangers = found.price
        for move in self._space.moves(found.state):
            place, target = move
            state = (*found.state[:place], target, *found.state[place + 1 :])
            cost = self._costs.get(state)
            if cost is None:
                cost = self._costs[state] = self._world.cost(state)
                self._looks.left -= len(self._world.destinations)
            more = self._writes_of(self._moments[place][target])
            price = Price(silent + cost[0], writes + more, strangers + cost[1])
            if self._limit is None or price < self._limit:
                yield Found(price, (*found.moves, move), state)

    def _writes_of(self, moment: Moment) -> int:
        """How many writes more it takes to be this: none for the last moment of an object, which is counted already."""
        return 0 if moment.is_new else _ANEW if moment.is_absent_between else 1


class _Space:
    """The moves that LiveKit accepts and that lead on."""

    def __init__(self, moments: Sequence[Sequence[Moment]]) -> None:
        self._moments = moments
        # What rules name a trunk by that has no id yet.
        self._names = {
            way[-1].key: place
            for place, way in enumerate(moments)
            if way[-1].key.startswith(PENDING)
        }
        self._leads = [
            [[target for target, other in enumerate(way) if one.leads_to(other)] for one in way]
            for way in moments
        ]
        self._clash = cache(self._do_clash)

    def moves(self, state: State) -> Iterable[Move]:
        """The writes that are possible now, in the order of the objects."""
        for place, moment in enumerate(state[: len(self._moments)]):
            for target in self._leads[place][moment]:
                if self._is_accepted(state, place, target):
                    yield place, target

    def _is_accepted(self, state: State, place: int, target: int) -> bool:
        """Whether no other object has a slot of this one, and all trunks that it names have got their ids."""
        wanted = self._moments[place][target]
        if wanted.fields is None:
            return True
        for other, moment in enumerate(state[: len(self._moments)]):
            if other != place and self._clash(place, target, other, moment):
                return False
        for key in trunk_keys(wanted.fields):
            at = self._names.get(key)
            if at is not None and not self._is_there(self._moments[at][state[at]], key):
                return False
        return True

    def _is_there(self, trunk: Moment, key: str) -> bool:
        return trunk.fields is not None and trunk.key == key

    def _do_clash(self, place: int, moment: int, other: int, its: int) -> bool:
        mine, theirs = self._moments[place][moment], self._moments[other][its]
        return not mine.slots.isdisjoint(theirs.slots)
