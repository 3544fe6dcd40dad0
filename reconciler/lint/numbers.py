"""Numbers that cannot be one, and numbers that a rule will never see.

LiveKit compares the numbers of a trunk in normal form and those of a rule byte for byte: what the one accepts the
other may never match. And a rule's `callers` are those who call, which is the word that is misread most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.core.values import TextList
from reconciler.lint.facts import Facts
from reconciler.lint.report import report
from reconciler.sip.numbers import normalize

_LISTS = ("numbers", "callers")
# The North American plan has one length. Most projects have no other numbers, and then need no library for them.
_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{9}")
_E164 = re.compile(r"\+[0-9]{7,15}")
_DIGITS = re.compile(r"\+?[0-9]+")
# What is shorter and has no plus is an extension, and none of the world's business.
_LONGEST_EXTENSION = 6
# Within a country the first digits decide how long a number is; one with other digits and the same start and length is
# judged alike.
_START = 6


def check_numbers(one: Desired, _: Facts) -> Iterator[Finding]:
    """Too long, too short, or of no country."""
    for path in _LISTS:
        listed = one.fields.get(path)
        if not isinstance(listed, TextList):
            continue
        for index, text in enumerate(listed.written):
            if _NORTH_AMERICAN.fullmatch(text) or is_possible(text):
                continue
            message = f"{text} cannot be a phone number: no country has one that starts so and is that long"
            fix = "write it as +, country code, number: +15550100001"
            yield report("impossible-number", one, f"{path}[{index}]", message, fix)


def is_possible(text: str) -> bool:
    """Whether a text can be a phone number, or is none and means to be none: an extension, a name."""
    normal = normalize(text)
    if not _DIGITS.fullmatch(normal):
        return True
    if not text.startswith("+") and len(normal) - 1 <= _LONGEST_EXTENSION:
        return True
    if not _E164.fullmatch(normal):
        return False
    return bool(
        _NORTH_AMERICAN.fullmatch(normal)
        or _is_length_possible(normal[:_START], len(normal))
        or _asked(normal)
    )


@lru_cache(65_536)
def _is_length_possible(start: str, length: int) -> bool:
    """Whether a number of that length can start so: asked once for all that do, because each costs 20 µs."""
    return _asked(start.ljust(length, "5"))


@lru_cache(65_536)
def _asked(number: str) -> bool:
    # Imported where it is needed: it takes longer than reading a small file.
    from phonenumbers import NumberParseException, is_possible_number, parse

    try:
        return is_possible_number(parse(number, None))
    except NumberParseException:
        return False


def check_callers(one: Desired, facts: Facts) -> Iterator[Finding]:
    """Callers are those who call. Own numbers there mean that no call from outside ever matches."""
    callers = one.fields.get("callers")
    if not isinstance(callers, TextList):
        return
    for index, text in enumerate(callers.written):
        if normalize(text) in facts.numbers_called:
            message = f"{text} is a number of your own, and callers are those who call: calls from outside never match"
            fix = "write it under numbers, which are the numbers called"
            yield report("callers-are-own-numbers", one, f"callers[{index}]", message, fix)
            return


def check_callback(one: Desired, facts: Facts) -> Iterator[Finding]:
    """Who is called from a number that no inbound trunk has calls back to nobody."""
    numbers = one.fields.get("numbers")
    if not (facts.inbound and facts.is_whole and isinstance(numbers, TextList)):
        return
    if facts.has_default_trunk:
        return
    for index, text in enumerate(numbers.written):
        if normalize(text) not in facts.numbers_called:
            message = f"no inbound trunk has {text}: who calls back reaches nobody here"
            fix = "list it in an inbound trunk if calls back are wanted"
            yield report("no-callback", one, f"numbers[{index}]", message, fix)


def check_filters(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """Numbers of a rule that no call through its trunks has, as it is written there (SIP-SEMANTICS 4, 20)."""
    for path in _LISTS:
        listed = rule.fields.get(path)
        if isinstance(listed, TextList):
            yield from _check_filter(rule, path, listed, facts)


def _check_filter(rule: Desired, path: str, listed: TextList, facts: Facts) -> Iterator[Finding]:
    trunks = facts.trunks_of(rule) or ()
    lists = [facts.listed(one, path) for one in trunks]
    if not all(one.written for one in lists):
        lists = []  # one of the trunks lets in everybody
    names = ", ".join(f'"{one.name}"' for one in trunks)
    kept_out: list[int] = []
    for index, text in enumerate(listed.written):
        normal = normalize(text)
        where = f"{path}[{index}]"
        if lists and not any(normal in one.normal for one in lists):
            kept_out.append(index)
        elif normal not in (text, f"+{text}"):
            message = (
                f"a rule compares byte for byte, and no call has {text} with just these characters"
            )
            yield report("number-form", rule, where, message, f"write {normal}")
        elif lists and not any(text in one.written for one in lists):
            other = normal if text != normal else normal[1:]
            message = f"{names} has this number as {other}: a trunk takes it either way, a rule only as it is written"
            yield report(
                "number-form", rule, where, message, "write it as the carrier sends it, in both"
            )
    if kept_out and len(kept_out) == len(listed.written):
        message = f"no call can reach this rule: {names} lets in none of its {path}"
        yield report("unreachable-rule", rule, path, message, f"list them in the {path} of a trunk")
        return
    for index in kept_out:
        message = f"{names} lets in no call with {listed.written[index]}"
        fix = f"list it in the {path} of a trunk, or remove it"
        yield report("number-not-on-trunk", rule, f"{path}[{index}]", message, fix)
