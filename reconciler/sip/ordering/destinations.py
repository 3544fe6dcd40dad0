"""The calls to one number, and which of them are answered at a moment.

Calls are bits and objects are masks of them (`calls`), so that one moment costs a few operations on whole numbers
however many calls there are. What the masks are put together to is the routing of `sip/routing`, and a test holds the
two together.

Two readings of "answered with this PIN" are looked at side by side: that a rule answers to it, and that a caller who
has it gets through, being asked for it only where no open rule is better (SIP-SEMANTICS 24-26). A call that is asked
for a PIN and has none is not answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from reconciler.sip.era import Era
from reconciler.sip.ordering.calls import (
    Answered,
    Calls,
    Others,
    Routed,
    RuleMask,
    RuleMember,
    TrunkMask,
    TrunkMember,
)

Fails: TypeAlias = Callable[[str | None], bool]
"""Whether the server fails all calls of a trunk (None: of no trunk) because of a conflict between rules."""


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
        self._calls = Calls(spellings, trunks, rules, others, by_from_host=by_from_host)
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


def _route(
    calls: Calls, trunks: Sequence[TrunkMask], rules: Sequence[RuleMask], fails: Fails | None
) -> Routed:
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
    return Routed(accepted, prompted, guarded)


def _counted(trunks: Iterable[TrunkMask]) -> tuple[int, int]:
    """The calls that at least one of some trunks takes, and those that several take."""
    once = twice = 0
    for trunk in trunks:
        twice |= trunk.calls if trunk.twice else once & trunk.calls
        once |= trunk.calls
    return once, twice
