"""SIP-SEMANTICS 1-12: how numbers are compared, and which objects get in each other's way.

The name of each test says which rule of the page it is about; `test_switched_off.py` switches the code of each rule
off and looks whether its tests notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.core.objects import Live
from reconciler.core.values import Secret, text_set
from reconciler.sip import collisions
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.spec import INBOUND_TRUNK
from tests.sip.routing.project import (
    CALLER,
    A,
    B,
    call,
    direct,
    individual,
    kindless,
    reached,
    router,
    rule,
    told,
    trunk,
    trunk_of,
)

BOTH = (Era.OLD, Era.NEW)


def test_rule_01_trunks_compare_numbers_without_punctuation() -> None:
    """Spaces, dashes and parentheses go, and a plus comes in front, on both sides of the comparison."""
    for listed in (A, "15550100001", "1 (555) 010-0001", "+1-555-010-0001"):
        for called in (A, "15550100001", "+1 (555) 0100001"):
            assert trunk_of(router(trunk("in", listed)), call(called)) == "in", (listed, called)
    assert trunk_of(router(trunk("in", A, callers=["(1555) 0100099"])), call()) == "in"
    assert (
        'trunks compare the number called as +15550100001, rules as "15550100001"'
        in told(router(trunk("in", A)), call("15550100001"))[1]
    )


def test_rule_01_empty_stays_empty() -> None:
    """A call to nobody matches a trunk for nobody, and no number."""
    assert trunk_of(router(trunk("in", "")), call("")) == "in"
    assert trunk_of(router(trunk("in", "+")), call("")) is None
    assert trunk_of(router(trunk("in", "()")), call("+")) == "in"


def test_rule_02_any_other_text_compares_letter_by_letter() -> None:
    """Dots, letters, stars, foreign digits and a space in front of the plus make a text that is no number."""
    for listed, called in (
        (" +15550100001", A),
        ("+1.555.010.0001", A),
        ("anna", "Anna"),
        ("*98", "98"),
        ("+\u0661", "+1"),  # a digit of another script
        (A + "\n", A),
    ):
        assert trunk_of(router(trunk("in", listed)), call(called)) is None, listed
        assert trunk_of(router(trunk("in", listed)), call(listed)) == "in", listed


def test_rule_03_no_country_code_is_added() -> None:
    """A number without its country code is another number, and so is one with zeros in front."""
    for listed in ("5550100001", "(555) 010-0001", "0015550100001", "+5550100001"):
        here = router(trunk("in", listed))
        assert trunk_of(here, call()) is None, listed
        assert any("no country code" in text for text in told(here, call())[3])


def test_rule_04_rules_compare_byte_for_byte() -> None:
    """Another spelling of a number, which a trunk takes, is another number to a rule; the reason says so."""
    caller = router(rule("calls", callers=["15550100099"]))
    called = router(rule("calls", numbers=["1 555 010 0001"]))
    for here in (caller, called):
        assert reached(here, call()) == "no_rule"
        assert any("byte for byte" in text for text in told(here, call())[4])
    assert reached(caller, call(caller="15550100099")).startswith("accepted")
    assert reached(called, call("1 555 010 0001")).startswith("accepted")


def test_rule_04_names_are_made_of_the_number_as_it_came() -> None:
    """Rooms, identities and attributes keep the spelling of the call."""
    here = router(rule("calls", room=individual("", no_randomness=True)))
    answer = here.answer(call(caller="1 555"))
    assert (answer.room, answer.identity) == ("1 555", "sip_1 555")


# --- conflicts of trunks


def taken_twice(*trunks: Iterable[Any], era: Era = Era.NEW) -> bool:
    """Whether trunks, each given as its numbers, its callers and perhaps other fields, conflict."""
    found = []
    for index, (numbers, callers, *more) in enumerate(trunks):
        fields: dict[str, Any] = {
            path: phone_numbers(texts)
            for path, texts in (("numbers", numbers), ("callers", callers))
            if texts
        }
        fields.update(*more)
        lives = Live(INBOUND_TRUNK.name, f"ST_{index}", f"t{index}", fields)
        found.append((lives, lives.fields))
    return bool(collisions.collisions(found, era))


def test_rule_05_a_trunk_takes_every_pair_of_number_and_caller() -> None:
    """Two trunks conflict where one pair of a number and a caller is the same, "any" being a value of both."""
    for era in BOTH:
        assert taken_twice(([A, B], []), ([B], []), era=era)
        assert taken_twice(([], []), ([], []), era=era)
        assert taken_twice(([A], [CALLER, B]), ([A], [CALLER]), era=era)
        assert not taken_twice(([A], [CALLER]), ([A], [B]), era=era)
        assert not taken_twice(([A], []), ([B], []), era=era)


def test_rule_06_any_is_no_wildcard() -> None:
    """A trunk for any number beside one for a number is no conflict, but ambiguous when somebody calls both."""
    for era in BOTH:
        assert not taken_twice(([A], []), ([], []), era=era)
        assert not taken_twice(([A], []), ([A], [CALLER]), era=era)
        here = router(trunk("anybody", A), trunk("one", A, callers=[CALLER]), era=era)
        assert trunk_of(here, call()) == "ambiguous"
        assert trunk_of(here, call(caller=B)) == "anybody"


def test_rule_07_addresses_and_credentials_play_no_part() -> None:
    """Two trunks for one number conflict although no call could match both."""
    home, away = (text_set([network]) for network in ("203.0.113.0/24", "198.51.100.0/24"))
    apart: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"allowed_addresses": home}, {"allowed_addresses": away}),
        ({"auth.username": "u"}, {"auth.username": "v"}),
        ({"auth.password": Secret("p")}, {"auth.password": Secret("q")}),
        ({"metadata": "one"}, {}),
    ]
    for era in BOTH:
        for one, other in apart:
            assert taken_twice(([A], [], one), ([A], [], other), era=era)


def test_rule_08_old_servers_compare_the_called_half_literally() -> None:
    """Spellings of one number coexist on old servers, and a trunk that repeats itself conflicts with itself there."""
    assert not taken_twice((["+1555"], []), (["1555"], []), era=Era.OLD)
    assert taken_twice((["+1555"], []), (["1555"], []), era=Era.NEW)
    assert taken_twice(([A], ["1555"]), ([A], ["+1555"]), era=Era.OLD)
    for lone in (([A, A], []), ([A], ["1555", "+1555"])):
        assert taken_twice(lone, era=Era.OLD)
        assert not taken_twice(lone, era=Era.NEW)


# --- conflicts of rules


def test_rule_09_rules_in_one_slot_conflict() -> None:
    """PIN, trunk, caller and number decide; kind, room and agents play no part."""
    first = rule("a", "in", callers=[CALLER], numbers=[A])
    for era in BOTH:
        second = rule("b", "in", callers=["15550100099"], numbers=["1 555 0100001"], room=direct())
        assert reached(router(trunk("in", A), first, second, era=era), call()) == "rule_conflict"
    assert reached(router(rule("a"), rule("b", room=direct())), call()) == "rule_conflict"
    pins = [rule(name, room=direct(name, pin="1234")) for name in "ab"]
    assert reached(router(*pins), call()) == "rule_conflict"


def test_rule_10_only_equal_slots_conflict() -> None:
    """A rule for any trunk beside one for a trunk, a number beside none, a PIN beside none: all live together."""
    here = router(
        trunk("in", A),
        rule("any"),
        rule("trunk", "in"),
        rule("number", "in", numbers=[A]),
        rule("caller", "in", callers=[CALLER]),
        rule("pin", "in", room=individual(pin="1234")),
        rule("other trunk", "out"),
    )
    assert reached(here, call()).startswith("accepted")


def test_rule_11_a_rule_can_conflict_with_itself() -> None:
    """A trunk named twice, or a number in two spellings, fails every call that reads the rule."""
    for lone in (
        rule("a", "in", "in"),
        rule("a", "in", "out", "out"),
        rule("a", callers=["1555", "+1555"]),
        rule("a", "in", numbers=["1", "(1)"]),
    ):
        for era in BOTH:
            here = router(trunk("in", A), lone, era=era)
            assert reached(here, call()) == "rule_conflict"
            assert any("twice" in text for text in told(here, call())[11])


def test_rule_12_a_rule_without_a_kind_fails_calls() -> None:
    """Whatever its filters: who reads it fails."""
    here = router(trunk("in", A), rule("a"), rule("b", "in", numbers=[B], room=kindless()))
    assert reached(here, call()) == "invalid_rule"
    assert '"b" names no kind of room' in told(here, call())[12][0]
