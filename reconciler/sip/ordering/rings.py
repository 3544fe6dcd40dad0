"""Rings of handovers: each member waits for another to let go, so one of them has to be written in two steps.

It lets go by a call that only takes entries off its lists; where its list would be empty, which means "everybody", it
is deleted, and created again when the others are done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.core.objects import Fields
from reconciler.core.plan import Action
from reconciler.core.values import TextList, Value, text_set
from reconciler.sip.conflicts import RuleSlot, TrunkSlot
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.numbers import normalize
from reconciler.sip.occupancy import Slot, slots_of
from reconciler.sip.ordering.operation import Operation, Stage, handovers, held_slots
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK


def split_rings(
    operations: Sequence[Operation], era: Era, burden: Callable[[Operation], tuple[int, ...]]
) -> dict[int, tuple[Operation, Operation]]:
    """The operations, by their index, that are split so that no ring of handovers is left.

    `burden` tells how much hangs on the id of an object: the one with the least is created anew, where one has to be.
    """
    slots = [held_slots(one, era) for one in operations]
    edges: dict[int, set[int]] = defaultdict(set)
    contested: dict[int, set[Slot]] = defaultdict(set)
    for holder, taker, slot in handovers(slots):
        edges[holder].add(taker)
        contested[holder].add(slot)
    splits: dict[int, tuple[Operation, Operation]] = {}
    for ring in _rings(edges, splits):
        # A member that can let go by a shorter list keeps its id and its other numbers.
        shrinkable = [
            (index, shorter)
            for index in ring
            if (shorter := _shrink(operations[index], contested[index], era))
        ]
        if shrinkable:
            index, shorter = min(shrinkable, key=lambda found: found[0])
            splits[index] = _release_then_write(operations[index], shorter)
        else:
            index = min(ring, key=lambda one: (burden(operations[one]), -one))
            splits[index] = _delete_then_create(operations[index])
    return splits


def _rings(edges: Mapping[int, set[int]], split: Container[int]) -> Iterator[list[int]]:
    """Rings of the graph, one after another; whoever takes one adds a member of it to `split` before the next.

    What was found to lead into no ring stays so when members of others are split, and is never looked at again: the
    search is linear but for the rings that share members.
    """
    harmless: set[int] = set()
    for root in sorted(edges):
        while ring := _ring_from(root, edges, split, harmless):
            yield ring


def _ring_from(
    root: int, edges: Mapping[int, set[int]], split: Container[int], harmless: set[int]
) -> list[int]:
    """A ring that can be reached from `root`, or nothing; nodes that lead into none are added to `harmless`."""
    if root in split or root in harmless:
        return []
    path, places = [root], {root: 0}
    stack = [iter(sorted(edges[root]))]
    while stack:
        child = next((c for c in stack[-1] if c not in split and c not in harmless), None)
        if child is None:
            stack.pop()
            node = path.pop()
            del places[node]
            harmless.add(node)
        elif child in places:
            return path[places[child] :]
        else:
            places[child] = len(path)
            path.append(child)
            stack.append(iter(sorted(edges.get(child, ()))))
    return []


def _shrink(one: Operation, contested: set[Slot], era: Era) -> dict[str, Value] | None:
    """The object as it is, with entries taken from one list so that it holds no contested slot any more."""
    if one.before is None or one.after is None:
        return None
    parts: dict[str, set[str]] = {}
    if one.kind == INBOUND_TRUNK.name:
        parts["numbers"] = {slot.number for slot in contested if isinstance(slot, TrunkSlot)}
        parts["callers"] = {slot.caller for slot in contested if isinstance(slot, TrunkSlot)}
    elif one.kind == DISPATCH_RULE.name:
        parts["callers"] = {slot.caller for slot in contested if isinstance(slot, RuleSlot)}
        parts["numbers"] = {slot.called for slot in contested if isinstance(slot, RuleSlot)}
    for path, gone in parts.items():
        listed = one.before.get(path)
        if not isinstance(listed, TextList):
            continue
        keep = [text for text in listed.written if text not in gone and normalize(text) not in gone]
        if not keep or len(keep) == len(listed.written):
            continue
        value = phone_numbers(keep) if one.kind == INBOUND_TRUNK.name else text_set(keep)
        shorter: dict[str, Value] = {**one.before, path: value}
        if not contested & set(slots_of(one.kind, shorter, era)):
            return shorter
    return None


def _release_then_write(one: Operation, shorter: Fields) -> tuple[Operation, Operation]:
    first = replace(
        one,
        action=Action.UPDATE,
        after=shorter,
        reason="lets go of what another object takes over, before it gets the rest",
        stage=Stage.EARLIER,
    )
    return first, replace(one, before=shorter, stage=Stage.LAST)


def _delete_then_create(one: Operation) -> tuple[Operation, Operation]:
    why = "nothing would be left of its list while another object takes over: deleted, and created again with a new id"
    return (
        replace(one, action=Action.DELETE, after=None, reason=why, stage=Stage.EARLIER),
        replace(one, action=Action.CREATE, before=None, id=None, reason=why, stage=Stage.LAST),
    )
