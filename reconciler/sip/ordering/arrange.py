"""Batches and lanes out of who waits for whom.

The calls of a batch are sent together, those of one lane in it one after another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from reconciler.core.plan import Action
from reconciler.sip.ordering.steps import Ordered, Step
from reconciler.sip.ordering.waits import Waits

ACTION_RANK = {Action.CREATE: 0, Action.RENAME: 1, Action.UPDATE: 1, Action.DELETE: 2}


def arrange(waits: Waits) -> Ordered:
    """A topological order in rounds, deterministic, in which steps that follow each other at once are neighbours.

    Each round takes everything that waits for nothing any more, but creations before changes and changes before
    deletions: what answers more calls comes before what answers fewer. A round is one batch, which is read again before
    it is written; a step that follows another at once shares its lane.
    """
    successors: dict[int, list[int]] = defaultdict(list)
    for later, earlier in waits.before.items():
        for one in earlier:
            successors[one].append(later)
    waiting = {index: len(waits.before.get(index, ())) for index in range(len(waits.operations))}
    ready = [index for index, count in waiting.items() if not count]
    places: dict[int, tuple[int, int]] = {}
    batch = 0
    while ready:
        phase = min(_phase(waits, index) for index in ready)
        now = sorted(index for index in ready if _phase(waits, index) == phase)
        ready = [index for index in ready if _phase(waits, index) != phase]
        for lane, first in enumerate(now):
            urgent = [first]
            while urgent:
                index = urgent.pop()
                places[index] = (batch, lane)
                for later in sorted(successors[index], reverse=True):
                    waiting[later] -= 1
                    if waiting[later]:
                        continue
                    follows = (index, later) in waits.close and _only_this_lane(
                        waits, later, places, batch, lane
                    )
                    (urgent if follows else ready).append(later)
        batch += 1
    return _ordered(waits, places)


def _phase(waits: Waits, index: int) -> int:
    return ACTION_RANK[waits.operations[index].action]


def _only_this_lane(
    waits: Waits, index: int, places: Mapping[int, tuple[int, int]], batch: int, lane: int
) -> bool:
    """Whether all that a step waits for in this batch is in this lane, where it is done before."""
    return all(
        places[one] == (batch, lane) or places[one][0] < batch for one in waits.before[index]
    )


def _ordered(waits: Waits, places: Mapping[int, tuple[int, int]]) -> Ordered:
    # A ring would leave calls out of the plan without a word.
    assert len(places) == len(waits.operations), "operations wait for each other"  # noqa: S101  # a bug
    # Places were given in the order of the steps, batch by batch.
    position = {index: number for number, index in enumerate(places)}
    steps = tuple(
        Step(
            waits.operations[index],
            batch,
            lane,
            tuple(sorted(position[earlier] for earlier in waits.before.get(index, ()))),
        )
        for index, (batch, lane) in places.items()
    )
    return Ordered(steps, tuple(waits.owners[index] for index in places))
