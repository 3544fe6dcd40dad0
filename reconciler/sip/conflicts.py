"""Conflicts between inbound trunks and between dispatch rules (SIP-SEMANTICS 5-11).

LiveKit gives every trunk and every rule a set of slots and refuses two objects that share one. Here an object is
turned into its slots (`trunk_slots`, `rule_slots`), and any number of objects is checked in one pass over all their
slots (`find_conflicts`, `first_conflict`). An object that conflicts with itself yields a slot twice; nothing else
distinguishes that case, so the checks need no exception for it.

"Any" is the empty text in every slot, just as LiveKit writes it: it is a value of its own and not a wildcard
(SIP-SEMANTICS 6, 10). What happens to a call when two objects conflict is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, NamedTuple, TypeVar

from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize

Owner = TypeVar("Owner")
Slot = TypeVar("Slot")


class TrunkSlot(NamedTuple):
    """One pair an inbound trunk occupies: a called number and a caller, "" for any."""

    number: str
    caller: str


class RuleSlot(NamedTuple):
    """One combination a dispatch rule occupies: "" is an open PIN, any trunk, any caller, any called number."""

    pin: str
    trunk: str
    caller: str
    called: str


@dataclass(frozen=True, slots=True)
class Conflict(Generic[Owner, Slot]):
    """Two objects in one slot; `first` and `second` are the same for an object that conflicts with itself."""

    slot: Slot
    first: Owner
    second: Owner


_ANY = ("",)


def trunk_slots(
    numbers: Sequence[str],
    allowed_numbers: Sequence[str],
    era: Era,
    normal_form: Callable[[str], str] = normalize,
) -> Iterator[TrunkSlot]:
    """The slots of an inbound trunk (SIP-SEMANTICS 5); addresses, credentials and names play no part (7).

    Old servers compare the called number literally and let a trunk that repeats itself conflict with itself; new ones
    normalize it and skip repeats (SIP-SEMANTICS 8). `normal_form` is for servers so old that their normal form differs.
    """
    callers = [normal_form(caller) for caller in allowed_numbers or _ANY]
    called = list(numbers or _ANY)
    if era is Era.NEW:
        called = list(dict.fromkeys(map(normal_form, called)))
        callers = list(dict.fromkeys(callers))
    return map(TrunkSlot._make, product(called, callers))


def rule_slots(
    pin: str,
    trunk_ids: Sequence[str],
    inbound_numbers: Sequence[str],
    numbers: Sequence[str],
    normal_form: Callable[[str], str] = normalize,
) -> Iterator[RuleSlot]:
    """The slots of a dispatch rule (SIP-SEMANTICS 9), the same for every server.

    Repeats stay: a rule that repeats a trunk, or a number in two spellings, conflicts with itself (SIP-SEMANTICS 11).
    A rule without a kind has no PIN and no slots; LiveKit refuses it before conflicts are looked at (12).
    """
    callers = [normal_form(number) for number in inbound_numbers or _ANY]
    called = [normal_form(number) for number in numbers or _ANY]
    return map(RuleSlot._make, product((pin,), trunk_ids or _ANY, callers, called))


def iter_conflicts(
    occupants: Iterable[tuple[Owner, Iterable[Slot]]],
) -> Iterator[Conflict[Owner, Slot]]:
    """Every slot taken again, in the order of the input, against the one that took it first."""
    taken: dict[Slot, Owner] = {}
    for owner, slots in occupants:
        for slot in slots:
            if slot in taken:
                yield Conflict(slot, taken[slot], owner)
            else:
                taken[slot] = owner


def find_conflicts(
    occupants: Iterable[tuple[Owner, Iterable[Slot]]],
) -> list[Conflict[Owner, Slot]]:
    """All conflicts among the objects, linear in the number of slots."""
    return list(iter_conflicts(occupants))


def first_conflict(
    occupants: Iterable[tuple[Owner, Iterable[Slot]]],
) -> Conflict[Owner, Slot] | None:
    """The conflict LiveKit would report for objects in this order, or None."""
    return next(iter_conflicts(occupants), None)
