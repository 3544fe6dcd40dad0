"""Trunks that LiveKit stores and cannot choose between: a call that several of them match fails (SIP-SEMANTICS 15, 16).

What shares a slot is a conflict, and told as such. Here is what its check for conflicts does not see: "from anybody"
beside "from these callers" (SIP-SEMANTICS 6), and to old servers a number in two spellings (SIP-SEMANTICS 8).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.lint.addresses import Networks
from reconciler.lint.facts import Facts, texts_of
from reconciler.lint.report import report
from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize

_ANY = ("",)
_DECIDING = ("numbers", "callers", "allowed_addresses")


class Rivals(NamedTuple):
    """Two trunks, or one with itself, that a call to a number matches: `field` says what of the first is to blame."""

    one: Desired
    other: Desired
    number: str
    field: str


class Meetings:
    """Whether a call can come from where two trunks both let it in; two lists are compared once, whoever has them."""

    def __init__(self) -> None:
        self._networks: dict[tuple[str, ...], Networks] = {}
        self._known: dict[tuple[Networks, Networks], bool] = {}

    def can_happen(self, one: Desired, other: Desired) -> bool:
        """Whether some source address, or host, passes both lists."""
        key = (self._of(one), self._of(other))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = key[0].overlaps(key[1])
        return found

    def _of(self, one: Desired) -> Networks:
        entries = texts_of(one, "allowed_addresses")
        found = self._networks.get(entries)
        if found is None:
            found = self._networks[entries] = Networks(entries)
        return found


def check_ambiguous(facts: Facts) -> Iterator[Finding]:
    """Each trunk with the first one that gets in its way."""
    trunks = [one for one in facts.inbound if facts.decides(one, *_DECIDING)]
    meetings = Meetings()
    told: set[str] = set()
    for found in _rivals(trunks, facts.era):
        one, other = found.one, found.other
        if one.name in told or not (one is other or meetings.can_happen(one, other)):
            continue
        told.add(one.name)
        yield _report(found)


def _rivals(trunks: Sequence[Desired], era: Era) -> Iterator[Rivals]:
    yield from _some_beside_all(trunks)
    if era is Era.OLD:
        yield from _spelt_twice(trunks)


def _some_beside_all(trunks: Sequence[Desired]) -> Iterator[Rivals]:
    """Trunks for some callers, with those that have the same number for all."""
    # Two of one spelling conflict, so the first one is enough.
    for_all: dict[str, dict[str, Desired]] = {}
    for one in trunks:
        if not texts_of(one, "callers"):
            for text in texts_of(one, "numbers") or _ANY:
                for_all.setdefault(normalize(text), {}).setdefault(text, one)
    for one in trunks:
        if texts_of(one, "callers"):
            for number in dict.fromkeys(map(normalize, texts_of(one, "numbers") or _ANY)):
                for other in for_all.get(number, {}).values():
                    yield Rivals(one, other, number, "callers")


def _spelt_twice(trunks: Sequence[Desired]) -> Iterator[Rivals]:
    """Trunks that have one number in two spellings, for the same callers."""
    spellings: dict[str, set[str]] = {}
    for one in trunks:
        for text in texts_of(one, "numbers"):
            spellings.setdefault(normalize(text), set()).add(text)
    taken: dict[tuple[str, str], dict[str, Desired]] = {}
    for one in trunks:
        callers = dict.fromkeys(map(normalize, texts_of(one, "callers") or _ANY))
        for text in texts_of(one, "numbers"):
            number = normalize(text)
            for caller in callers if len(spellings[number]) > 1 else ():
                holders = taken.setdefault((number, caller), {})
                for spelling, other in holders.items():
                    if spelling != text:
                        yield Rivals(one, other, number, "numbers")
                holders.setdefault(text, one)


def _report(found: Rivals) -> Finding:
    one, other = found.one, found.other
    told = f'"{other.name}" ({other.origin.mark()})'
    if one is other:
        message = f"{found.number} stands here in two spellings, which are two trunks to this server: the calls fail"
        fix = "write it once"
    elif found.field == "numbers":
        message = f"{told} has {found.number} in another spelling: this server stores both, and fails the calls to it"
        fix = "let one trunk have it, or tell them apart by callers or allowed_addresses"
    else:
        what = f"calls to {found.number}" if found.number else "calls to numbers that no trunk has"
        message = f"{told} takes {what} from anybody, from these callers too: LiveKit takes neither of the two, "
        message += "the call fails"
        fix = "tell them apart by allowed_addresses, or let one trunk take them all"
    return report("ambiguous-trunks", one, found.field, message, fix)
