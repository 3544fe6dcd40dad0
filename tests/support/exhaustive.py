"""The fewest calls that have to be lost between two small projects, found by trying everything that is allowed.

Every live object that goes may turn into any object of its kind that comes, every object may be deleted and created
again, and in between every list may have any of its old and new entries, as long as the object lets in nobody whom
neither its old nor its new self lets in. What LiveKit refuses is left out. The search is the plainest there is: all
states, cheapest first. It shares nothing with the planner but routing, slots and normal forms.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations, permutations, product
from typing import TypeVar

from reconciler.config.model import Configuration
from reconciler.core.objects import Desired, Fields, Live, Snapshot
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.values import Reference, References, Secret, TextList, Value, text_set
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.numbers import normalize
from reconciler.sip.occupancy import slots_of
from tests.support.callers import answered, everybody

T = TypeVar("T")
PHONES = ("numbers", "callers")
LISTS = {
    "inbound_trunk": ("numbers", "callers", "allowed_addresses"),
    "dispatch_rule": ("trunks", "callers", "numbers"),
}


@dataclass(frozen=True)
class Being:
    """What an object is at a moment: a live one, or nothing."""

    live: Live | None
    is_new: bool = False


@dataclass(frozen=True)
class Way:
    """An object with everything that it can be; the first is old, the last is new."""

    beings: tuple[Being, ...]

    def follows(self, before: int, after: int) -> bool:
        """Whether one write can do it. An object that gets a new id has to be absent first."""
        if before == after or before == len(self.beings) - 1 or after == 0:
            return False
        one, other = self.beings[before].live, self.beings[after].live
        return one is None or other is None or one.id == other.id


def fewest_lost(live: Snapshot, configuration: Configuration, era: Era = Era.NEW) -> int:
    """How many calls, counted at every moment in between, the best of all allowed sequences loses."""
    listed = [one for found in configuration.sip.values() for one in found]
    named = _named(live, configuration)
    found: dict[int, list[int]] = {}
    for anew, ways in _all_ways(live, configuration, era):
        lost = _cheapest(ways, listed, era)
        if lost is not None:
            found.setdefault(len(named.intersection(anew)), []).append(lost)
    # A trunk that rules name is created anew only where nothing else leads there: its id is known.
    return min(found[min(found)])


def _named(live: Snapshot, configuration: Configuration) -> set[str]:
    """The names of the trunks that any rule names, now or later."""
    names = {one.id: one.name for one in live.of("inbound_trunk")}
    rules: list[Live | Desired] = [*live.of("dispatch_rule"), *configuration.sip["dispatch_rule"]]
    told = (one.fields.get("trunks") for one in rules)
    entries = (value.entries for value in told if isinstance(value, References))
    return {names.get(one.id or "", one.name) for found in entries for one in found}


def _all_ways(
    live: Snapshot, configuration: Configuration, era: Era
) -> Iterator[tuple[tuple[str, ...], list[Way]]]:
    """Every choice of what turns into what, and of which trunks are created anew."""
    for anew, trunk_ids in _identities(live, configuration, "inbound_trunk", recreate=True):
        for _, rule_ids in _identities(live, configuration, "dispatch_rule", recreate=False):
            yield (
                anew,
                [
                    *_ways("inbound_trunk", live, configuration, trunk_ids, {}, era),
                    *_ways("dispatch_rule", live, configuration, rule_ids, trunk_ids, era),
                ],
            )


def _identities(
    live: Snapshot, configuration: Configuration, kind: str, *, recreate: bool
) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """The ids that the listed objects can have in the end, by name; with the names of those that are created anew."""
    lives = {one.name: one.id for one in live.of(kind)}
    names = [one.name for one in configuration.sip[kind]]
    stay = [name for name in names if name in lives]
    come = [name for name in names if name not in lives]
    gone = [lives[name] for name in lives if name not in names and _goes(configuration)]
    for anew in _subsets(stay) if recreate else [()]:
        ids = {name: f"new {name}" if name in anew else lives[name] for name in stay}
        for places in permutations([*gone, *(None for _ in come)], len(come)):
            taken = zip(come, places, strict=True)
            yield anew, ids | {name: place or f"new {name}" for name, place in taken}


def _goes(configuration: Configuration) -> bool:
    """Whether objects go that are not listed."""
    return configuration.project.unlisted is UnlistedPolicy.DELETE


def _subsets(entries: Sequence[T]) -> Iterator[tuple[T, ...]]:
    return chain.from_iterable(combinations(entries, size) for size in range(len(entries) + 1))


def _ways(
    kind: str,
    live: Snapshot,
    configuration: Configuration,
    ids: Mapping[str, str],
    trunk_ids: Mapping[str, str],
    era: Era,
) -> Iterator[Way]:
    """Each object of a kind with all that it can be."""
    by_id = {one.id: one for one in live.of(kind)}
    names = {one.name: one.id for one in live.of(kind)}
    used = set()
    for desired in configuration.sip[kind]:
        identifier = ids[desired.name]
        former = by_id.get(identifier) or by_id.get(names.get(desired.name, ""))
        if former is not None:
            used.add(former.id)
        fields = dict(_resolved(desired, trunk_ids))
        if former is not None:  # what is equal to LiveKit stays as it is written
            kept = {
                path: value for path, value in former.fields.items() if fields.get(path) == value
            }
            fields.update(kept)
        new = Live(kind, identifier, desired.name, fields)
        yield _way(former, new, era)
    for one in by_id.values():
        if one.id not in used:
            yield _way(one, None if _goes(configuration) else one, era)


def _resolved(desired: Desired, ids: Mapping[str, str]) -> Fields:
    references = desired.fields.get("trunks")
    if not isinstance(references, References):
        return desired.fields
    entries = tuple(Reference("", ids[one.name]) for one in references.entries)
    return {**desired.fields, "trunks": References(entries)}


def _way(old: Live | None, new: Live | None, era: Era) -> Way:
    if old is not None and new is not None and old.id == new.id and old.fields == new.fields:
        return Way((Being(new, is_new=True),))
    beings = [Being(old)]
    if old is not None:
        beings += [Being(one) for one in _between(old, new, era)]
        if new is not None and (old.kind != "inbound_trunk" or old.id != new.id):
            beings.append(Being(None))
    return Way((*beings, Being(new, is_new=True)))


def _between(old: Live, new: Live | None, era: Era) -> Iterator[Live]:
    """The old object with any of its own and of the new entries in its lists."""
    paths = LISTS[old.kind]
    choices = []
    for path in paths:
        mine, theirs = _entries(old.fields, path), _entries(new.fields, path) if new else ()
        everything = tuple(dict.fromkeys((*mine, *theirs)))
        found = [one for one in _subsets(everything) if one or not mine]
        choices.append(found)
    for chosen in product(*choices):
        fields: dict[str, Value] = dict(old.fields)
        for path, entries in zip(paths, chosen, strict=True):
            if entries:
                fields[path] = _list(old.kind, path, entries)
            else:
                fields.pop(path, None)
        slots = slots_of(old.kind, fields, era)
        if (
            fields != old.fields
            and len(set(slots)) == len(slots)
            and is_no_looser(fields, old, new)
        ):
            yield Live(old.kind, old.id, old.name, fields)


def _entries(fields: Fields, path: str) -> tuple[object, ...]:
    value = fields.get(path)
    if isinstance(value, References):
        return tuple(one.id for one in value.entries)
    return value.written if isinstance(value, TextList) else ()


def _list(kind: str, path: str, entries: Sequence[object]) -> Value:
    texts = [str(one) for one in entries]
    if path == "trunks":
        return References(tuple(Reference("", text) for text in texts))
    is_phones = kind == "inbound_trunk" and path in PHONES
    return phone_numbers(texts) if is_phones else text_set(texts)


def is_no_looser(between: Fields, old: Live, new: Live | None) -> bool:
    """Whether everybody whom an object lets in is let in by its old or its new self, on the same terms.

    `between` are the fields that it has meanwhile, with the password or PIN of its old self.
    """
    now = _lists(old.kind, between)
    selves = [_lists(one.kind, one.fields) for one in (old, new) if one is not None]
    if new is not None and _terms(old.fields) != _terms(new.fields):
        del selves[1]
    return all(
        any(_lets_in(listed, one) for listed in selves)
        for one in product(*(entries or {"*"} for entries in now))
    )


def _lists(kind: str, fields: Fields) -> list[set[object]]:
    """The entries of each list as LiveKit compares them; none for everybody."""
    return [
        {
            normalize(str(entry)) if kind == "inbound_trunk" and path in PHONES else entry
            for entry in _entries(fields, path)
        }
        for path in LISTS[kind]
    ]


def _lets_in(lists: Sequence[set[object]], one: Sequence[object]) -> bool:
    return all(not listed or entry in listed for listed, entry in zip(lists, one, strict=True))


def _terms(fields: Fields) -> object:
    pin = fields.get(f"rooms.{fields.get('rooms')}.pin")
    password = {path: value for path, value in fields.items() if path.startswith("auth.")}
    return pin.reveal() if isinstance(pin, Secret) else None, password


class _States:
    """All that a project can be on the way: for each object which of its beings it is."""

    def __init__(self, ways: Sequence[Way], listed: Sequence[Desired], era: Era) -> None:
        self._ways = ways
        self._era = era
        self.start = tuple(0 for _ in ways)
        self.goal = tuple(len(way.beings) - 1 for way in ways)
        first, last = self._objects(self.start), self._objects(self.goal)
        self._callers = everybody(first, last, listed)
        self._kept = answered(first, self._callers, era) & answered(last, self._callers, era)

    def _objects(self, state: Sequence[int]) -> list[Live]:
        found = (way.beings[place].live for way, place in zip(self._ways, state, strict=True))
        return [one for one in found if one is not None]

    @cache  # noqa: B019  # as short-lived as its object
    def lost(self, state: tuple[int, ...]) -> int | None:
        """How many are answered before and after and not now; None for a conflict."""
        now = self._objects(state)
        slots = [slot for one in now for slot in slots_of(one.kind, one.fields, self._era)]
        if len(set(slots)) < len(slots):
            return None
        gone = self._kept - answered(now, self._callers, self._era) if self._kept else ()
        return len({caller for caller, _ in gone})

    def after(self, state: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """All that one write can make of it; no rule can name a trunk that has no id yet."""
        trunks = {one.id for one in self._objects(state)}
        for place, way in enumerate(self._ways):
            for target, being in enumerate(way.beings):
                named = _entries(being.live.fields, "trunks") if being.live is not None else ()
                known = all(str(one) in trunks or not str(one).startswith("new ") for one in named)
                if known and way.follows(state[place], target):
                    yield (*state[:place], target, *state[place + 1 :])


def _cheapest(ways: Sequence[Way], listed: Sequence[Desired], era: Era) -> int | None:
    """The fewest calls lost on any way; None where no allowed sequence leads there."""
    states = _States(ways, listed, era)
    queue, done = [(0, states.start)], set()
    while queue:
        cost, state = heapq.heappop(queue)
        if state == states.goal:
            return cost
        if state in done:
            continue
        done.add(state)
        for following in states.after(state):
            lost = states.lost(following) if following not in done else None
            if lost is not None:
                heapq.heappush(queue, (cost + lost, following))
    return None
