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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.plan import Action
from reconciler.sip.era import Era
from reconciler.sip.occupancy import PENDING, Slot, slots_of, trunk_keys
from reconciler.sip.operation import Held, Operation, handovers, held_slots
from reconciler.sip.rings import split_rings
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS

_KIND_RANK = {kind.name: rank for rank, kind in enumerate(KINDS)}
_ACTION_RANK = {Action.CREATE: 0, Action.RENAME: 1, Action.UPDATE: 1, Action.DELETE: 2}


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
    slots = [held_slots(one, era) for one in todo]
    split = split_rings(todo, slots, era)
    if split:
        todo = split
        slots = [held_slots(one, era) for one in todo]
    graph = _Graph(todo)
    _add_parts(graph)
    _add_handovers(graph, slots)
    _add_references(graph)
    _add_repairs(graph, set(broken), era)
    return _arrange(graph)


def _sort_key(one: Operation) -> tuple[int, int, str, str]:
    return (_ACTION_RANK[one.action], _KIND_RANK[one.kind], one.name, one.id or "")


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


def _add_handovers(graph: _Graph, slots: Sequence[Held]) -> None:
    for holder, taker, slot in handovers(slots):
        graph.wait(taker, holder)
        graph.handover.setdefault((holder, taker), slot)


def _add_references(graph: _Graph) -> None:
    """Rules wait for trunks to be created, and trunks wait to be deleted until rules that move away have moved.

    A rule that is deleted itself is not waited for: it does no harm without its trunk (SIP-SEMANTICS 20, 45), and the
    trunk's number may be waited for.
    """
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
    rules = [
        (index, one) for index, one in enumerate(graph.operations) if one.kind == DISPATCH_RULE.name
    ]
    for index, one in rules:
        for key in trunk_keys(one.after) if one.after is not None else ():
            if key in created:
                graph.wait(index, created[key])
    # What must be comes first: whether a deletion can wait for a rule depends on everything that rules wait for.
    for index, one in rules:
        moves = one.before is not None and one.after is not None
        for key in trunk_keys(one.before) if moves and one.before is not None else ():
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
    repairing = frozenset(repairs)
    for repair in repairs:
        kind = graph.operations[repair].kind
        earlier = _ancestors(graph, repair)
        for index, one in enumerate(graph.operations):
            if one.kind == kind and index not in repairing and index not in earlier:
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
    # A ring would leave calls out of the plan without a word.
    assert len(places) == len(graph.operations), "operations wait for each other"  # noqa: S101
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
