"""Which write has to wait for which, whatever else is wanted.

* An object that takes over a slot (a number, a trunk, a PIN) waits until the one that had it has let go. The two
  calls follow each other at once, so that the gap between them is one call wide.
* A rule waits for the trunks it names to exist. A trunk is deleted after the rules that named it have moved away.
* A live conflict is repaired before anything else is written: until then the server refuses most changes.
* The writes of one object follow each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence, Set
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeAlias

from reconciler.core.plan import Action
from reconciler.sip.era import Era
from reconciler.sip.occupancy import PENDING, slots_of, trunk_keys
from reconciler.sip.ordering.operation import Held, Operation, handovers, held_slots
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK

Write: TypeAlias = tuple[int, int]
"""A write: which object it is of, and its place among the writes of that object."""


@dataclass(slots=True)
class Waits:
    """Writes, and who waits for whom; all are indices into `operations`.

    `owners` tells for each write which object it is of. `close` are pairs of writes that follow each other at once
    where they can: the later one waits for the earlier one, and somebody may hear nothing in between. `links` are those
    that have to wait, because one takes over from the other or names it.
    """

    operations: list[Operation]
    owners: list[int]
    before: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    close: set[tuple[int, int]] = field(default_factory=set)
    links: set[tuple[int, int]] = field(default_factory=set)

    def wait(self, later: int, earlier: int, *, close: bool = False, linked: bool = False) -> None:
        """Makes one write wait for another."""
        if later == earlier:
            return
        self.before[later].add(earlier)
        if close:
            self.close.add((earlier, later))
        if linked:
            self.links.add((earlier, later))


def who_waits(
    parts: Sequence[Sequence[Operation]],
    broken: Set[tuple[str, str]],
    era: Era,
    wanted: Iterable[tuple[Write, Write]] = (),
    settled: Container[int] = (),
) -> Waits:
    """The writes of some objects, each with what it waits for.

    `broken` are (kind, id) of objects in a live conflict. `wanted` are pairs of writes that are to follow each other
    for other reasons, the later one first. Who hands over to whom is said there already for the `settled` objects.
    """
    waits = Waits(
        [one for writes in parts for one in writes],
        [owner for owner, writes in enumerate(parts) for _ in writes],
    )
    starts = [0, *accumulate(map(len, parts))]
    for later, earlier in wanted:
        waits.wait(starts[later[0]] + later[1], starts[earlier[0]] + earlier[1], close=True)
    _add_parts(waits)
    _add_handovers(waits, era, settled)
    _add_references(waits)
    _add_repairs(waits, broken, era)
    return waits


def _add_parts(waits: Waits) -> None:
    """Each write of an object waits for all its earlier ones."""
    earlier: dict[int, list[int]] = {}
    for index, owner in enumerate(waits.owners):
        for one in earlier.setdefault(owner, []):
            waits.wait(index, one)
        earlier[owner].append(index)


def _add_handovers(waits: Waits, era: Era, settled: Container[int]) -> None:
    nothing: Held = (frozenset(), frozenset())
    slots = [
        nothing if owner in settled else held_slots(one, era)
        for owner, one in zip(waits.owners, waits.operations, strict=True)
    ]
    for holder, taker, _ in handovers(slots):
        waits.wait(taker, holder, close=True, linked=True)


def _add_references(waits: Waits) -> None:
    """Rules wait for trunks to be created, and trunks wait to be deleted until rules that move away have moved.

    A rule that is deleted itself is not waited for: it does no harm without its trunk (SIP-SEMANTICS 20, 45), and the
    trunk's number may be waited for.
    """
    created: dict[str, int] = {}
    deleted: dict[str, int] = {}
    for index, one in enumerate(waits.operations):
        if one.kind != INBOUND_TRUNK.name:
            continue
        if one.action is Action.CREATE:
            created[f"{PENDING}{one.name}"] = index
        elif one.action is Action.DELETE and one.id is not None:
            deleted[one.id] = index
    if not created and not deleted:
        return
    rules = [
        (index, one) for index, one in enumerate(waits.operations) if one.kind == DISPATCH_RULE.name
    ]
    for index, one in rules:
        for key in trunk_keys(one.after) if one.after is not None else ():
            if key in created:
                waits.wait(index, created[key], linked=True)
    # What must be comes first: whether a deletion can wait for a rule depends on everything that rules wait for.
    for index, one in rules:
        moves = one.before is not None and one.after is not None
        for key in trunk_keys(one.before) if moves and one.before is not None else ():
            # A trunk whose number another one takes over cannot wait for a rule that waits for the other one.
            if key in deleted and not _reaches(waits, deleted[key], index):
                waits.wait(deleted[key], index, linked=True)


def _reaches(waits: Waits, earlier: int, later: int) -> bool:
    """Whether `later` waits for `earlier`, through others as well."""
    seen: set[int] = set()
    stack = [later]
    while stack:
        node = stack.pop()
        if node == earlier:
            return True
        if node not in seen:
            seen.add(node)
            stack.extend(waits.before.get(node, ()))
    return False


def _add_repairs(waits: Waits, broken: Set[tuple[str, str]], era: Era) -> None:
    """Everything of a kind waits until its live conflicts are repaired.

    A write repairs if it lets go of something. Another write of the same objects does not: the server refuses it as
    long as the conflict lives, even where it changes a text that has nothing to do with it.
    """
    repairs = [index for index, one in enumerate(waits.operations) if _is_repair(one, broken, era)]
    repairing = frozenset(repairs)
    for repair in repairs:
        kind = waits.operations[repair].kind
        earlier = _ancestors(waits, repair)
        for index, one in enumerate(waits.operations):
            if one.kind == kind and index not in repairing and index not in earlier:
                waits.wait(index, repair)


def _is_repair(one: Operation, broken: Set[tuple[str, str]], era: Era) -> bool:
    if one.id is None or one.before is None:
        return False
    if one.kind == DISPATCH_RULE.name and "rooms" not in one.before:
        # As long as a rule without a kind lives, LiveKit fails every creation of a rule.
        return one.after is None or "rooms" in one.after
    if (one.kind, one.id) not in broken:
        return False
    if one.after is None:
        return True
    before, after = (slots_of(one.kind, fields, era) for fields in (one.before, one.after))
    return bool(set(before) - set(after)) or len(set(before)) < len(before)


def _ancestors(waits: Waits, index: int) -> set[int]:
    """Everything that an operation waits for, through others as well."""
    seen: set[int] = set()
    stack = [index]
    while stack:
        for earlier in waits.before.get(stack.pop(), ()):
            if earlier not in seen:
                seen.add(earlier)
                stack.append(earlier)
    return seen
