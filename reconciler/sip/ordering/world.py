"""The numbers whose calls several writes concern, each with the objects that have to do with it.

A write on its own has no moment in between, and writes that no call notices (a room, a name, metadata) have none that
matters. So only numbers are looked at that two or more of the other writes concern; and numbers that no object tells
apart are looked at once. What is left is small, however large the project is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from reconciler.core.objects import Fields, Live
from reconciler.core.values import TextList
from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize
from reconciler.sip.ordering.calls import NOBODY, Listing, Others
from reconciler.sip.ordering.destinations import Destination, Fails
from reconciler.sip.ordering.moments import Moment
from reconciler.sip.ordering.operation import Operation
from reconciler.sip.routing.rules import Rule, RuleIndex
from reconciler.sip.routing.trunks import Trunk, is_challenged
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK

Form: TypeAlias = Trunk | Rule | None
Numbers: TypeAlias = frozenset[str] | None
"""Numbers in normal form; None for any."""

OTHER: Final = "any other number"
STILL: Final = -1


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lives and stays as it is, and how the server behaves. `broken`: there are conflicts that live now."""

    still: Sequence[Live]
    era: Era
    by_from_host: bool
    is_broken: bool = False


class World:
    """Some objects and their moments, and the calls that more than one of them concerns.

    `others` are told apart at every number. Where only the first objects move (`movers` of them), numbers that concern
    none of these are left out.

    A state has for each object the place of its moment. `by_object` are the destinations that an object moves in,
    `still` the objects of a destination that stay as they are.
    """

    def __init__(
        self,
        objects: Sequence[Operation],
        moments: Sequence[Sequence[Moment]],
        around: Surroundings,
        others: Others = NOBODY,
        movers: int | None = None,
    ) -> None:
        self.first = [0] * len(objects)
        self.last = [len(found) - 1 for found in moments]
        self.destinations: tuple[Destination, ...] = ()
        self.by_object: dict[int, list[Destination]] = defaultdict(list)
        self.still: dict[Destination, list[Live]] = {}
        routing = {
            place: [_form(one, moment) for moment in moments[place]]
            for place, one in enumerate(objects)
            if one.kind in (INBOUND_TRUNK.name, DISPATCH_RULE.name)
        }
        # An object that is written several times has moments in between all by itself.
        writes = {
            place: len(forms) - 1
            for place, forms in routing.items()
            if _is_noticed(forms) and (movers is None or place < movers)
        }
        if sum(writes.values()) < 2:
            return
        builder = _Builder(routing, writes, around, others)
        self.destinations = tuple(builder.destinations())
        self.still = builder.still
        before = after = None
        if around.is_broken:
            before, after = builder.failures(0), builder.failures(-1)
        for one in self.destinations:
            one.settle(self.first, self.last, before, after)
            for place in dict.fromkeys(one.moving):
                self.by_object[place].append(one)

    def cost(self, state: Sequence[int]) -> tuple[int, int]:
        """How many calls hear nothing at this moment, and how many strangers are let in."""
        costs = [one.cost(state) for one in self.destinations if one.has_something_to_lose]
        return sum(silent for silent, _ in costs), sum(strangers for _, strangers in costs)


def _form(one: Operation, moment: Moment) -> Form:
    if moment.fields is None:
        return None
    return form_of(one.kind, moment.key, moment.fields)


def form_of(kind: str, key: str, fields: Fields) -> Trunk | Rule:
    """An object as it takes part in routing."""
    return Trunk(key, "", fields) if kind == INBOUND_TRUNK.name else Rule(key, "", fields)


def _is_noticed(forms: Iterable[Form]) -> bool:
    """Whether a call can tell the moments of an object apart."""
    return len({_behaviour(form) for form in forms}) > 1


def _behaviour(form: Form) -> tuple[Hashable, ...]:
    """All that decides whether a call is answered. Which of two rules answers, both open, does not."""
    if isinstance(form, Trunk):
        callers = frozenset(map(normalize, form.texts("callers")))
        addresses = frozenset(form.texts("allowed_addresses"))
        return form.id, _listed(form), callers, addresses, is_challenged(form)
    if isinstance(form, Rule):
        lists = frozenset(form.trunks), frozenset(form.callers), frozenset(form.numbers)
        return *lists, form.pin, bool(form.kind)
    return ()


def _listed(form: Trunk) -> tuple[str, ...]:
    """The numbers of a trunk in normal form, repeats included."""
    numbers = form.fields.get("numbers")
    return numbers.key if isinstance(numbers, TextList) else ()


@dataclass(slots=True)
class _Index:
    """Members of the world by what leads to them: places are those of objects, or `STILL`."""

    listing: dict[str, dict[int, list[Listing | None]]] = field(default_factory=dict)
    any_number: list[tuple[int, list[Listing | None]]] = field(default_factory=list)
    by_trunk: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    any_trunk: list[int] = field(default_factory=list)
    any_trunk_by_number: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    spellings: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class _Builder:
    """Finds the numbers that matter, and all that has to do with them."""

    def __init__(
        self,
        routing: Mapping[int, list[Form]],
        writes: Mapping[int, int],
        around: Surroundings,
        others: Others,
    ) -> None:
        self.still: dict[Destination, list[Live]] = {}
        self._around = around
        self._others = others
        self._routing = routing
        self._writes = writes
        # Every trunk and every rule with its forms; those that stay have one, and places of their own.
        self._places: list[int] = []
        self._forms: list[list[Form]] = []
        self._lives: list[Live | None] = []
        for place, forms in routing.items():
            self._places.append(place)
            self._forms.append(forms)
            self._lives.append(None)
        for one in around.still:
            if one.kind in (INBOUND_TRUNK.name, DISPATCH_RULE.name):
                self._places.append(STILL)
                self._forms.append([form_of(one.kind, one.id, one.fields)])
                self._lives.append(one)
        self._trunks = [member for member, forms in enumerate(self._forms) if _has(forms, Trunk)]
        self._rules = [member for member, forms in enumerate(self._forms) if _has(forms, Rule)]

    def failures(self, moment: int) -> Fails:
        """Whether the server fails the calls of a trunk, at the first or at the last moment (SIP-SEMANTICS 19)."""
        index = RuleIndex(
            form for member in self._rules if isinstance(form := self._forms[member][moment], Rule)
        )
        return lambda trunk: index.failure(trunk) is not None

    def destinations(self) -> Iterator[Destination]:
        """The numbers that more than one write concerns, those together that nothing tells apart."""
        needed = self._needed()
        if not needed:
            return
        index = self._index(needed)
        groups: dict[Hashable, list[str]] = defaultdict(list)
        members: dict[Hashable, tuple[list[tuple[int, list[Listing | None]]], list[int]]] = {}
        for number in sorted(needed):
            trunks = [*index.listing.get(number, {}).items(), *index.any_number]
            rules = self._rules_of(number, trunks, index)
            spellings = index.spellings.get(number, set())
            alike = (
                tuple(
                    (self._likeness(member, index), tuple(one and one.times for one in listings))
                    for member, listings in trunks
                ),
                # A rule may list this number at one moment, and another one of the same trunks at another.
                tuple((member, self._passes(member, spellings)) for member in rules),
                number if spellings - {number} else "",
            )
            groups[alike].append(number)
            members[alike] = trunks, rules
        for key, numbers in groups.items():
            trunks, rules = members[key]
            yield self._destination(numbers, trunks, rules, index)

    def _destination(
        self,
        numbers: list[str],
        trunks: list[tuple[int, list[Listing | None]]],
        rules: list[int],
        index: _Index,
    ) -> Destination:
        spellings = sorted(index.spellings.get(numbers[0], set()) | {numbers[0]})
        rule_members = [
            (
                self._places[member],
                [form if isinstance(form, Rule) else None for form in self._forms[member]],
            )
            for member in rules
        ]
        found = Destination(
            numbers,
            spellings,
            [(self._places[member], listings) for member, listings in trunks],
            rule_members,
            self._around.era,
            self._others,
            by_from_host=self._around.by_from_host,
        )
        self.still[found] = [
            live
            for member in (*(member for member, _ in trunks), *rules)
            if (live := self._lives[member]) is not None
        ]
        return found

    def _needed(self) -> set[str]:
        """The numbers that two writes concern."""
        numbers_of = self._numbers_of_trunks()
        concerned: Counter[str] = Counter()
        general = 0
        for place, writes in self._writes.items():
            numbers = _reach(self._routing[place], numbers_of)
            if numbers is None:
                general += writes
            else:
                concerned.update(dict.fromkeys(numbers, writes))
        if general >= 2:
            return {OTHER, *self._mentioned()}
        least = 2 - general
        return {number for number, count in concerned.items() if count >= least}

    def _numbers_of_trunks(self) -> dict[str, Numbers]:
        """The numbers of every trunk at any moment, by what rules name it by."""
        found: dict[str, Numbers] = {}
        for member in self._trunks:
            for form in self._forms[member]:
                if isinstance(form, Trunk):
                    listed = frozenset(_listed(form))
                    known = found.get(form.id, frozenset())
                    found[form.id] = None if not listed or known is None else known | listed
        return found

    def _mentioned(self) -> Iterator[str]:
        for member in self._trunks:
            for form in self._forms[member]:
                if isinstance(form, Trunk):
                    yield from _listed(form)
        for member in self._rules:
            for form in self._forms[member]:
                if isinstance(form, Rule):
                    yield from map(normalize, form.numbers)

    def _index(self, needed: set[str]) -> _Index:
        index = _Index()
        for member in self._trunks:
            self._index_trunk(index, member, needed)
        for member in self._rules:
            self._index_rule(index, member, needed)
        return index

    def _index_trunk(self, index: _Index, member: int, needed: set[str]) -> None:
        forms = self._forms[member]
        general: list[Listing | None] = [None] * len(forms)
        for place, form in enumerate(forms):
            if not isinstance(form, Trunk):
                continue
            listed = _listed(form)
            if not listed:
                general[place] = Listing(form, 0)
            for number, times in Counter(listed).items():
                if number in needed:
                    members = index.listing.setdefault(number, {})
                    members.setdefault(member, [None] * len(forms))[place] = Listing(form, times)
            if needed.intersection(listed):
                for text in form.texts("numbers"):
                    index.spellings[normalize(text)].add(text)
        if any(one is not None for one in general):
            index.any_number.append((member, general))

    def _index_rule(self, index: _Index, member: int, needed: set[str]) -> None:
        for form in self._forms[member]:
            if not isinstance(form, Rule):
                continue
            for text in form.numbers:
                normal = normalize(text)
                if normal in needed:
                    index.spellings[normal].add(text)
            if form.trunks:
                for key in dict.fromkeys(form.trunks):
                    index.by_trunk[key].append(member)
            elif not form.numbers:
                index.any_trunk.append(member)
            else:
                for normal in {normalize(text) for text in form.numbers}:
                    index.any_trunk_by_number[normal].append(member)

    def _rules_of(
        self,
        number: str,
        trunks: Sequence[tuple[int, Sequence[Listing | None]]],
        index: _Index,
    ) -> list[int]:
        """The rules that calls to a number can come to, by whichever trunk."""
        keys = dict.fromkeys(
            one.trunk.id for _, listings in trunks for one in listings if one is not None
        )
        found = dict.fromkeys(index.any_trunk)
        found.update(dict.fromkeys(index.any_trunk_by_number.get(number, ())))
        for key in keys:
            found.update(dict.fromkeys(index.by_trunk.get(key, ())))
        spellings = index.spellings.get(number, set())
        return [member for member in found if any(self._passes(member, spellings))]

    def _likeness(self, member: int, index: _Index) -> Hashable:
        """What tells a trunk from others: that it is itself, but for one that stays and that no rule names."""
        form = self._forms[member][0]
        if (
            self._places[member] != STILL
            or not isinstance(form, Trunk)
            or form.id in index.by_trunk
        ):
            return member
        return _behaviour(form)[2:]

    def _passes(self, member: int, spellings: set[str]) -> tuple[bool, ...]:
        """Whether a rule lets calls to a number pass, moment by moment."""
        return tuple(
            isinstance(form, Rule) and (not form.numbers or not spellings.isdisjoint(form.numbers))
            for form in self._forms[member]
        )


def _has(forms: Iterable[Form], kind: type[Trunk] | type[Rule]) -> bool:
    return any(isinstance(form, kind) for form in forms)


def _reach(forms: Iterable[Form], numbers_of: Mapping[str, Numbers]) -> Numbers:
    """The numbers whose calls an object can have to do with at any moment; None for any."""
    found: frozenset[str] = frozenset()
    for form in forms:
        if form is None:
            continue
        numbers = _reach_now(form, numbers_of)
        if numbers is None:
            return None
        found |= numbers
    return found


def _reach_now(form: Trunk | Rule, numbers_of: Mapping[str, Numbers]) -> Numbers:
    if isinstance(form, Trunk):
        return frozenset(_listed(form)) or None
    if form.numbers:
        return frozenset(map(normalize, form.numbers))
    if not form.trunks:
        return None
    found: frozenset[str] = frozenset()
    for key in form.trunks:
        numbers = numbers_of.get(key, frozenset())
        if numbers is None:
            return None
        found |= numbers
    return found
