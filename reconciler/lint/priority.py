"""Rules that others always win against, or that hide behind a PIN (SIP-SEMANTICS 20-26).

A rule is compared with those of the same trunk that take the same numbers from the same callers, or more of them. Each
rule is entered under what it filters for, and asks for its first trunk, number and caller, with and without: a handful
of look-ups for each rule, however many there are. What is found covers all that the rule could get, or it is not told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.core.values import References, TextList
from reconciler.lint.facts import Facts
from reconciler.lint.report import report

_KINDS = {"direct": 0, "individual": 1, "callee": 2}
_OPEN = 100
_NO_FILTER = 1000
# Trunk, caller, number called; "" for any of them.
Key: TypeAlias = tuple[str, str, str]


class Entrant(NamedTuple):
    """A rule and what decides whether it wins: the priority of its kind and filters, then its room or prefix."""

    rule: Desired
    is_open: bool
    rank: tuple[int, bytes]
    trunks: Sequence[str]
    callers: Sequence[str]
    numbers: Sequence[str]


def check_priority(facts: Facts) -> Iterator[Finding]:
    """Every rule beside the best of those that cover it."""
    entrants = _entrants(facts.rules)
    opened = _best(one for one in entrants if one.is_open)
    locked = _best(one for one in entrants if not one.is_open)
    for one in entrants:
        winner = _winner(one, opened, facts)
        # Whom a PIN stops on the way to the winner may enter the PIN of this rule.
        if winner is not None and (one.is_open or _winner(winner, locked, facts) is None):
            other = f'"{winner.rule.name}" ({winner.rule.origin.mark()})'
            message = f"no call can reach this rule: {other} takes all that this one could"
            fix = "narrow the other rule down by numbers or callers, or remove this one"
            yield report("shadowed-rule", one.rule, "rooms", message, fix)
        elif one.is_open and (guard := _winner(one, locked, facts)) is not None:
            other = f'"{guard.rule.name}" ({guard.rule.origin.mark()})'
            message = (
                f"{other} asks every caller for its PIN first: this rule is reached by # alone"
            )
            fix = "give the two different numbers or callers, or this one a PIN as well"
            yield report("hidden-by-pin", one.rule, "rooms", message, fix)


def _entrants(rules: Sequence[Desired]) -> list[Entrant]:
    """The rules that share a trunk with another; most trunks have one rule, which nobody can be in the way of."""
    count: Counter[str] = Counter()
    for rule in rules:
        count.update(_trunks(rule))
    return [
        entrant
        for rule in rules
        if any(count[name] > 1 for name in _trunks(rule))
        and (entrant := _entrant(rule, _trunks(rule))) is not None
    ]


def _trunks(rule: Desired) -> Sequence[str]:
    return _names(rule, "trunks") or ("",)


def _entrant(rule: Desired, trunks: Sequence[str]) -> Entrant | None:
    fields = rule.fields
    kind = fields.get("rooms")
    if not isinstance(kind, str) or kind not in _KINDS:
        return None
    callers, numbers = _names(rule, "callers"), _names(rule, "numbers")
    is_open = f"rooms.{kind}.pin" not in fields
    priority = _KINDS[kind] + _OPEN * is_open + _NO_FILTER * ((not callers) + (not numbers))
    name = fields.get("rooms.direct.room" if kind == "direct" else f"rooms.{kind}.prefix", "")
    text = name.encode("utf-8", "replace") if isinstance(name, str) else b""
    return Entrant(rule, is_open, (priority, text), trunks, callers, numbers)


def _names(rule: Desired, path: str) -> Sequence[str]:
    value = rule.fields.get(path)
    if isinstance(value, References):
        return [one.name for one in value.entries]
    return value.written if isinstance(value, TextList) else ()


def _best(entrants: Iterator[Entrant]) -> dict[Key, Entrant]:
    """The winner of each combination of filters."""
    found: dict[Key, Entrant] = {}
    for one in entrants:
        for key in product(one.trunks, one.callers or ("",), one.numbers or ("",)):
            if one.rank < found.setdefault(key, one).rank:
                found[key] = one
    return found


def _winner(one: Entrant, best: dict[Key, Entrant], facts: Facts) -> Entrant | None:
    """A rule that wins every call that this one could get."""
    if not best:
        return None
    callers = one.callers or _let_in(one, "callers", facts)
    numbers = one.numbers or _let_in(one, "numbers", facts)
    for key in product(one.trunks[:1], ("", *callers[:1]), ("", *numbers[:1])):
        found = best.get(key)
        if (
            found is not None
            and found.rank < one.rank
            and set(one.trunks) <= set(found.trunks)
            and _covers(found.callers, callers)
            and _covers(found.numbers, numbers)
        ):
            return found
    return None


def _covers(entries: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a filter lets everything through that is wanted; none at all is everything, on both sides."""
    return not entries or (bool(wanted) and set(wanted) <= set(entries))


def _let_in(one: Entrant, path: str, facts: Facts) -> Sequence[str]:
    """What the trunks of a rule without a filter let in, if all of them list something."""
    lists = [facts.listed(trunk, path).written for trunk in facts.trunks_of(one.rule) or ()]
    return sorted(frozenset().union(*lists)) if lists and all(lists) else ()
