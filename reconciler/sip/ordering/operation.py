"""A write that is wanted, and what it lets go of and takes over."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.core.objects import Fields
from reconciler.core.plan import Action
from reconciler.sip.era import Era
from reconciler.sip.occupancy import PENDING, Slot, slots_of

Held: TypeAlias = tuple[frozenset[Slot], frozenset[Slot]]
"""The slots of an object before and after a write."""


class Stage(enum.Enum):
    """Whether a write is all that is wanted of an object, one on the way there, or the last one of several."""

    WHOLE = "whole"
    EARLIER = "earlier"
    LAST = "last"


class Tie(enum.IntEnum):
    """How bad it is to delete an object and create it again: nothing hangs on its id, or what only the server has of it
    could be lost, or something needs the id and does not follow."""

    NONE = 0
    PRECIOUS = 1
    NEEDED = 2


@dataclass(frozen=True, slots=True)
class Operation:
    """One write that is wanted: the object before and after it, None where it is absent.

    `takes_over` is the name of the object that turns into this one, where it is made out of another.
    """

    kind: str
    name: str
    id: str | None
    action: Action
    before: Fields | None
    after: Fields | None
    reason: str = ""
    stage: Stage = Stage.WHOLE
    takes_over: str | None = None

    @property
    def key(self) -> str:
        """The id of the object, or what stands for the one that it will get."""
        return self.id if self.id is not None else f"{PENDING}{self.name}"


def held_slots(one: Operation, era: Era) -> Held:
    """The slots of an operation's object before and after it."""
    before = (
        frozenset(slots_of(one.kind, one.before, era)) if one.before is not None else frozenset()
    )
    after = frozenset(slots_of(one.kind, one.after, era)) if one.after is not None else frozenset()
    return before, after


def handovers(
    slots: Sequence[Held],
) -> Iterator[tuple[int, int, Slot]]:
    """(who lets go, who takes over, what) for every slot that changes hands."""
    holders: dict[Slot, list[int]] = defaultdict(list)
    for index, (before, after) in enumerate(slots):
        for slot in before - after:
            holders[slot].append(index)
    if not holders:
        return
    for index, (before, after) in enumerate(slots):
        for slot in after - before:
            for holder in holders.get(slot, ()):
                if holder != index:
                    yield holder, index, slot
