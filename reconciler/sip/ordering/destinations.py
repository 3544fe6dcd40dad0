"""The calls to one number, and which of them are answered at a moment.

A call is a spelling of the number, a caller, a source address and a PIN: the product of all that the objects of the
number mention at any moment, and one of each that they do not. Every call is a bit of a whole number, and every object
a mask of the calls that it would take, so that one moment costs a few operations on whole numbers however many calls
there are. What the masks are put together to is the routing of `sip/routing`, and a test holds the two together.

Two readings of "answered with this PIN" are looked at side by side: that a rule answers to it, and that a caller who
has it gets through, being asked for it only where no open rule is better (SIP-SEMANTICS 24-26). A call that is asked
for a PIN and has none is not answered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple, TypeAlias

from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize
from reconciler.sip.routing.addresses import (
    Address,
    Prefix,
    is_considered,
    parse_address,
    parse_prefix,
)
from reconciler.sip.routing.rules import Rule, has_no_kind, priority
from reconciler.sip.routing.trunks import Trunk, caller_keys, is_challenged


class Listing(NamedTuple):
    """A trunk, and how often it lists a number; 0 for a trunk for any number."""

    trunk: Trunk
    times: int


TrunkMember: TypeAlias = tuple[int, Sequence[Listing | None]]
RuleMember: TypeAlias = tuple[int, Sequence[Rule | None]]
"""An object, and what it is at each of its moments: None where it has nothing to do with the calls. Its place in a
state is negative for one that never changes."""

Fails: TypeAlias = Callable[[str | None], bool]
"""Whether the server fails all calls of a trunk (None: of no trunk) because of a conflict between rules."""

_MANY = 64
_MANY_CALLS = 1024
# Kinds of room differ in priority by less; a PIN and a missing filter by more (SIP-SEMANTICS 22).
_KINDS = 100
_ANYBODY = "anybody else"
_ELSEWHERE = "192.0.2.254"


class Others(NamedTuple):
    """Callers, source addresses and PINs that are to be told apart although no object of the number mentions them, so
    that all numbers count alike."""

    callers: Sequence[str] = ()
    sources: Sequence[str] = ()
    pins: Sequence[str] = ()


NOBODY: Final = Others()


class Answered(NamedTuple):
    """The calls that are answered, those of them without being asked for a password, and those of callers with a PIN
    that get through although, or because, they are asked for it."""

    calls: int
    unguarded: int
    by_flow: int


class _TrunkMask(NamedTuple):
    key: str
    calls: int
    lists: bool
    twice: bool
    guarded: bool


class _RuleMask(NamedTuple):
    trunks: frozenset[str]
    calls: int
    is_open: bool
    rank: tuple[int, str, str]

    def effect(self, calls: int) -> Hashable:
        """All that decides whether some calls are answered: of two open rules it does not matter which one wins."""
        return self.trunks, self.calls & calls, self.is_open, self.rank[0] // _KINDS


class Destination:
    """The calls to some numbers that no object tells apart.

    `numbers` are in normal form. `moving` are the objects whose moments matter here.
    """

    def __init__(
        self,
        numbers: Sequence[str],
        spellings: Sequence[str],
        trunks: Sequence[TrunkMember],
        rules: Sequence[RuleMember],
        era: Era,
        others: Others,
        *,
        by_from_host: bool,
    ) -> None:
        self.numbers = tuple(numbers)
        self.moving = tuple(place for place, _ in (*trunks, *rules) if place >= 0)
        self._calls = _Calls(spellings, trunks, rules, others, by_from_host=by_from_host)
        self._trunks = [
            (place, [self._calls.trunk(form, era) for form in forms]) for place, forms in trunks
        ]
        self._rules = [
            (place, [self._calls.rule(form) for form in forms]) for place, forms in rules
        ]
        self._known: dict[tuple[int, ...], tuple[int, tuple[int, int]]] = {}
        self._before = self._after = self._kept = Answered(0, 0, 0)

    def settle(
        self, first: Sequence[int], last: Sequence[int], before: Fails | None, after: Fails | None
    ) -> None:
        """Says from which state to which the project goes, and what fails in either."""
        self._before = self._answer(first, before)
        self._after = self._answer(last, after)
        self._kept = Answered(
            self._before.calls & self._after.calls, 0, self._before.by_flow & self._after.by_flow
        )

    @property
    def has_something_to_lose(self) -> bool:
        """Whether any call is answered before and after."""
        return bool(self._kept.calls | self._kept.by_flow)

    def concerns(self, place: int) -> bool:
        """Whether the moments of an object differ for calls that are answered before and after."""
        kept = self._calls.asked(self._kept.calls | self._kept.by_flow)
        return any(
            len({mask and mask._replace(calls=mask.calls & kept) for mask in trunk_masks}) > 1
            for at, trunk_masks in self._trunks
            if at == place
        ) or any(
            len({mask and mask.effect(kept) for mask in rule_masks}) > 1
            for at, rule_masks in self._rules
            if at == place
        )

    def silent(self, state: Sequence[int]) -> int:
        """The calls that are answered before and after, but not now."""
        return self._at(state)[0]

    def cost(self, state: Sequence[int]) -> tuple[int, int]:
        """How many calls hear nothing that are answered before and after, and how many are let in that never are."""
        return self._at(state)[1]

    def _at(self, state: Sequence[int]) -> tuple[int, tuple[int, int]]:
        """The silent calls of a state (the moment of every object by its place), and what the state costs."""
        key = tuple([state[place] for place in self.moving])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._judged(self._answer(state, None))
        return known

    def _judged(self, now: Answered) -> tuple[int, tuple[int, int]]:
        silent = (self._kept.calls & ~now.calls) | (self._kept.by_flow & ~now.by_flow)
        strangers = now.calls & ~(self._before.calls | self._after.calls)
        strangers |= now.unguarded & ~(self._before.unguarded | self._after.unguarded)
        weight = len(self.numbers)
        return silent, (silent.bit_count() * weight, strangers.bit_count() * weight)

    def callers(self, calls: int) -> tuple[str, ...]:
        """The callers of some calls, "" for all that nobody mentions."""
        return self._calls.callers_of(calls)

    def need_pin(self, calls: int) -> bool:
        """Whether all of some calls are of callers with a PIN."""
        return not calls & self._calls.block

    def _answer(self, state: Sequence[int], fails: Fails | None) -> Answered:
        trunks = [
            mask
            for place, masks in self._trunks
            if (mask := masks[state[place] if place >= 0 else 0]) is not None
        ]
        rules = [
            rule
            for place, told in self._rules
            if (rule := told[state[place] if place >= 0 else 0]) is not None
        ]
        rules.sort(key=lambda rule: rule.rank)
        return self._calls.folded(_route(self._calls, trunks, rules, fails))


class _Routed(NamedTuple):
    accepted: int
    prompted: int
    guarded: int


def _route(
    calls: _Calls, trunks: Sequence[_TrunkMask], rules: Sequence[_RuleMask], fails: Fails | None
) -> _Routed:
    """Trunks as SIP-SEMANTICS 14-16 have them, rules as 19-25; rules come with the best first."""
    once, twice = _counted(trunk for trunk in trunks if trunk.lists)
    any_once, any_twice = _counted(trunk for trunk in trunks if not trunk.lists)
    matched = {True: once & ~twice, False: any_once & ~any_twice & ~once}
    left = calls.all & ~once & ~any_once
    if fails is not None and fails(None):
        left = 0
    accepted = prompted = guarded = 0
    for trunk in trunks:
        mine = trunk.calls & matched[trunk.lists]
        if not mine or (fails is not None and fails(trunk.key)):
            continue
        if trunk.guarded:
            guarded |= mine
        for rule in rules:
            if trunk.key in rule.trunks and (hit := mine & rule.calls):
                mine &= ~hit
                accepted |= hit if rule.is_open else hit & ~calls.block
                prompted |= 0 if rule.is_open else hit & calls.block
        left |= mine
    for rule in rules:
        if not rule.trunks and (hit := left & rule.calls):
            left &= ~hit
            accepted |= hit if rule.is_open else hit & ~calls.block
            prompted |= 0 if rule.is_open else hit & calls.block
    return _Routed(accepted, prompted, guarded)


def _counted(trunks: Iterable[_TrunkMask]) -> tuple[int, int]:
    """The calls that at least one of some trunks takes, and those that several take."""
    once = twice = 0
    for trunk in trunks:
        twice |= trunk.calls if trunk.twice else once & trunk.calls
        once |= trunk.calls
    return once, twice


class _Calls:
    """Which bit is which call: PIN by PIN, in each spelling by spelling, in each caller by caller, then sources.

    The first PIN is none at all.
    """

    def __init__(
        self,
        spellings: Sequence[str],
        trunks: Sequence[TrunkMember],
        rules: Sequence[RuleMember],
        others: Others,
        *,
        by_from_host: bool,
    ) -> None:
        trunk_forms = [one.trunk for _, forms in trunks for one in forms if one is not None]
        rule_forms = [form for _, forms in rules for form in forms if form is not None]
        self._by_from_host = by_from_host
        self._spellings = list(spellings)
        callers = [*_callers(trunk_forms, rule_forms), *others.callers]
        self._callers = [*dict.fromkeys(callers), _ANYBODY]
        self._normal = [normalize(caller) for caller in self._callers]
        sources = [*_sources(trunk_forms), *others.sources]
        self._sources = [*dict.fromkeys(sources), _ELSEWHERE]
        pins = [form.pin for form in rule_forms if form.pin]
        self._pins = {
            pin: place for place, pin in enumerate(dict.fromkeys(["", *pins, *others.pins]))
        }
        width = len(self._sources)
        self._per_spelling = width * len(self._callers)
        self._size = self._per_spelling * len(self._spellings)
        self.block = (1 << self._size) - 1
        self._every_pin = _repeated(1, self._size, len(self._pins))
        self.all = self.block * self._every_pin
        one_caller = (1 << width) - 1
        self._of_caller = [
            _repeated(one_caller << place * width, self._per_spelling, len(self._spellings))
            for place in range(len(self._callers))
        ]
        self._of_source = [
            _repeated(1 << place, width, len(self._callers) * len(self._spellings))
            for place in range(width)
        ]
        one_spelling = (1 << self._per_spelling) - 1
        self._of_spelling = [
            one_spelling << place * self._per_spelling for place in range(len(self._spellings))
        ]

    def trunk(self, one: Listing | None, era: Era) -> _TrunkMask | None:
        """The calls that a trunk is a candidate for (SIP-SEMANTICS 14, 17)."""
        if one is None:
            return None
        calls = self._of_trunk_callers(one.trunk) & self._of_trunk_sources(one.trunk)
        twice = era is Era.OLD and one.times > 1
        guarded = is_challenged(one.trunk)
        return _TrunkMask(one.trunk.id, calls * self._every_pin, one.times > 0, twice, guarded)

    def rule(self, form: Rule | None) -> _RuleMask | None:
        """The calls that a rule lets pass, if one of its trunks is theirs (SIP-SEMANTICS 20, 24)."""
        if form is None or has_no_kind(form):
            return None
        calls = self.block
        if form.callers:
            listed = set(form.callers)
            calls &= _joined(
                mask
                for caller, mask in zip(self._callers, self._of_caller, strict=True)
                if caller in listed
            )
        if form.numbers:
            wanted = set(form.numbers)
            calls &= _joined(
                mask
                for text, mask in zip(self._spellings, self._of_spelling, strict=True)
                if text in wanted
            )
        if form.pin:
            calls |= calls << self._pins[form.pin] * self._size
        rank = (priority(form), form.room, form.id)
        return _RuleMask(frozenset(form.trunks), calls, not form.pin, rank)

    def folded(self, routed: _Routed) -> Answered:
        """What a caller with a PIN meets: first without it, then, where it is asked for, with it."""
        accepted, prompted = routed.accepted, routed.prompted
        at_once, by_flow = accepted & self.block, 0
        for place in range(1, len(self._pins)):
            shift = place * self._size
            by_flow |= (at_once | (prompted & (accepted >> shift))) << shift
        return Answered(accepted, accepted & ~routed.guarded, by_flow)

    def asked(self, calls: int) -> int:
        """Some calls, and the same ones before a PIN is asked for."""
        for place in range(1, len(self._pins)):
            calls |= (calls >> place * self._size) & self.block
        return calls

    def callers_of(self, calls: int) -> tuple[str, ...]:
        """The callers of some calls, "" for all that nobody mentions."""
        calls = self.asked(calls)
        return tuple(
            "" if caller == _ANYBODY else caller
            for caller, mask in zip(self._callers, self._of_caller, strict=True)
            if calls & mask
        )

    def _of_trunk_callers(self, form: Trunk) -> int:
        keys = caller_keys(form)
        if None in keys:
            return self.block
        listed = set(keys)
        return _joined(
            mask
            for normal, mask in zip(self._normal, self._of_caller, strict=True)
            if normal in listed
        )

    def _of_trunk_sources(self, form: Trunk) -> int:
        admits = form.addresses(by_from_host=self._by_from_host).admits
        return _joined(
            mask
            for source, mask in zip(self._sources, self._of_source, strict=True)
            if admits(source, "")
        )


def _repeated(mask: int, distance: int, count: int) -> int:
    return sum(mask << place * distance for place in range(count))


def _joined(masks: Iterable[int]) -> int:
    joined = 0
    for mask in masks:
        joined |= mask
    return joined


def _callers(trunks: Iterable[Trunk], rules: Iterable[Rule]) -> list[str]:
    """Every caller that is mentioned; of many, one for each that objects tell apart."""
    lists = [form.texts("callers") for form in trunks] + [form.callers for form in rules]
    found = dict.fromkeys(text for listed in lists for text in listed)
    if len(found) > _MANY:
        alike: dict[str, list[int]] = {}
        for place, listed in enumerate(lists):
            for text in dict.fromkeys(listed):
                alike.setdefault(text, []).append(place)
        # A trunk takes two spellings of a number for one, a rule does not.
        kinds = {(tuple(places), text == normalize(text)): text for text, places in alike.items()}
        found = dict.fromkeys(kinds.values())
    return list(found)


def _sources(trunks: Iterable[Trunk]) -> list[str]:
    """An address of each kind that is allowed somewhere."""
    entries = dict.fromkeys(text for form in trunks for text in form.texts("allowed_addresses"))
    ranges = [found for entry in entries if is_considered(entry) and (found := _range(entry))]
    kinds: dict[tuple[bool, ...], str] = {}
    for prefix in ranges:
        first = prefix.number >> prefix.rest << prefix.rest
        for number in (first, first + (1 << prefix.rest) - 1):
            address = Address(prefix.bits, number)
            kind = tuple(one.contains(address) for one in ranges)
            kinds.setdefault(kind, _spelled(prefix.bits, number))
    return list(kinds.values())


def _range(entry: str) -> Prefix | None:
    """The addresses that an entry allows; None for a host."""
    plain = entry.replace("[", "").replace("]", "")
    address = parse_address(plain)
    return parse_prefix(plain) if address is None else Prefix(address.bits, address.number, 0)


def _spelled(bits: int, number: int) -> str:
    return str(IPv4Address(number) if bits == 32 else IPv6Address(number))


def mentioned(forms: Sequence[Trunk | Rule]) -> Others | None:
    """All callers, addresses and PINs that some objects mention; None where they are too many to be told apart."""
    trunks = [form for form in forms if isinstance(form, Trunk)]
    rules = [form for form in forms if isinstance(form, Rule)]
    lists = [form.texts("callers") for form in trunks] + [form.callers for form in rules]
    callers = dict.fromkeys(text for listed in lists for text in listed)
    pins = dict.fromkeys(form.pin for form in rules if form.pin)
    sources = _sources(trunks)
    if (len(callers) + 1) * (len(pins) + 1) * (len(sources) + 1) > _MANY_CALLS:
        return None
    return Others(list(callers), sources, list(pins))
