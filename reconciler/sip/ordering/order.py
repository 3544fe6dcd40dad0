"""Puts the writes of a plan in their order.

First by the rules of thumb of `waits`, `rings` and `arrange`, which cost next to nothing and mostly do. Then the calls
are looked at that several writes concern: writes that the same callers notice keep the order in which they were looked
at, and where callers would hear nothing, or strangers would be let in, a better sequence is searched for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise

from reconciler.core.objects import Live
from reconciler.core.plan import Action
from reconciler.core.values import References
from reconciler.sip.numbers import normalize
from reconciler.sip.occupancy import Slot, slots_of, trunk_keys
from reconciler.sip.ordering.arrange import ACTION_RANK, Ordered, arrange
from reconciler.sip.ordering.destinations import NOBODY, Destination, Others, mentioned
from reconciler.sip.ordering.moments import Entry, Involved, IsFree, Moment, entries_of, moments
from reconciler.sip.ordering.operation import Operation, Stage
from reconciler.sip.ordering.replay import Move, Silence, price, silences
from reconciler.sip.ordering.rings import split_rings
from reconciler.sip.ordering.search import Found, Price, search
from reconciler.sip.ordering.waits import Waits, Write, who_waits
from reconciler.sip.ordering.world import Surroundings, World, form_of
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS

_KIND_RANK = {kind.name: rank for rank, kind in enumerate(KINDS)}
_ROUTING = (INBOUND_TRUNK.name, DISPATCH_RULE.name)
_FEW = 12
"""Up to so many objects a better sequence is searched for."""

_ANEW = "nothing would be left of its list while another object takes over"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be ordered.

    `broken` are (kind, id) of live objects that are in a conflict now. `recreated` are names of trunks that get a new
    id on the way: the rules that name them are among the operations.
    """

    operations: Sequence[Operation]
    around: Surroundings
    broken: Set[tuple[str, str]] = frozenset()
    recreated: Set[str] = frozenset()


def order(request: Request) -> tuple[Ordered, tuple[Silence, ...]]:
    """The steps of some operations, and what callers meet on the way.

    The operations must lead to a set without conflicts; what comes in between then has none either.
    """
    return _Ordering(request).done()


@dataclass(frozen=True, slots=True)
class _Nearby:
    """Some objects with all that has to do with their callers: what stays, and bystanders, whose writes these callers
    do not notice. Both are there before and after, and decide who is answered."""

    objects: Sequence[Operation]
    bystanders: Sequence[Operation]
    around: Surroundings
    others: Others

    def world(self, ways: Sequence[Sequence[Moment]]) -> World:
        """The calls that the objects concern, which have these moments; the bystanders stay as they are."""
        beside = [_made((one,)) for one in self.bystanders]
        objects = [*self.objects, *self.bystanders]
        return World(objects, [*ways, *beside], self.around, self.others, len(ways))


class _Ordering:
    """The work on one request: the writes of every object, and what was found about them."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._era = request.around.era
        self._objects = sorted(request.operations, key=_sort_key)
        self._burdens = _burdens(self._objects, request)
        split = split_rings(self._objects, self._era, self._burdens)
        self._parts: list[tuple[Operation, ...]] = [
            split.get(place, (one,)) for place, one in enumerate(self._objects)
        ]
        self._pairs: list[tuple[Write, Write]] = []
        self._settled: set[int] = set()
        self._slots: Counter[Slot] = Counter()
        self._others: Others | None = None

    def done(self) -> tuple[Ordered, tuple[Silence, ...]]:
        """All steps in order, and the silences between them."""
        waits = self._waits()
        ordered = arrange(waits)
        world = self._world()
        if not world.destinations:
            return ordered, ()
        moves = list(_moves(ordered))
        places: dict[int, list[int]] = defaultdict(list)
        for step, (owner, _) in enumerate(moves):
            places[owner].append(step)
        for cluster, destinations in _clusters(waits, world):
            if len(cluster) <= _FEW:
                own = sorted(step for owner in cluster for step in places[owner])
                if self._improve(world, cluster, destinations, [moves[step] for step in own]):
                    continue
            for one in destinations:
                noticed = (owner for owner in dict.fromkeys(one.moving) if one.concerns(owner))
                own = sorted(step for owner in noticed for step in places[owner])
                self._keep([moves[step] for step in own])
        if not self._pairs:
            return ordered, silences(world, moves)
        ordered = arrange(self._waits())
        world = self._world()
        return ordered, silences(world, list(_moves(ordered)))

    def _waits(self) -> Waits:
        return who_waits(self._parts, self._request.broken, self._era, self._pairs, self._settled)

    def _world(self) -> World:
        """The objects with the moments that their writes make."""
        found = [_made(parts) for parts in self._parts]
        return World(self._objects, found, self._request.around)

    def _keep(self, moves: Iterable[Move]) -> None:
        """Writes that the callers of one number notice follow each other as they do now."""
        for earlier, later in pairwise(moves):
            self._pairs.append(((later[0], later[1] - 1), (earlier[0], earlier[1] - 1)))

    def _improve(
        self,
        world: World,
        cluster: Sequence[int],
        destinations: Sequence[Destination],
        moves: Sequence[Move],
    ) -> bool:
        """Whether the writes of some objects were replaced by a sequence that callers notice less."""
        if self._is_repair(cluster):
            return False
        near = self._nearby(world, cluster, destinations)
        limit = None
        if self._leads_there(cluster):
            own = {place: index for index, place in enumerate(cluster)}
            limit = _price(
                near.world([_made(self._parts[place]) for place in cluster]),
                [(own[place], moment) for place, moment in moves],
            )
            if (limit.silent, limit.strangers) == (0, 0):
                return False
        found: tuple[list[list[Moment]], Found] | None = None
        ways: list[list[Moment]] | None = None
        # First coarsely; then in detail, if callers notice what was found, too.
        for one_by_one in (False, True):
            coarse, ways = ways, self._ways(cluster, one_by_one=one_by_one)
            if coarse == ways:
                break
            better = search(ways, near.world(ways), limit)
            if better is not None:
                found, limit = (ways, better), better.price
            if limit is not None and limit.silent == 0:
                break
        if found is None:
            return False
        self._take(cluster, *found)
        return True

    def _ways(self, cluster: Sequence[int], *, one_by_one: bool) -> list[list[Moment]]:
        """All that the objects of a cluster can be on their way."""
        objects = [self._objects[place] for place in cluster]
        involved, is_free = _involved(objects), self._free_for(cluster)
        return [
            moments(
                one,
                self._era,
                involved(place),
                is_free,
                is_recreated=one.name in self._request.recreated,
                may_go=self._may_go(one, in_detail=one_by_one),
                one_by_one=one_by_one,
            )
            for place, one in enumerate(objects)
        ]

    def _may_go(self, one: Operation, *, in_detail: bool) -> bool:
        """Whether an object may be deleted and created again. A trunk whose id is known to rules may not, if anything
        else leads there."""
        if one.kind == INBOUND_TRUNK.name:
            return in_detail and not self._burdens.get(one.key)
        return True

    def _is_repair(self, cluster: Iterable[int]) -> bool:
        """Whether an object is in a live conflict: that is repaired before anything else."""
        return any(
            (one.kind, one.id) in self._request.broken
            for one in (self._objects[place] for place in cluster)
        )

    def _leads_there(self, cluster: Iterable[int]) -> bool:
        """Whether the writes are all: not where a trunk is created anew, and the rules do not know its new id yet."""
        return not any(
            self._objects[place].kind == INBOUND_TRUNK.name
            and self._objects[place].name not in self._request.recreated
            and any(one.after is None for one in self._parts[place][:-1])
            for place in cluster
        )

    def _mentioned(self) -> Others:
        """What all objects mention, as far as it can be told apart."""
        if self._others is None:
            forms = [
                form_of(live.kind, live.id, live.fields)
                for live in self._request.around.still
                if live.kind in _ROUTING
            ]
            for one in self._objects:
                if one.kind in _ROUTING:
                    told = [fields for fields in (one.before, one.after) if fields is not None]
                    forms += [form_of(one.kind, one.key, fields) for fields in told]
            self._others = mentioned(forms) or NOBODY
        return self._others

    def _nearby(
        self, world: World, cluster: Sequence[int], destinations: Iterable[Destination]
    ) -> _Nearby:
        """All that has to do with some destinations, apart from the cluster."""
        still: dict[str, Live] = {}
        bystanders: dict[int, Operation] = {}
        for destination in destinations:
            for one in world.still[destination]:
                still[one.id] = one
            for place in destination.moving:
                if place not in cluster:
                    bystanders[place] = self._objects[place]
        return _Nearby(
            [self._objects[place] for place in cluster],
            list(bystanders.values()),
            replace(self._request.around, still=list(still.values())),
            self._mentioned(),
        )

    def _free_for(self, cluster: Iterable[int]) -> IsFree:
        """Tells whether no object outside has a slot before, after or in between. Few orders need to know."""
        own: Counter[Slot] = Counter()

        def is_free(slot: Slot) -> bool:
            if not self._slots:
                for live in self._request.around.still:
                    self._slots.update(slots_of(live.kind, live.fields, self._era))
                for place in range(len(self._objects)):
                    self._slots.update(self._slots_of(place))
            if not own:
                for place in cluster:
                    own.update(self._slots_of(place))
            return self._slots[slot] == own[slot]

        return is_free

    def _slots_of(self, place: int) -> Iterator[Slot]:
        """The slots of an object at all its moments, as often as it has them."""
        for one in self._parts[place]:
            for fields in (one.before, one.after):
                if fields is not None:
                    yield from slots_of(one.kind, fields, self._era)

    def _take(self, cluster: Sequence[int], ways: Sequence[Sequence[Moment]], found: Found) -> None:
        made: dict[int, list[Moment]] = defaultdict(list)
        writes: list[Write] = []
        for place, moment in found.moves:
            writes.append((cluster[place], len(made[place])))
            made[place].append(ways[place][moment])
        for place, way in made.items():
            whole = self._objects[cluster[place]]
            self._parts[cluster[place]] = tuple(_writes(whole, [ways[place][0], *way]))
        self._slots.clear()
        self._settled.update(cluster)
        self._pairs += [(later, earlier) for earlier, later in pairwise(writes)]


def _price(world: World, moves: Sequence[Move]) -> Price:
    """What callers notice of some writes."""
    concerned = [one for one in world.destinations if one.has_something_to_lose]
    silent, strangers = price(concerned, world.first, moves)
    return Price(silent, len(moves), strangers)


def _sort_key(one: Operation) -> tuple[int, int, str, str]:
    return (ACTION_RANK[one.action], _KIND_RANK[one.kind], one.name, one.id or "")


def _burdens(objects: Iterable[Operation], request: Request) -> Mapping[str, int]:
    """How many rules name a trunk, by what they name it by; those that are created anew already are taken first."""
    named: Counter[str] = Counter()
    for one in objects:
        if one.kind == DISPATCH_RULE.name:
            for fields in (one.before, one.after):
                named.update(trunk_keys(fields) if fields is not None else ())
        elif one.name in request.recreated:
            named[one.key] -= 1_000_000
    for live in request.around.still:
        if live.kind == DISPATCH_RULE.name and isinstance(live.fields.get("trunks"), References):
            named.update(trunk_keys(live.fields))
    return named


def _made(parts: Sequence[Operation]) -> list[Moment]:
    """What an object is before, between and after its writes."""
    found = [Moment(parts[0].before, frozenset(), parts[0].key, is_old=True)]
    found += [Moment(one.after, frozenset(), one.key, is_new=one is parts[-1]) for one in parts]
    return found


def _moves(ordered: Ordered) -> Iterator[Move]:
    """The steps as moves: the first write of an object makes its second moment."""
    written: Counter[int] = Counter()
    for owner in ordered.owners:
        written[owner] += 1
        yield owner, written[owner]


def _clusters(waits: Waits, world: World) -> Iterator[tuple[tuple[int, ...], list[Destination]]]:
    """Objects that the same callers notice, with those that hand over to each other or name each other; and the
    destinations where they are noticed."""
    parent: dict[int, int] = {}

    def root(place: int) -> int:
        while parent.setdefault(place, place) != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    noticed: list[tuple[Destination, list[int]]] = []
    for destination in world.destinations:
        if destination.has_something_to_lose:
            places = [
                place for place in dict.fromkeys(destination.moving) if destination.concerns(place)
            ]
            if places:
                noticed.append((destination, places))
                for place in places[1:]:
                    parent[root(place)] = root(places[0])
                root(places[0])
    for earlier, later in waits.links:
        parent[root(waits.owners[later])] = root(waits.owners[earlier])
    members: dict[int, list[int]] = defaultdict(list)
    for place in sorted(parent):
        members[root(place)].append(place)
    found: dict[int, list[Destination]] = defaultdict(list)
    for destination, places in noticed:
        found[root(places[0])].append(destination)
    for top, destinations in found.items():
        yield tuple(members[top]), destinations


def _involved(objects: Sequence[Operation]) -> Callable[[int], Involved]:
    """For each of some objects, which of the others have to do with an entry of its lists."""
    mentioned: dict[Entry, set[int]] = defaultdict(set)
    for place, one in enumerate(objects):
        if one.kind == INBOUND_TRUNK.name:
            mentioned[Entry("trunks", one.key)].add(place)
        for fields in (one.before, one.after):
            for path in (
                ("trunks", "numbers", "callers", "allowed_addresses") if fields is not None else ()
            ):
                for entry in entries_of(one.kind, path, fields or {}):
                    mentioned[_alike(entry)].add(place)

    def of(place: int) -> Involved:
        return lambda entry: frozenset(mentioned[_alike(entry)] - {place})

    return of


def _alike(entry: Entry) -> Entry:
    """An entry as trunks and rules can both have it."""
    return entry if entry.path == "trunks" else Entry(entry.path, normalize(entry.key))


def _reason(whole: Operation, before: Moment, after: Moment) -> str:
    if after.fields is None and not after.is_new:
        return f"{_ANEW}: deleted here"
    if before.fields is None:
        return f"{_ANEW}: created here, with a new id"
    if after.is_new:
        return whole.reason
    told = []
    if after.gone - before.gone:
        told.append("lets go of what another object takes over")
    if come := after.come - before.come:
        before_that = whole.before or {}
        narrows = all(not entries_of(whole.kind, one.path, before_that) for one in come)
        told.append(
            "is for a few until another object is for all the others"
            if narrows
            else "takes on what it will have beside what it has, so that no call is lost"
        )
    return f"{' and '.join(told)}, before it gets the rest" if told else ""


def _writes(whole: Operation, way: Sequence[Moment]) -> Iterator[Operation]:
    """The writes that make one moment out of the other."""
    if len(way) == 2:
        yield whole
        return
    for before, after in pairwise(way):
        action = _action(before, after)
        yield replace(
            whole,
            action=action,
            id=None if action is Action.CREATE else whole.id,
            before=before.fields,
            after=after.fields,
            reason=_reason(whole, before, after),
            stage=Stage.LAST if after is way[-1] else Stage.EARLIER,
        )


def _action(before: Moment, after: Moment) -> Action:
    if after.fields is None:
        return Action.DELETE
    return Action.CREATE if before.fields is None else Action.UPDATE
