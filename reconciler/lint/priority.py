"""Rules that others always win against, or that hide behind a PIN (SIP-SEMANTICS 20-26).

A rule is compared with those of the same trunk that take the same numbers from the same callers, or more of them. Each
rule is entered under what it filters for, and asks for its first trunk, number and caller, with and without: a handful
of look-ups for each rule, however many there are. What is found covers all that the rule could get, or it is not told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import NamedTuple, TypeAlias

from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.core.values import References
from reconciler.lint.facts import Facts, texts_of
from reconciler.lint.report import report
from reconciler.sip.routing.rules import Rule, has_no_kind, priority

_DECIDING = ("trunks", "callers", "numbers", "rooms")
_ANY = ("",)
# Stands for every entry that a filter could have.
_SOME = "*"

Rank: TypeAlias = tuple[int, str]
# PIN, trunk, caller, number called; "" for none or any of them.
Key: TypeAlias = tuple[str, str, str, str]


class Entrant(NamedTuple):
    """A rule and what decides whether it wins: the priority of its kind and filters, then its room or prefix.

    `pin` is "" for an open rule, and where the PIN is not known a text that tells it apart from others.
    """

    rule: Desired
    pin: str
    rank: Rank
    trunks: Sequence[str]
    callers: Sequence[str]
    numbers: Sequence[str]


class Reach(NamedTuple):
    """The callers or the numbers that a rule could get, none for any; `first` is one of them."""

    entries: Collection[str]
    first: Sequence[str]
    by_trunk: bool


def check_priority(facts: Facts) -> Iterator[Finding]:
    """Every rule beside the best of those that cover it."""
    entrants = _entrants(facts)
    if not entrants:
        return
    # The winner among the rules with one PIN, or without; and among those that ask for any.
    by_pin = _best((one.pin, one) for one in entrants)
    guards = _best((_SOME, one) for one in entrants if one.pin)
    prompts = Prompts(entrants, facts)
    for one in entrants:
        reach = _reach(one, "callers", facts), _reach(one, "numbers", facts)
        winner = _winner(one, one.pin, reach, by_pin, facts)
        if winner is None and one.pin:
            # Whoever is asked for a PIN on the way to an open rule may enter that of this one.
            winner = _winner(one, "", reach, by_pin, facts)
            if winner is not None and prompts.come_before(winner, one, reach):
                winner = None
        if winner is not None:
            if not _conflict(one, winner):
                yield _shadowed(one, winner, reach)
        elif not one.pin and (guard := _winner(one, _SOME, reach, guards, facts)) is not None:
            message = f"{_told(guard)} asks every caller for its PIN first: this rule is reached by # alone"
            fix = "give the two different numbers or callers, or this one a PIN as well"
            yield report("hidden-by-pin", one.rule, "rooms", message, fix)


def _shadowed(one: Entrant, winner: Entrant, reach: tuple[Reach, Reach]) -> Finding:
    is_certain = not any(part.by_trunk for part in reach)
    doubt = "" if is_certain else ", as long as numbers come as the trunks write them"
    message = f"no call can reach this rule: {_told(winner)} takes all that this one could{doubt}"
    fix = "narrow the other rule down by numbers or callers, or remove this one"
    return report("shadowed-rule", one.rule, "rooms", message, fix)


def _told(one: Entrant) -> str:
    return f'"{one.rule.name}" ({one.rule.origin.mark()})'


def _entrants(facts: Facts) -> list[Entrant]:
    """The rules that share a trunk with another; most trunks have one rule, which nobody can be in the way of.

    Where somebody else decides about a filter, nobody knows here what the rule gets.
    """
    count: Counter[str] = Counter()
    for rule in facts.rules:
        count.update(_trunks(rule))
    return [
        entrant
        for rule in facts.rules
        if any(count[name] > 1 for name in _trunks(rule))
        and facts.decides(rule, *_DECIDING)
        and (entrant := _entrant(rule)) is not None
    ]


def _trunks(rule: Desired) -> Sequence[str]:
    value = rule.fields.get("trunks")
    return [one.name for one in value.entries] if isinstance(value, References) else _ANY


def _entrant(rule: Desired) -> Entrant | None:
    routed = Rule(rule.name, rule.name, rule.fields)
    if has_no_kind(routed):
        return None
    rank = priority(routed), routed.room
    return Entrant(rule, routed.pin, rank, _trunks(rule), routed.callers, routed.numbers)


def _reach(one: Entrant, path: str, facts: Facts) -> Reach:
    """What a rule lists, else what its trunks let in, if all of them list something."""
    own = texts_of(one.rule, path)
    if own:
        return Reach(own, own[:1], by_trunk=False)
    trunks = facts.trunks_of(one.rule) or ()
    let_in = facts.let_in(trunks, path).written
    return Reach(let_in, texts_of(trunks[0], path)[:1] if let_in else (), bool(let_in))


def _best(entrants: Iterable[tuple[str, Entrant]]) -> dict[Key, Entrant]:
    """The winner of each combination of PIN and filters."""
    found: dict[Key, Entrant] = {}
    for pin, one in entrants:
        for key in product((pin,), one.trunks, one.callers or _ANY, one.numbers or _ANY):
            if one.rank < found.setdefault(key, one).rank:
                found[key] = one
    return found


def _winner(
    one: Entrant, pin: str, reach: tuple[Reach, Reach], best: Mapping[Key, Entrant], facts: Facts
) -> Entrant | None:
    """A rule with this PIN that wins every call that this one could get."""
    callers, numbers = reach
    for key in product((pin,), one.trunks[:1], ("", *callers.first), ("", *numbers.first)):
        found = best.get(key)
        if (
            found is not None
            and found.rank < one.rank
            and (len(one.trunks) == 1 or set(one.trunks) <= set(found.trunks))
            and _covers(facts.listed(found.rule, "callers").written, callers.entries)
            and _covers(facts.listed(found.rule, "numbers").written, numbers.entries)
        ):
            return found
    return None


def _covers(entries: frozenset[str], wanted: Collection[str]) -> bool:
    """Whether a filter lets everything through that is wanted; none at all is everything, on both sides."""
    return not entries or (0 < len(wanted) <= len(entries) and entries.issuperset(wanted))


def _conflict(one: Entrant, other: Entrant) -> bool:
    """Whether a rule and one that covers it share a slot: that is an error, and told as such (SIP-SEMANTICS 9)."""
    return (
        one.pin == other.pin
        and bool(one.callers) == bool(other.callers)
        and bool(one.numbers) == bool(other.numbers)
    )


class Prompts:
    """Which calls are asked for a PIN, whatever for, and how well the rule ranks that does so."""

    def __init__(self, entrants: Sequence[Entrant], facts: Facts) -> None:
        self._asking = [one for one in entrants if one.pin]
        self._facts = facts

    def come_before(self, winner: Entrant, one: Entrant, reach: tuple[Reach, Reach]) -> bool:
        """Whether some call that `one` could get is asked for a PIN before the winner answers it, or may be.

        An open rule wins against one with a PIN only by a filter for all that the trunks let in, so both name trunks.
        """
        if not self._facts.knows_all:
            return True
        callers, numbers = (_alternatives(part.entries) for part in reach)
        for trunk in one.trunks:
            if trunk in self._unknown:
                return True
            found = self._best.get((trunk, _SOME, _SOME))
            if found is None or found >= winner.rank:
                continue
            for key in product((trunk,), callers, numbers):
                found = self._best.get(key)
                if found is not None and found < winner.rank:
                    return True
        return False

    @cached_property
    def _best(self) -> dict[tuple[str, str, str], Rank]:
        found: dict[tuple[str, str, str], Rank] = {}
        for one in self._asking:
            callers, numbers = (*(one.callers or _ANY), _SOME), (*(one.numbers or _ANY), _SOME)
            for key in product(one.trunks, callers, numbers):
                found[key] = min(one.rank, found.get(key, one.rank))
        return found

    @cached_property
    def _unknown(self) -> frozenset[str]:
        """The trunks of rules of which nobody knows here what they ask for."""
        return frozenset(
            name
            for rule in self._facts.rules
            if not self._facts.decides(rule, *_DECIDING)
            for name in _trunks(rule)
        )


def _alternatives(entries: Collection[str]) -> Collection[str]:
    """What a filter may have so that it lets some of these through."""
    return ("", *entries) if entries else (_SOME,)
