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
from reconciler.sip.occupancy import Slot, slots_of, trunk_keys
from reconciler.sip.ordering.arrange import ACTION_RANK, arrange
from reconciler.sip.ordering.calls import NOBODY, Others, mentioned
from reconciler.sip.ordering.clusters import Cluster, clusters
from reconciler.sip.ordering.moments import IsFree, Moment, involved_in, moments
from reconciler.sip.ordering.operation import Operation, Tie
from reconciler.sip.ordering.replay import Move, price, silences
from reconciler.sip.ordering.rings import split_rings
from reconciler.sip.ordering.search import Found, Looks, Price, search
from reconciler.sip.ordering.steps import Ordered, Silence
from reconciler.sip.ordering.waits import Waits, Write, who_waits
from reconciler.sip.ordering.world import Surroundings, World, form_of
from reconciler.sip.ordering.writes import moments_of, moves_of, writes_of
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS

_KIND_RANK = {kind.name: rank for rank, kind in enumerate(KINDS)}
_ROUTING = (INBOUND_TRUNK.name, DISPATCH_RULE.name)
_FEW = 12
"""Up to so many objects a better sequence is searched for."""

_LOOKS = 600_000
"""How much all searches of one plan may cost together, a few seconds; clusters that come later keep their order."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be ordered.

    `broken` are (kind, id) of live objects that are in a conflict now. `recreated` are names of trunks that get a new
    id on the way: the rules that name them are among the operations. `tie` tells what hangs on the id of an object.
    """

    operations: Sequence[Operation]
    around: Surroundings
    broken: Set[tuple[str, str]] = frozenset()
    recreated: Set[str] = frozenset()
    tie: Callable[[Operation], Tie] = lambda _: Tie.NONE


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
        beside = [moments_of((one,)) for one in self.bystanders]
        objects = [*self.objects, *self.bystanders]
        return World(objects, [*ways, *beside], self.around, self.others, len(ways))


class _Ordering:
    """The work on one request: the writes of every object, and what was found about them."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._era = request.around.era
        self._objects = sorted(request.operations, key=_sort_key)
        self._burdens = _burdens(self._objects, request)
        split = split_rings(self._objects, self._era, self._burden)
        self._parts: list[tuple[Operation, ...]] = [
            split.get(place, (one,)) for place, one in enumerate(self._objects)
        ]
        self._pairs: list[tuple[Write, Write]] = []
        self._settled: set[int] = set()
        self._slots: Counter[Slot] = Counter()
        self._others: Others | None = None
        self._looks = Looks(_LOOKS)

    def done(self) -> tuple[Ordered, tuple[Silence, ...]]:
        """All steps in order, and the silences between them."""
        waits = self._waits()
        ordered = arrange(waits)
        world = self._world()
        if not world.destinations:
            return ordered, ()
        moves = list(moves_of(ordered))
        places: dict[int, list[int]] = defaultdict(list)
        for step, (owner, _) in enumerate(moves):
            places[owner].append(step)
        for cluster in clusters(waits, world):
            if len(cluster.places) <= _FEW and self._looks.left > 0:
                own = sorted(step for owner in cluster.places for step in places[owner])
                if self._improve(world, cluster, [moves[step] for step in own]):
                    continue
            for one in cluster.destinations:
                noticed = (owner for owner in dict.fromkeys(one.moving) if one.concerns(owner))
                own = sorted(step for owner in noticed for step in places[owner])
                self._keep([moves[step] for step in own])
        if not self._pairs:
            return ordered, silences(world, moves)
        ordered = arrange(self._waits())
        world = self._world()
        return ordered, silences(world, list(moves_of(ordered)))

    def _waits(self) -> Waits:
        return who_waits(self._parts, self._request.broken, self._era, self._pairs, self._settled)

    def _world(self) -> World:
        """The objects with the moments that their writes make."""
        found = [moments_of(parts) for parts in self._parts]
        return World(self._objects, found, self._request.around)

    def _keep(self, moves: Iterable[Move]) -> None:
        """Writes that the callers of one number notice follow each other as they do now."""
        for earlier, later in pairwise(moves):
            self._pairs.append(((later[0], later[1] - 1), (earlier[0], earlier[1] - 1)))

    def _improve(self, world: World, cluster: Cluster, moves: Sequence[Move]) -> bool:
        """Whether the writes of some objects were replaced by a sequence that callers notice less."""
        places = cluster.places
        if self._is_repair(places):
            return False
        near = self._nearby(world, cluster)
        limit = None
        if self._leads_there(places):
            own = {place: index for index, place in enumerate(places)}
            limit = _price(
                near.world([moments_of(self._parts[place]) for place in places]),
                [(own[place], moment) for place, moment in moves],
            )
            if (limit.silent, limit.strangers) == (0, 0):
                return False
        found: tuple[list[list[Moment]], Found] | None = None
        ways: list[list[Moment]] | None = None
        # First coarsely; then in detail, if callers notice what was found, too.
        for one_by_one in (False, True):
            coarse, ways = ways, self._ways(places, one_by_one=one_by_one)
            if coarse == ways:
                break
            better = search(ways, near.world(ways), limit, self._looks)
            if better is not None:
                found, limit = (ways, better), better.price
            if limit is not None and limit.silent == 0:
                break
        if found is None:
            return False
        self._take(places, *found)
        return True

    def _ways(self, cluster: Sequence[int], *, one_by_one: bool) -> list[list[Moment]]:
        """All that the objects of a cluster can be on their way."""
        objects = [self._objects[place] for place in cluster]
        involved, is_free = involved_in(objects), self._free_for(cluster)
        return [
            moments(
                one,
                self._era,
                involved(place),
                is_free,
                is_recreated=self._is_recreated(one),
                may_go=self._may_go(one, in_detail=one_by_one),
                one_by_one=one_by_one,
            )
            for place, one in enumerate(objects)
        ]

    def _is_recreated(self, one: Operation) -> bool:
        return one.kind == INBOUND_TRUNK.name and one.name in self._request.recreated

    def _may_go(self, one: Operation, *, in_detail: bool) -> bool:
        """Whether an object may be deleted and created again, although something else leads there. A trunk whose id is
        known to rules may not."""
        if self._request.tie(one) is not Tie.NONE:
            return False
        return one.kind != INBOUND_TRUNK.name or (in_detail and not self._burdens.get(one.key))

    def _burden(self, one: Operation) -> tuple[int, ...]:
        """How much hangs on the id of an object; one that is created anew already is taken before all others."""
        return (not self._is_recreated(one), self._request.tie(one), self._burdens.get(one.key, 0))

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
            and not self._is_recreated(self._objects[place])
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

    def _nearby(self, world: World, cluster: Cluster) -> _Nearby:
        """All that has to do with the callers of a cluster, apart from itself."""
        still: dict[str, Live] = {}
        bystanders: dict[int, Operation] = {}
        for destination in cluster.destinations:
            still.update((one.id, one) for one in world.still[destination])
            for place in destination.moving:
                if place not in cluster.places:
                    bystanders[place] = self._objects[place]
        return _Nearby(
            [self._objects[place] for place in cluster.places],
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

    def _take(self, places: Sequence[int], ways: Sequence[Sequence[Moment]], found: Found) -> None:
        """Makes the writes of some objects those that were found."""
        made: dict[int, list[Moment]] = defaultdict(list)
        writes: list[Write] = []
        for index, moment in found.moves:
            writes.append((places[index], len(made[index])))
            made[index].append(ways[index][moment])
        known = bool(self._slots)
        for index, way in made.items():
            place = places[index]
            if known:
                self._slots.subtract(self._slots_of(place))
            self._parts[place] = tuple(writes_of(self._objects[place], [ways[index][0], *way]))
            if known:
                self._slots.update(self._slots_of(place))
        self._settled.update(places)
        self._pairs += [(later, earlier) for earlier, later in pairwise(writes)]


def _price(world: World, moves: Sequence[Move]) -> Price:
    """What callers notice of some writes."""
    concerned = [one for one in world.destinations if one.has_something_to_lose]
    silent, strangers = price(concerned, world.first, moves)
    return Price(silent, len(moves), strangers)


def _sort_key(one: Operation) -> tuple[int, int, str, str]:
    return (ACTION_RANK[one.action], _KIND_RANK[one.kind], one.name, one.id or "")


def _burdens(objects: Iterable[Operation], request: Request) -> Mapping[str, int]:
    """How many rules name a trunk, by what they name it by."""
    named: Counter[str] = Counter()
    for one in objects:
        if one.kind == DISPATCH_RULE.name:
            for fields in (one.before, one.after):
                named.update(trunk_keys(fields) if fields is not None else ())
    for live in request.around.still:
        if live.kind == DISPATCH_RULE.name:
            named.update(trunk_keys(live.fields))
    return named
