"""The order of calls: which write has to wait for which, so that no moment in between is a conflict.

LiveKit has no transactions. Between two calls the project lives with what has been written so far, so:

* An object that takes over a slot (a number, a trunk, a PIN) waits until the one that had it has let go. The two
  calls follow each other at once, in one lane, so that the gap between them is one call wide.
* Where such handovers form a ring (two trunks swap their numbers), one object lets go first: by a call more that
  only takes entries away from its lists, or where that would leave an empty list, which means "everybody", by being
  deleted and created again at the end.
* A rule waits for the trunks it names to exist. A trunk is deleted after the rules that named it have moved away.
* A live conflict is repaired before anything else is written: until then the server refuses most changes.

Within what this leaves free, creations come before changes and changes before deletions, so that a call which is
answered before and after is answered in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.objects import Fields
from reconciler.core.plan import Action
from reconciler.core.values import TextList, Value, text_set
from reconciler.sip.conflicts import RuleSlot, TrunkSlot
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.numbers import normalize
from reconciler.sip.occupancy import PENDING, Slot, slots_of, trunk_keys
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS

_KIND_RANK = {kind.name: rank for rank, kind in enumerate(KINDS)}
_ACTION_RANK = {Action.CREATE: 0, Action.RENAME: 1, Action.UPDATE: 1, Action.DELETE: 2}


@dataclass(frozen=True, slots=True)
class Operation:
    """One write that is wanted: the object before and after it, None where it is absent.

    `part` is 1 and 2 for the two halves of an operation that had to be split, 0 for a whole one. `takes_over` is the
    name of the object that turns into this one, where it is made out of another.
    """

    kind: str
    name: str
    id: str | None
    action: Action
    before: Fields | None
    after: Fields | None
    reason: str = ""
    part: int = 0
    takes_over: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """An operation in its place. Steps of one lane follow each other at once; `after` are places in the order."""

    operation: Operation
    batch: int
    lane: int
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """A slot that nobody has between two steps."""

    slot: Slot
    released: int
    taken: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """All steps in order, and the slots that are free for the length of a call."""

    steps: tuple[Step, ...]
    handovers: tuple[Handover, ...] = ()


@dataclass(slots=True)
class _Graph:
    """Operations and who waits for whom; indices into `operations`."""

    operations: list[Operation]
    before: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    handover: dict[tuple[int, int], Slot] = field(default_factory=dict)

    def wait(self, later: int, earlier: int) -> None:
        if later != earlier:
            self.before[later].add(earlier)


def order(operations: Sequence[Operation], broken: Iterable[tuple[str, str]], era: Era) -> Ordered:
    """The steps of some operations. `broken` are (kind, id) of live objects that are in a conflict now.

    The operations must lead to a set without conflicts; what comes in between then has none either.
    """
    todo = sorted(operations, key=_sort_key)
    slots = [_slots(one, era) for one in todo]
    split = _split_rings(todo, slots, era)
    if split:
        todo = split
        slots = [_slots(one, era) for one in todo]
    graph = _Graph(todo)
    _add_parts(graph)
    _add_handovers(graph, slots)
    _add_references(graph)
    _add_repairs(graph, set(broken), era)
    return _arrange(graph)


def _sort_key(one: Operation) -> tuple[int, int, str, str]:
    return (_ACTION_RANK[one.action], _KIND_RANK[one.kind], one.name, one.id or "")


def _slots(one: Operation, era: Era) -> tuple[frozenset[Slot], frozenset[Slot]]:
    before = (
        frozenset(slots_of(one.kind, one.before, era)) if one.before is not None else frozenset()
    )
    after = frozenset(slots_of(one.kind, one.after, era)) if one.after is not None else frozenset()
    return before, after


def _handovers(
    slots: Sequence[tuple[frozenset[Slot], frozenset[Slot]]],
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


# ---------------------------------------------------------------------------------------------------------------------
# Rings
# ---------------------------------------------------------------------------------------------------------------------


def _split_rings(
    operations: list[Operation], slots: Sequence[tuple[frozenset[Slot], frozenset[Slot]]], era: Era
) -> list[Operation]:
    """The operations with as many of them split as it takes to leave no ring of handovers; empty if there is none."""
    edges: dict[int, set[int]] = defaultdict(set)
    contested: dict[int, set[Slot]] = defaultdict(set)
    for holder, taker, slot in _handovers(slots):
        edges[holder].add(taker)
        contested[holder].add(slot)
    splits: dict[int, tuple[Operation, Operation]] = {}
    for ring in _rings(edges, splits):
        # A member that can let go by a shorter list keeps its id and its other numbers; else the last by name is split.
        shrinkable = [
            (index, shorter)
            for index in ring
            if (shorter := _shrink(operations[index], contested[index], era))
        ]
        if shrinkable:
            index, shorter = min(shrinkable)
            splits[index] = _release_then_write(operations[index], shorter)
        else:
            index = max(ring)
            splits[index] = _delete_then_create(operations[index])
    if not splits:
        return []
    result: list[Operation] = []
    for index, one in enumerate(operations):
        result.extend(splits.get(index, (one,)))
    return result


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
        part=1,
    )
    return first, replace(one, before=shorter, part=2)


def _delete_then_create(one: Operation) -> tuple[Operation, Operation]:
    why = "nothing would be left of its list while another object takes over: deleted, and created again with a new id"
    return (
        replace(one, action=Action.DELETE, after=None, reason=why, part=1),
        replace(one, action=Action.CREATE, before=None, id=None, reason=why, part=2),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Who waits for whom
# ---------------------------------------------------------------------------------------------------------------------


def _add_parts(graph: _Graph) -> None:
    """The second part of a split waits for the first."""
    first: dict[tuple[str, str], int] = {}
    for index, one in enumerate(graph.operations):
        if one.part == 1:
            first[(one.kind, one.name)] = index
    for index, one in enumerate(graph.operations):
        if one.part == 2:
            graph.wait(index, first[(one.kind, one.name)])


def _add_handovers(graph: _Graph, slots: Sequence[tuple[frozenset[Slot], frozenset[Slot]]]) -> None:
    for holder, taker, slot in _handovers(slots):
        graph.wait(taker, holder)
        graph.handover.setdefault((holder, taker), slot)


def _add_references(graph: _Graph) -> None:
    """Rules wait for trunks to be created, and trunks wait to be deleted until no rule that changes names them."""
    created: dict[str, int] = {}
    deleted: dict[str, int] = {}
    for index, one in enumerate(graph.operations):
        if one.kind != INBOUND_TRUNK.name:
            continue
        if one.action is Action.CREATE:
            created[f"{PENDING}{one.name}"] = index
        elif one.action is Action.DELETE and one.id is not None:
            deleted[one.id] = index
    if not created and not deleted:
        return
    for index, one in enumerate(graph.operations):
        if one.kind != DISPATCH_RULE.name:
            continue
        for key in trunk_keys(one.after) if one.after is not None else ():
            if key in created:
                graph.wait(index, created[key])
        for key in trunk_keys(one.before) if one.before is not None else ():
            # A trunk whose number another one takes over cannot wait for a rule that waits for the other one.
            if key in deleted and not _reaches(graph, deleted[key], index):
                graph.wait(deleted[key], index)


def _reaches(graph: _Graph, earlier: int, later: int) -> bool:
    """Whether `later` waits for `earlier`, through others as well."""
    seen: set[int] = set()
    stack = [later]
    while stack:
        node = stack.pop()
        if node == earlier:
            return True
        if node not in seen:
            seen.add(node)
            stack.extend(graph.before.get(node, ()))
    return False


def _add_repairs(graph: _Graph, broken: set[tuple[str, str]], era: Era) -> None:
    """Everything of a kind waits until its live conflicts are repaired.

    A write repairs if it lets go of something. Another write of the same objects does not: the server refuses it as
    long as the conflict lives, even where it changes a text that has nothing to do with it.
    """
    repairs = [index for index, one in enumerate(graph.operations) if _is_repair(one, broken, era)]
    for repair in repairs:
        kind = graph.operations[repair].kind
        earlier = _ancestors(graph, repair)
        for index, one in enumerate(graph.operations):
            if one.kind == kind and index not in repairs and index not in earlier:
                graph.wait(index, repair)


def _is_repair(one: Operation, broken: set[tuple[str, str]], era: Era) -> bool:
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


def _ancestors(graph: _Graph, index: int) -> set[int]:
    """Everything that an operation waits for, through others as well."""
    seen: set[int] = set()
    stack = [index]
    while stack:
        for earlier in graph.before.get(stack.pop(), ()):
            if earlier not in seen:
                seen.add(earlier)
                stack.append(earlier)
    return seen


# ---------------------------------------------------------------------------------------------------------------------
# The order
# ---------------------------------------------------------------------------------------------------------------------


def _arrange(graph: _Graph) -> Ordered:
    """A topological order in rounds, deterministic, in which the two ends of a handover are neighbours.

    Each round takes everything that waits for nothing any more, but creations before changes and changes before
    deletions: what answers more calls comes before what answers fewer. A round is one batch, which is read again before
    it is written; a step that only waited for a handover follows it in the same lane.
    """
    successors: dict[int, list[int]] = defaultdict(list)
    for later, earlier in graph.before.items():
        for one in earlier:
            successors[one].append(later)
    waiting = {index: len(graph.before.get(index, ())) for index in range(len(graph.operations))}
    ready = [index for index, count in waiting.items() if not count]
    places: dict[int, tuple[int, int]] = {}
    batch = 0
    while ready:
        phase = min(_phase(graph, index) for index in ready)
        now = sorted(index for index in ready if _phase(graph, index) == phase)
        ready = [index for index in ready if _phase(graph, index) != phase]
        for lane, first in enumerate(now):
            urgent = [first]
            while urgent:
                index = urgent.pop()
                places[index] = (batch, lane)
                for later in sorted(successors[index], reverse=True):
                    waiting[later] -= 1
                    if waiting[later]:
                        continue
                    follows = (index, later) in graph.handover and _only_this_lane(
                        graph, later, places, batch, lane
                    )
                    (urgent if follows else ready).append(later)
        batch += 1
    return _ordered(graph, places)


def _phase(graph: _Graph, index: int) -> int:
    return _ACTION_RANK[graph.operations[index].action]


def _only_this_lane(
    graph: _Graph, index: int, places: Mapping[int, tuple[int, int]], batch: int, lane: int
) -> bool:
    """Whether all that a step waits for in this batch is in this lane, where it is done before."""
    return all(
        places[one] == (batch, lane) or places[one][0] < batch for one in graph.before[index]
    )


def _ordered(graph: _Graph, places: Mapping[int, tuple[int, int]]) -> Ordered:
    # Places were given in the order of the steps, batch by batch.
    position = {index: number for number, index in enumerate(places)}
    steps = tuple(
        Step(
            graph.operations[index],
            batch,
            lane,
            tuple(sorted(position[earlier] for earlier in graph.before.get(index, ()))),
        )
        for index, (batch, lane) in places.items()
    )
    handovers = (
        Handover(slot, position[holder], position[taker])
        for (holder, taker), slot in graph.handover.items()
    )
    return Ordered(steps, tuple(sorted(handovers, key=lambda one: (one.released, one.taken))))
