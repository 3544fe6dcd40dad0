"""Slots and conflicts of trunks and rules (SIP-SEMANTICS 5-11)."""

from __future__ import annotations

import time

import pytest

from reconciler.sip.conflicts import (
    Conflict,
    RuleSlot,
    TrunkSlot,
    find_conflicts,
    first_conflict,
    rule_slots,
    trunk_slots,
)
from reconciler.sip.era import Era

A, B = "+15550100001", "+15550100002"
BOTH_ERAS = pytest.mark.parametrize("era", list(Era))


@BOTH_ERAS
def test_a_trunk_occupies_every_pair(era: Era) -> None:
    """Rule 5: called numbers times allowed callers, and any is a value for both."""
    assert list(trunk_slots([A, B], [B], era)) == [TrunkSlot(A, B), TrunkSlot(B, B)]
    assert list(trunk_slots([], [], era)) == [TrunkSlot("", "")]


@BOTH_ERAS
def test_any_is_not_a_wildcard(era: Era) -> None:
    """Rule 6: a trunk for any number does not conflict with one for a number, nor any caller with a caller."""
    trunks = [
        ("any", trunk_slots([], [], era)),
        ("number", trunk_slots([A], [], era)),
        ("caller", trunk_slots([A], [B], era)),
    ]
    assert find_conflicts(trunks) == []


def test_spellings_of_called_numbers_conflict_on_new_servers_only() -> None:
    """Rule 8: old servers compare the called half byte for byte."""
    for era, count in ((Era.OLD, 0), (Era.NEW, 1)):
        trunks = [
            ("a", trunk_slots(["+1555"], [], era)),
            ("b", trunk_slots(["1 555"], [], era)),
        ]
        assert len(find_conflicts(trunks)) == count


@BOTH_ERAS
def test_spellings_of_callers_conflict(era: Era) -> None:
    """Rule 8: the caller half is normalized by both."""
    trunks = [("a", trunk_slots([A], ["1555"], era)), ("b", trunk_slots([A], ["+1555"], era))]
    assert find_conflicts(trunks) == [Conflict(TrunkSlot(A, "+1555"), "a", "b")]


@pytest.mark.parametrize(
    ("numbers", "callers"), [([A, A], []), ([A], ["1555", "+1555"]), ([], ["1", "1"])]
)
def test_a_trunk_that_repeats_itself_conflicts_on_old_servers_only(
    numbers: list[str], callers: list[str]
) -> None:
    """Rule 8: old servers know no repeats, new ones skip them."""
    old = first_conflict([("a", trunk_slots(numbers, callers, Era.OLD))])
    assert old is not None
    assert (old.first, old.second) == ("a", "a")
    assert first_conflict([("a", trunk_slots(numbers, callers, Era.NEW))]) is None


def test_a_rule_occupies_every_combination() -> None:
    """Rule 9: PIN, trunks, callers and called numbers, the last two normalized."""
    slots = list(rule_slots("12", ["ST_a", "ST_b"], ["1555"], []))
    assert slots == [RuleSlot("12", "ST_a", "+1555", ""), RuleSlot("12", "ST_b", "+1555", "")]
    assert list(rule_slots("", [], [], [])) == [RuleSlot("", "", "", "")]


def test_only_equal_slots_of_rules_conflict() -> None:
    """Rule 10: a wildcard rule beside a trunk rule, numbers beside none, PINs beside each other."""
    rules = [
        ("wildcard", rule_slots("", [], [], [])),
        ("trunk", rule_slots("", ["ST_a"], [], [])),
        ("number", rule_slots("", ["ST_a"], [], [A])),
        ("caller", rule_slots("", ["ST_a"], [A], [])),
        ("pin", rule_slots("1", ["ST_a"], [], [])),
    ]
    assert find_conflicts(rules) == []
    again = [*rules, ("again", rule_slots("", ["ST_b", "ST_a"], [], []))]
    again[1] = ("trunk", rule_slots("", ["ST_a"], [], []))
    assert first_conflict(again) == Conflict(RuleSlot("", "ST_a", "", ""), "trunk", "again")


@pytest.mark.parametrize(
    ("trunks", "callers", "called"),
    [(["ST_a", "ST_a"], [], []), ([], ["1", "+1"], []), ([], [], ["1", "(1)"])],
)
def test_a_rule_conflicts_with_itself(
    trunks: list[str], callers: list[str], called: list[str]
) -> None:
    """Rule 11: a repeated trunk, or a number in two spellings."""
    conflict = first_conflict([("a", rule_slots("", trunks, callers, called))])
    assert conflict is not None
    assert (conflict.first, conflict.second) == ("a", "a")


def test_the_first_holder_is_named_for_every_further_one() -> None:
    """Three objects in one slot are two conflicts, both with the one that came first."""
    slot = TrunkSlot("", "")
    found = find_conflicts((owner, [slot]) for owner in "abc")
    assert found == [Conflict(slot, "a", "b"), Conflict(slot, "a", "c")]


def test_a_hundred_thousand_objects_are_checked_in_one_pass() -> None:
    """The check is linear: a large project takes well under a second or two."""
    started = time.monotonic()
    trunks = ((n, trunk_slots([f"+1555{n:07}"], [], Era.NEW)) for n in range(100_000))
    assert first_conflict(trunks) is None
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("version", "era"),
    [
        ("1.8.4", Era.OLD),
        ("1.9", Era.OLD),
        ("v1.12.99", Era.OLD),
        ("1.13", Era.NEW),
        ("v1.13.11", Era.NEW),
        ("2.0", Era.NEW),
        ("newest", Era.NEW),
    ],
)
def test_the_era_of_a_version(version: str, era: Era) -> None:
    """Versions before 1.13 are old."""
    assert Era.of(version) is era


@pytest.mark.parametrize("version", ["", "1", "latest", "1.x", "1.13 "])
def test_a_text_that_is_no_version(version: str) -> None:
    """What is no version is not guessed at."""
    with pytest.raises(ValueError, match="not a server version"):
        Era.of(version)
