"""Numbers that cannot be one, and numbers that a rule will never see.

LiveKit compares the numbers of a trunk in normal form and those of a rule byte for byte: what the one accepts the
other may never match. And a rule's `callers` are those who call, which is the word that is misread most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.core.values import TextList
from reconciler.lint.facts import Facts, texts_of
from reconciler.lint.report import report
from reconciler.sip.numbers import normalize

# More trunks of one rule are not told by name.
_SHOWN = 3
_LISTS = ("numbers", "callers")
# The North American plan has one length. Most projects have no other numbers, and then need no library for them.
_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{9}")
_E164 = re.compile(r"\+[0-9]{7,15}")
_DIGITS = re.compile(r"\+?[0-9]+")
# Punctuation and schemes that LiveKit does not take away: to it such a text is a name, and no call has it.
_MEANT_AS_NUMBER = re.compile(
    r"(?:tel:|sips?:)?[+0-9\s().\-/\u2010-\u2015]+(?:@.*)?", re.IGNORECASE
)
_FEWEST_DIGITS = 7
# A start of numbers, and what is to stand for the rest of them. LiveKit once knew patterns here, and does no more.
_PATTERN = re.compile(r"\^?(?:\+[0-9]+|[0-9]{5,})(?:\.?[*?{\[\\].*|\.\+.*|[xX]{2,}|\$)")
# What is shorter and has no plus is an extension, and none of the world's business.
_LONGEST_EXTENSION = 6
# Within a country the first digits decide how long a number is; one with other digits and the same start and length is
# judged alike.
_START = 6


def check_numbers(one: Desired, _: Facts) -> Iterator[Finding]:
    """Too long, too short, or of no country; or not even a number to LiveKit."""
    for path in _LISTS:
        listed = one.fields.get(path)
        if not isinstance(listed, TextList):
            continue
        for index, text in enumerate(listed.written):
            if _NORTH_AMERICAN.fullmatch(text):
                continue
            if (meant := misspelt(text)) is not None:
                yield report("number-form", one, f"{path}[{index}]", *meant)
            elif not is_possible(text):
                message = f"{text} cannot be a phone number: no country has one that starts so and is that long"
                fix = "write it as +, country code, number, such as +15550100001, unless calls have just this"
                yield report("impossible-number", one, f"{path}[{index}]", message, fix)


def misspelt(text: str) -> tuple[str, str] | None:
    """What is wrong with a text that means a number and is a name to LiveKit (SIP-SEMANTICS 2), and the way out."""
    if _DIGITS.fullmatch(normalize(text)):
        return None
    if _PATTERN.fullmatch(text):
        message = f"LiveKit knows no patterns: only calls with just the text {text!r} match"
        return message, "list the numbers one by one"
    digits = "".join(one for one in text.partition("@")[0] if one.isascii() and one.isdigit())
    if len(digits) < _FEWEST_DIGITS or not _MEANT_AS_NUMBER.fullmatch(text):
        return None
    message = f"LiveKit takes {text!r} for a name, because more is in it than digits, +, -, ( ) and spaces"
    return message, f"write +{digits}"


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
        if normalize(text) in facts.own_numbers:
            message = f"{text} is a number of your own, and callers are those who call: no call from outside is from it"
            fix = "write it under numbers, which are the numbers called"
            yield report("callers-are-own-numbers", one, f"callers[{index}]", message, fix)
            return


def check_callback(one: Desired, facts: Facts) -> Iterator[Finding]:
    """Who is called from a number that no inbound trunk has calls back to nobody."""
    numbers = one.fields.get("numbers")
    if not (facts.inbound and facts.knows_all and isinstance(numbers, TextList)):
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
        if isinstance(listed, TextList) and facts.owns(rule, path):
            yield from _check_filter(rule, path, listed, facts)


def _check_filter(rule: Desired, path: str, listed: TextList, facts: Facts) -> Iterator[Finding]:
    trunks = facts.trunks_of(rule) or ()
    let_in = facts.let_in(trunks, path)
    kept_out: list[int] = []
    for index, text in enumerate(listed.written):
        normal = normalize(text)
        if misspelt(text) is not None:
            continue
        if let_in.written and normal not in let_in.normal:
            kept_out.append(index)
            continue
        where = f"{path}[{index}]"
        if normal not in (text, f"+{text}"):
            message = f"a rule compares byte for byte, and no call has {text} just so"
            yield report("number-form", rule, where, message, f"write {normal}")
        elif (why := _spelt_otherwise(rule, text, path, trunks, facts)) is not None:
            fix = "write it as the carrier sends it, in both"
            yield report("number-form", rule, where, why, fix)
    if not kept_out:
        return
    names = _names(trunks)
    if len(kept_out) == len(listed.written):
        message = f"no call can reach this rule: none of its {path} is let in by {names}"
        yield report("unreachable-rule", rule, path, message, f"list them in the {path} of a trunk")
        return
    for index in kept_out:
        message = f"no call with {listed.written[index]} is let in by {names}"
        fix = f"list it in the {path} of a trunk, or remove it"
        yield report("number-not-on-trunk", rule, f"{path}[{index}]", message, fix)


def _spelt_otherwise(
    rule: Desired, text: str, path: str, trunks: Sequence[Desired], facts: Facts
) -> str | None:
    """What is to be said of a number that trunks of a rule write with a plus and the rule without, or the other way
    round. A rule for any trunk is beside those of every trunk."""
    normal = normalize(text)
    if trunks:
        written = facts.let_in(trunks, path).written
        if not written or text in written:
            return None
        holder = next(one for one in trunks if normal in facts.listed(one, path).normal)
    else:
        if path != "numbers" or "trunks" in rule.fields or not facts.owns(rule, "trunks"):
            return None
        holders = facts.holders.get(normal)
        if not holders or any(text in facts.listed(one, path).written for one in holders):
            return None
        holder = holders[0]
    other = next(one for one in texts_of(holder, path) if normalize(one) == normal)
    return f'"{holder.name}" has this number as {other}: a trunk takes it either way, a rule only as it is written'


def _names(trunks: Sequence[Desired]) -> str:
    """The names of a rule's trunks in a sentence."""
    shown = ", ".join(f'"{one.name}"' for one in trunks[:_SHOWN])
    return shown + (f" and {len(trunks) - _SHOWN} more" if len(trunks) > _SHOWN else "")
