"""What an object can be between two calls.

Absent, old, new, or the old one with entries taken off its lists or new ones put on them. Of the many lists that this
allows only those are made that are likely to matter: entries that the same other objects have to do with go and come
together, and those that nobody else has to do with stay. In a second look at few entries all are made.

Whatever it is in between, the object lets in nobody whom neither its old nor its new self lets in: an empty list, which
means everybody, is never made, and entries are added only where the rest of the filters and the password or PIN are
those that the new entries are to have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeAlias

from reconciler.core.objects import Fields
from reconciler.core.values import Reference, References, TextList, Value, text_set
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.numbers import normalize
from reconciler.sip.occupancy import PENDING, Slot, pin_key, slots_of
from reconciler.sip.ordering.operation import Operation
from reconciler.sip.spec import INBOUND_TRUNK

_GROUPS = 6
"""Up to so many entries, or groups of them, every choice of them is looked at; of more only some are."""

_RULE_LISTS = ("trunks", "callers", "numbers")
_PHONE_NUMBERS = ("numbers", "callers")
_TRUNK_LISTS = (*_PHONE_NUMBERS, "allowed_addresses")


class Entry(NamedTuple):
    """An entry of a list: the path of the list, and the entry as LiveKit compares it."""

    path: str
    key: str


Involved: TypeAlias = Callable[[Entry], frozenset[int]]
"""Which other objects have to do with an entry."""

IsFree: TypeAlias = Callable[[Slot], bool]
"""Whether nobody else has, or will have, a slot."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An object at a moment: None as long as it is absent. `gone` and `come` are the entries that differ from the old
    one; a finished object (`is_new`) has all of them."""

    fields: Fields | None
    slots: frozenset[Slot]
    key: str
    gone: frozenset[Entry] = frozenset()
    come: frozenset[Entry] = frozenset()
    is_old: bool = False
    is_new: bool = False

    @property
    def is_absent_between(self) -> bool:
        """Whether the object is gone, and comes back."""
        return self.fields is None and not (self.is_old or self.is_new)

    def leads_to(self, other: Moment) -> bool:
        """Whether a write may turn this one into the other: never back to what it was."""
        if self.is_new or other.is_old or self is other:
            return False
        if other.is_new:  # under another id it can only be created
            return self.fields is None or self.key == other.key
        if self.fields is None:
            return False
        return other.fields is None or (self.gone <= other.gone and self.come <= other.come)


def moments(
    one: Operation,
    era: Era,
    involved: Involved,
    is_free: IsFree,
    *,
    is_recreated: bool,
    may_go: bool,
    one_by_one: bool,
) -> list[Moment]:
    """All that an object can be on the way of one operation, the old one first and the new one last.

    A slot that it has neither before nor after has to be free. `is_recreated`: it comes back under another id, which
    rules have to know; `may_go`: it may be absent in between, because nobody asks for its id. `one_by_one`: where there
    are few entries each moves on its own, not with those that the same objects have to do with.
    """
    new_key = f"{PENDING}{one.name}" if is_recreated else one.key
    old = _moment(one, one.before, era, one.key, is_old=True)
    new = _moment(one, one.after, era, new_key, is_new=True)
    found = [old]
    found += [
        between
        for between in _between(one, old, new, era, involved, one_by_one)
        if all(is_free(slot) for slot in between.slots - old.slots - new.slots)
    ]
    if one.before is not None and one.after is not None and (is_recreated or may_go):
        found.append(_moment(one, None, era, one.key))
    return [*found, new]


def _moment(
    one: Operation,
    fields: Fields | None,
    era: Era,
    key: str,
    *,
    is_old: bool = False,
    is_new: bool = False,
) -> Moment:
    slots = frozenset(slots_of(one.kind, fields, era)) if fields is not None else frozenset()
    return Moment(fields, slots, key, is_old=is_old, is_new=is_new)


def _between(
    one: Operation, old: Moment, new: Moment, era: Era, involved: Involved, one_by_one: bool
) -> Iterator[Moment]:
    if old.fields is None:
        return
    paths = _lists_of(one.kind)
    turning = _turning(one.kind, paths, old, new)
    for off, on in _choices(_groupings(turning, involved, one_by_one)):
        fields = _changed(one.kind, paths, old.fields, new.fields, off, on)
        if fields is None or (
            on and not _lets_in_no_stranger(one.kind, fields, old.fields, new.fields)
        ):
            continue
        slots = slots_of(one.kind, fields, era)
        if len(set(slots)) == len(slots):  # two spellings of a number conflict with each other
            yield Moment(fields, frozenset(slots), one.key, off, on)


@dataclass(slots=True)
class _Turning:
    """The entries of all lists that may go or come on the way.

    `stay` are those that the new object has as well, and may do without for a while. `few` are the entries of lists
    that were open to everybody: with the first of them the list lets go of that, whoever it is.
    """

    gone: list[Entry]
    stay: list[Entry]
    come: list[Entry]
    few: list[Entry]

    @property
    def count(self) -> int:
        """How many entries there are."""
        return len(self.gone) + len(self.stay) + len(self.come) + len(self.few)


def _turning(kind: str, paths: Iterable[str], old: Moment, new: Moment) -> _Turning:
    found = _Turning([], [], [], [])
    for path in paths:
        before = entries_of(kind, path, old.fields or {})
        after = entries_of(kind, path, new.fields or {})
        found.gone += [entry for entry in before if entry not in after]
        found.stay += [entry for entry in before if entry in after]
        comes = found.come if before else found.few
        comes += [entry for entry in after if entry not in before]
    if old.slots == new.slots:
        found.stay = []  # nothing is taken over, so nothing has to be let go of for a while
    return found


_Group: TypeAlias = tuple[tuple[Entry, ...], tuple[Entry, ...]]
"""Entries that go together, and entries that come together; one of the two is empty."""


def _groupings(turning: _Turning, involved: Involved, one_by_one: bool) -> list[list[_Group]]:
    """Which entries go and come together: those that the same others have to do with, or in detail, those of one list,
    or where there are few, none."""
    if one_by_one and turning.count <= _GROUPS:
        singles: list[_Group] = [((entry,), ()) for entry in (*turning.gone, *turning.stay)]
        return [singles + [((), (entry,)) for entry in (*turning.come, *turning.few)]]
    by_others: list[_Group] = [(one, ()) for one in _together(turning.gone, involved)]
    by_others += [(one, ()) for one in _together(turning.stay, involved)]
    by_others += [((), one) for one in _together(turning.come, involved)]
    by_others += [((), one) for one in _together(turning.few, _of_its_list)]
    if not one_by_one:
        return [by_others]
    by_list: list[_Group] = [(one, ()) for one in _together(turning.gone, _of_its_list)]
    by_list += [(one, ()) for one in _together(turning.stay, _of_its_list)]
    by_list += [((), one) for one in _together((*turning.come, *turning.few), _of_its_list)]
    return [by_others, by_list]


def _of_its_list(entry: Entry) -> frozenset[int]:
    """All entries of a list alike."""
    return frozenset((-1,))


def _together(entries: Iterable[Entry], involved: Involved) -> list[tuple[Entry, ...]]:
    """Entries of one list that the same others have to do with; those that nobody has to do with are left out."""
    groups: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        others = involved(entry)
        if others:
            groups.setdefault((entry.path, others), []).append(entry)
    return [tuple(group) for group in groups.values()]


_Choice: TypeAlias = tuple[frozenset[Entry], frozenset[Entry]]
"""All entries that are gone, and all that have come."""


def _choices(groupings: Iterable[Sequence[_Group]]) -> Iterable[_Choice]:
    """Some of the groups, or all of them; where there are many, only one or all at a time."""
    found: dict[_Choice, None] = {}
    for groups in groupings:
        for chosen in _some(groups):
            off = frozenset(entry for gone, _ in chosen for entry in gone)
            on = frozenset(entry for _, come in chosen for entry in come)
            found[off, on] = None
    return found


def _some(groups: Sequence[_Group]) -> Iterator[tuple[_Group, ...]]:
    if len(groups) <= _GROUPS:
        for count in range(1, len(groups) + 1):
            yield from combinations(groups, count)
        return
    yield from ((group,) for group in groups)
    for side in (0, 1):
        if some := tuple(group for group in groups if group[side]):
            yield some
    yield tuple(groups)


def entries_of(kind: str, path: str, fields: Fields) -> dict[Entry, str | Reference]:
    """The entries of a list, each with what stands for it there; empty where there is no list.

    A trunk's numbers are compared in normal form, a rule's byte for byte (SIP-SEMANTICS 4).
    """
    value = fields.get(path)
    if isinstance(value, References):
        return {Entry(path, reference_key(one)): one for one in value.entries}
    if not isinstance(value, TextList):
        return {}
    if kind == INBOUND_TRUNK.name and path in _PHONE_NUMBERS:
        return {Entry(path, normalize(text)): text for text in value.written}
    return {Entry(path, text): text for text in value.written}


def reference_key(one: Reference) -> str:
    """The id of a trunk, or what stands for the one that it will get."""
    return one.id if one.id is not None else f"{PENDING}{one.name}"


def _changed(
    kind: str,
    paths: Iterable[str],
    old: Fields,
    new: Fields | None,
    off: Collection[Entry],
    on: Collection[Entry],
) -> Fields | None:
    """The old object with entries taken off and put on; None where a list would be empty."""
    fields: dict[str, Value] = dict(old)
    for path in paths:
        if not any(entry.path == path for entry in (*off, *on)):
            continue
        kept = [one for entry, one in entries_of(kind, path, old).items() if entry not in off]
        if new is not None:
            kept += [one for entry, one in entries_of(kind, path, new).items() if entry in on]
        if not kept:
            return None
        fields[path] = _list(kind, path, kept)
    return fields


def _list(kind: str, path: str, kept: Sequence[str | Reference]) -> Value:
    texts = [one for one in kept if isinstance(one, str)]
    if not texts:
        return References(tuple(one for one in kept if isinstance(one, Reference)))
    is_trunk = kind == INBOUND_TRUNK.name and path in _PHONE_NUMBERS
    return phone_numbers(texts) if is_trunk else text_set(texts)


def _lets_in_no_stranger(kind: str, between: Fields, old: Fields, new: Fields | None) -> bool:
    """Whether everybody who gets in is let in by the old object or by the new one."""
    paths = _lists_of(kind)
    grown = {path for path in paths if not _is_within(kind, path, between, old)}
    if not grown:
        return True  # a list that was open to everybody has become one of a few
    if new is None or _credentials(kind, old) != _credentials(kind, new):
        return False
    # Who gets in by an added entry passes all the other lists as they are now: they must be no wider than the new ones.
    wide = {path for path in paths if not _is_within(kind, path, between, new)}
    return not wide or (len(grown) == 1 and wide == grown)


def _credentials(kind: str, fields: Fields) -> object:
    """What a caller has to know."""
    if kind != INBOUND_TRUNK.name:
        return pin_key(fields)
    return {path: value for path, value in fields.items() if path.startswith("auth.")}


def _is_within(kind: str, path: str, inner: Fields, outer: Fields) -> bool:
    """Whether a list lets in nobody whom the other one keeps out; an empty one is for everybody."""
    allowed = entries_of(kind, path, outer).keys()
    have = entries_of(kind, path, inner).keys()
    return not allowed or (bool(have) and have <= allowed)


def _lists_of(kind: str) -> tuple[str, ...]:
    return _TRUNK_LISTS if kind == INBOUND_TRUNK.name else _RULE_LISTS


def involved_in(objects: Sequence[Operation]) -> Callable[[int], Involved]:
    """For each of some objects, which of the others have to do with an entry of its lists."""
    mentioned: dict[Entry, set[int]] = defaultdict(set)
    for place, one in enumerate(objects):
        if one.kind == INBOUND_TRUNK.name:
            mentioned[Entry("trunks", one.key)].add(place)
        for fields in (one.before, one.after):
            for path in _lists_of(one.kind) if fields is not None else ():
                for entry in entries_of(one.kind, path, fields or {}):
                    mentioned[_alike(entry)].add(place)

    def of(place: int) -> Involved:
        return lambda entry: frozenset(mentioned[_alike(entry)] - {place})

    return of


def _alike(entry: Entry) -> Entry:
    """An entry as trunks and rules can both have it."""
    return entry if entry.path == "trunks" else Entry(entry.path, normalize(entry.key))
