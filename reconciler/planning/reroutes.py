"""Which calls meet something else when a plan is applied: another room, other agents, another rule, or nobody.

Only numbers that a changed trunk or rule has to do with are called, on both sides, by the same simulator that `explain`
asks: from every caller, address and PIN that the objects of a number tell apart, and from one of each that nobody
mentions. Of a large project not all such calls are made; how many numbers were not called is told.

It is a comparison of two projects and knows of no plan: a drift reads it the other way round.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from typing import Final, NamedTuple, TypeAlias

import msgspec

from reconciler.planning.routes import Routes, agents_of, is_authenticated
from reconciler.sip.numbers import normalize
from reconciler.sip.occupancy import trunk_keys
from reconciler.sip.ordering.calls import ELSEWHERE, sources_of
from reconciler.sip.rooms import masked
from reconciler.sip.routing.call import Answer, Call, Outcome, PinUnknown
from reconciler.sip.routing.pins import is_known
from reconciler.sip.routing.room import is_hidden
from reconciler.sip.routing.rules import Rule
from reconciler.sip.routing.trunks import Trunk

ANY_CALLER: Final = "<caller>"
"""Stands for a caller whom no object mentions."""
ANY_SOURCE: Final = "<address>"
"""Stands for an address that no object allows."""
ANY_NUMBER: Final = "<number>"
"""Stands for a number that no object mentions."""

_MOST_CALLS: Final = 4_000
# Of one number so many are told apart, those first that only one side mentions.
_CALLERS, _SOURCES, _PINS = 16, 8, 4
_Object: TypeAlias = Trunk | Rule


class PinSide(enum.StrEnum):
    """Where a rule has a PIN: it may be changed as well."""

    BOTH = "both"
    BEFORE = "before"
    AFTER = "after"


class Pin(NamedTuple):
    """The PIN of a rule, which itself is not told."""

    rule: str
    side: PinSide


@dataclass(frozen=True, slots=True)
class Reroute:
    """Calls that meet the same before, and the same after.

    `callers` and `sources` are empty where it does not matter who calls, and from where; ANY_CALLER among them is
    everybody whom no object mentions, ANY_SOURCE every other address. `pin` is what is entered where one is asked for.
    `call` is one of them.
    """

    numbers: tuple[str, ...]
    callers: tuple[str, ...]
    sources: tuple[str, ...]
    pin: Pin | None
    call: Call
    before: Answer
    after: Answer


@dataclass(frozen=True, slots=True)
class Reroutes:
    """All of them, those first that reach nobody any more. `uncalled`: so many numbers were not looked at."""

    found: tuple[Reroute, ...] = ()
    uncalled: int = 0


class _Asked(NamedTuple):
    """Who calls one number, from where, and with which PINs."""

    callers: Sequence[str]
    sources: Sequence[str]
    pins: Mapping[str, Pin]


def reroutes(before: Routes, after: Routes) -> Reroutes:
    """The calls that two projects answer differently."""
    sides = (_Side(before), _Side(after))
    numbers = sorted(_numbers(*sides), key=lambda text: (text == ANY_NUMBER, text), reverse=True)
    groups: dict[Hashable, list[Reroute]] = {}
    left = _MOST_CALLS
    while numbers and left > 0:
        number = numbers.pop()
        asked = _asked(number, *sides)
        left -= len(asked.callers) * len(asked.sources) * (1 + len(asked.pins))
        for one in _of_number(number, asked, before, after):
            key = (one.callers, one.sources, one.call.pin, _met(one.before), _met(one.after))
            groups.setdefault(key, []).append(one)
    found = [
        replace(group[0], numbers=tuple(one.numbers[0] for one in group))
        for group in groups.values()
    ]
    found.sort(key=lambda one: (_gravity(one), one.numbers))
    return Reroutes(tuple(found), len(numbers))


def _gravity(one: Reroute) -> int:
    """0 for calls that reach nobody any more, 1 for those that go elsewhere, 2 for those that get through now."""
    if one.after.outcome is not Outcome.ACCEPTED:
        return 0
    return 1 if one.before.outcome is Outcome.ACCEPTED else 2


# ---------------------------------------------------------------------------------------------------------------------
# The calls to one number
# ---------------------------------------------------------------------------------------------------------------------


def _of_number(number: str, asked: _Asked, before: Routes, after: Routes) -> Iterator[Reroute]:
    """Calls that are answered differently, those together that differ in the caller or the source alone."""
    met: dict[Hashable, dict[str, list[Reroute]]] = {}
    for caller, source in product(asked.callers, asked.sources):
        for one in _of_caller(Call(caller, number, source), asked.pins, before, after):
            key = (one.call.pin, _met(one.before), _met(one.after))
            met.setdefault(key, {}).setdefault(caller, []).append(one)
    for by_caller in met.values():
        alike: dict[tuple[str, ...], list[Reroute]] = {}
        for found in by_caller.values():
            alike.setdefault(tuple(one.sources[0] for one in found), []).append(found[0])
        for sources, found in alike.items():
            callers = tuple(one.callers[0] for one in found)
            yield replace(
                found[0],
                callers=() if len(callers) == len(asked.callers) else callers,
                sources=() if len(sources) == len(asked.sources) else tuple(map(_shown, sources)),
            )


def _of_caller(call: Call, pins: Mapping[str, Pin], before: Routes, after: Routes) -> list[Reroute]:
    """A call without a PIN and with each of some, as far as the answers differ and tell something else each."""
    found: dict[Hashable, Reroute] = {}
    for pin in ("", *pins):
        asked = msgspec.structs.replace(call, pin=pin)
        try:
            now, then = before.answer(asked), after.answer(asked)
        except PinUnknown:
            continue  # what somebody meets who enters a PIN that is not known here
        if not _is_same(now, then):
            one = Reroute(
                (call.called,), (call.caller,), (call.source,), pins.get(pin), asked,
                _readable(now), _readable(then),
            )  # fmt: skip
            found.setdefault((_met(now), _met(then)), one)
    several = list(found.values())
    # Being asked for a PIN is half the story where somebody who has it meets something else, too.
    whole = [one for one in several if Outcome.PIN_REQUIRED not in _outcomes(one)]
    return whole or several


def _outcomes(one: Reroute) -> tuple[Outcome, Outcome]:
    return one.before.outcome, one.after.outcome


def _readable(answer: Answer) -> Answer:
    """What is left of a hidden number that stands for any."""
    if answer.rule is None or answer.room is None or not is_hidden(answer.rule):
        return answer
    return msgspec.structs.replace(answer, room=answer.room.replace(masked(ANY_CALLER), "<last 4>"))


def _shown(source: str) -> str:
    return ANY_SOURCE if source == ELSEWHERE else source


def _is_same(before: Answer, after: Answer) -> bool:
    """Whether a caller would notice nothing. Which trunk the call came by does not matter, which rule it met does."""
    if before.outcome is not after.outcome:
        return False
    if before.outcome not in (Outcome.ACCEPTED, Outcome.PIN_REQUIRED):
        return True
    return (
        _is_one(before.rule, after.rule)
        and before.room == after.room
        and before.identity == after.identity
        and is_authenticated(before) == is_authenticated(after)
        and agents_of(before) == agents_of(after)
    )


def _is_one(before: Rule | None, after: Rule | None) -> bool:
    """Whether it is the same rule: renamed, or created anew under its name, it still is."""
    if before is None or after is None:
        return before is after
    return before.id == after.id or before.label == after.label


def _met(answer: Answer) -> Hashable:
    """What a call meets, whatever its number: calls that meet the same are told together."""
    rule = answer.rule
    return (
        answer.outcome,
        (rule.label, rule.kind, rule.room) if rule is not None else None,
        is_authenticated(answer),
        tuple(agents_of(answer)),
    )


def _asked(number: str, before: _Side, after: _Side) -> _Asked:
    """What the objects of a number tell apart on either side."""
    sides = (before.objects_of(number), after.objects_of(number))
    callers = _one_sided_first(
        *((text for one in side for text in one.texts("callers")) for side in sides)
    )
    trunks = [one for one in chain(*sides) if isinstance(one, Trunk)]
    is_filtered = any(one.texts("allowed_addresses") for one in trunks)
    sources = [*sorted(sources_of(trunks))[:_SOURCES], ELSEWHERE] if is_filtered else [""]
    return _Asked([ANY_CALLER, *callers[:_CALLERS]], sources, _pins(*sides))


def _pins(before: Iterable[_Object], after: Iterable[_Object]) -> dict[str, Pin]:
    """The PINs that are known, each with a rule that has it."""
    old, new = (
        {one.pin: one.label for one in side if isinstance(one, Rule) and is_known(one.fields)}
        for side in (before, after)
    )
    found = {}
    for pin in _one_sided_first(old, new)[: _PINS + 1]:
        side = PinSide.BOTH if pin in old and pin in new else PinSide.BEFORE
        side = side if pin in old else PinSide.AFTER
        found[pin] = Pin(new.get(pin) or old[pin], side)
    found.pop("", None)  # rules without one
    return found


def _one_sided_first(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """What is mentioned on one side only comes first: of long lists that is what a change is about."""
    old, new = set(before), set(after)
    return [*sorted(old ^ new), *sorted(old & new)]


# ---------------------------------------------------------------------------------------------------------------------
# The numbers that are called
# ---------------------------------------------------------------------------------------------------------------------


class _Side:
    """One of the two projects, its objects found by the numbers that they have to do with."""

    def __init__(self, routes: Routes) -> None:
        self.router = routes.router
        self.objects: tuple[_Object, ...] = (*self.router.trunks.all, *self.router.rules.all)
        self._trunks: dict[str | None, list[Trunk]] = {}
        self._rules: dict[tuple[str | None, str | None], list[Rule]] = {}
        for trunk in self.router.trunks.all:
            for number in dict.fromkeys(map(normalize, trunk.texts("numbers"))) or (None,):
                self._trunks.setdefault(number, []).append(trunk)
        for rule in self.router.rules.all:
            for group, number in product(rule.trunks or (None,), rule.numbers or (None,)):
                self._rules.setdefault((group, number), []).append(rule)

    def objects_of(self, number: str) -> list[_Object]:
        """The trunks that may take a call to a number, and the rules that may answer it."""
        normal = normalize(number)
        trunks = [*self._trunks.get(normal, ()), *self._trunks.get(None, ())]
        groups = (None, *(trunk.id for trunk in trunks))
        rules = (self._rules.get(key, ()) for key in product(groups, (number, None)))
        return [*trunks, *dict.fromkeys(chain.from_iterable(rules))]

    def numbers_of(self, one: _Object) -> Sequence[str]:
        """The numbers that an object has to do with; none stands for any number."""
        numbers = one.texts("numbers")
        if numbers or isinstance(one, Trunk):
            return numbers
        found: list[str] = []
        for key in one.trunks:
            trunk = self.router.trunks.by_id.get(key)
            if trunk is not None:
                numbers = trunk.texts("numbers")
                if not numbers:
                    return ()
                found += numbers
        return found

    def all_numbers(self) -> Iterator[str]:
        """Every number that is mentioned."""
        for one in self.objects:
            yield from one.texts("numbers")


def _numbers(before: _Side, after: _Side) -> set[str]:
    """The numbers whose calls may be answered differently, in all their spellings: to a rule each is another number."""
    changed = list(_changed(before, after))
    if not changed:
        return set()
    spellings: dict[str, set[str]] = {}
    for text in chain(before.all_numbers(), after.all_numbers()):
        spellings.setdefault(normalize(text), set()).add(text)
    found: set[str] = set()
    fails = any(side.router.rules.failure(None) is not None for side in (before, after))
    for side, one in changed:
        numbers = side.numbers_of(one)
        if fails or not numbers:
            # Rules that trip the server up fail calls to numbers that they do not mention.
            return {ANY_NUMBER}.union(*spellings.values())
        found.update(*(spellings[normalize(text)] for text in numbers))
    return found


def _changed(before: _Side, after: _Side) -> Iterator[tuple[_Side, _Object]]:
    """Both selves of each object that is not the same on both sides."""
    old, new = ({one.id: one for one in side.objects} for side in (before, after))
    for key in old.keys() | new.keys():
        was, is_now = old.get(key), new.get(key)
        if was is None or is_now is None or _traits(was) != _traits(is_now):
            yield from ((side, one) for side, one in ((before, was), (after, is_now)) if one)


def _traits(one: _Object) -> object:
    """What makes an object another one: a trunk is known to rules by its id, whatever else a reference says."""
    fields = {path: value for path, value in one.fields.items() if path != "trunks"}
    return fields, sorted(trunk_keys(one.fields)) if isinstance(one, Rule) else None
