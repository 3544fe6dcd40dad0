"""All calls to one number as the bits of a whole number.

A call is a spelling of the number, a caller, a source address and a PIN: the product of all that the objects of the
number mention at any moment, and one of each that they do not. Every call is a bit, and every object a mask of the
calls that it would take.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
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

# Up to so many callers each is told apart, of more only those that lists tell apart.
_MANY = 64
# Up to so many callers, addresses and PINs together every number tells apart all that any object mentions.
_MANY_CALLS = 1024
# More calls to one number are not looked at: their bits would fill the memory.
_MOST_CALLS = 1 << 18
# Kinds of room differ in priority by less; a PIN and a missing filter by more (SIP-SEMANTICS 22).
_KINDS = 100
_ANYBODY = "anybody else"
ELSEWHERE = "192.0.2.254"
"""An address of documents: nobody calls from there, and nobody should be allowed to."""


class Listing(NamedTuple):
    """A trunk, and how often it lists a number; 0 for a trunk for any number."""

    trunk: Trunk
    times: int


TrunkMember: TypeAlias = tuple[int, Sequence[Listing | None]]
RuleMember: TypeAlias = tuple[int, Sequence[Rule | None]]
"""An object, and what it is at each of its moments: None where it has nothing to do with the calls. Its place in a
state is negative for one that never changes."""


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


class TrunkMask(NamedTuple):
    key: str
    calls: int
    lists: bool
    twice: bool
    guarded: bool


class RuleMask(NamedTuple):
    trunks: frozenset[str]
    calls: int
    is_open: bool
    rank: tuple[int, str, str]

    def effect(self, calls: int) -> Hashable:
        """All that decides whether some calls are answered: of two open rules it does not matter which one wins."""
        return self.trunks, self.calls & calls, self.is_open, self.rank[0] // _KINDS


class Routed(NamedTuple):
    accepted: int
    prompted: int
    guarded: int


class Calls:
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
        sources = [*sources_of(trunk_forms), *others.sources]
        self._sources = [*dict.fromkeys(sources), ELSEWHERE]
        pins = [form.pin for form in rule_forms if form.pin]
        self._pins = {
            pin: place for place, pin in enumerate(dict.fromkeys(["", *pins, *others.pins]))
        }
        self._keep_small()
        self._normal = [normalize(caller) for caller in self._callers]
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

    def _keep_small(self) -> None:
        """Of lists that are huge together only a part is looked at."""
        fixed = len(self._spellings) * len(self._pins)
        while len(self._callers) * len(self._sources) * fixed > _MOST_CALLS:
            longest = max(self._callers, self._sources, key=len)
            if len(longest) == 1:
                return
            del longest[: len(longest) // 2]

    def trunk(self, one: Listing | None, era: Era) -> TrunkMask | None:
        """The calls that a trunk is a candidate for (SIP-SEMANTICS 14, 17)."""
        if one is None:
            return None
        calls = self._of_trunk_callers(one.trunk) & self._of_trunk_sources(one.trunk)
        twice = era is Era.OLD and one.times > 1
        guarded = is_challenged(one.trunk)
        return TrunkMask(one.trunk.id, calls * self._every_pin, one.times > 0, twice, guarded)

    def rule(self, form: Rule | None) -> RuleMask | None:
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
        return RuleMask(frozenset(form.trunks), calls, not form.pin, rank)

    def folded(self, routed: Routed) -> Answered:
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


def sources_of(trunks: Iterable[Trunk]) -> list[str]:
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
    sources = sources_of(trunks)
    if (len(callers) + 1) * (len(pins) + 1) * (len(sources) + 1) > _MANY_CALLS:
        return None
    return Others(list(callers), sources, list(pins))
