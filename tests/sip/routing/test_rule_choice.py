"""SIP-SEMANTICS 19-26: which rules are read, which one wins, and what a PIN changes."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.values import Secret, SecretRef
from reconciler.sip.era import Era
from reconciler.sip.routing.call import PinUnknown
from reconciler.sip.routing.pins import reference_key
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.rules import Rule, priority
from tests.sip.routing.project import (
    CALLER,
    A,
    B,
    C,
    call,
    callee,
    direct,
    individual,
    kindless,
    reached,
    router,
    rule,
    told,
    trunk,
)

PIN = "1234"


def winner(*messages: object, **options: str) -> str | None:
    """The name of the rule that gets the standard call."""
    answer = router(*messages).answer(call(**options))  # type: ignore[arg-type]
    return answer.rule.label if answer.rule is not None else None


def test_rule_19_one_conflict_fails_all_calls_that_read_it() -> None:
    """Even calls that the rules' filters would not let pass; the outcome is that of the first by id."""
    clash = [rule(name, "in", numbers=[B]) for name in ("m", "n")]
    here = router(trunk("in", A), rule("a"), *clash)
    assert reached(here, call()) == "rule_conflict"
    assert 'rules "m" and "n" both take' in told(here, call())[19][-1]
    assert (
        reached(router(trunk("in", A), *clash, rule("b", room=kindless())), call())
        == "invalid_rule"
    )
    assert (
        reached(router(trunk("in", A), *clash, rule("z", room=kindless())), call())
        == "rule_conflict"
    )


def test_rule_19_a_conflict_of_another_trunk_is_not_seen() -> None:
    """But it does break calls without a trunk, for which all rules are read."""
    clash = [rule(name, "other") for name in "mn"]
    here = router(trunk("in", A), rule("calls", "in"), rule("any", numbers=[C]), *clash)
    assert reached(here, call()).startswith("accepted calls")
    assert reached(here, call(C)) == "rule_conflict"


def test_rule_19_rules_for_any_trunk_break_every_trunk() -> None:
    """They are read with each."""
    here = router(trunk("in", A), rule("calls", "in"), rule("x"), rule("y"))
    assert reached(here, call()) == "rule_conflict"


def test_rule_20_lists_of_a_rule_must_hold_the_caller_and_the_number() -> None:
    """Both filters count, and the reason tells which one did not let the call pass."""
    both = rule("both", callers=[CALLER, B], numbers=[A, C])
    assert winner(both) == "both"
    for other in (call(A, C), call(B, CALLER), call(C, A)):
        assert reached(router(both), other) == "no_rule"
    crossed = router(rule("crossed", callers=[A]))
    assert reached(crossed, call()) == "no_rule"
    assert "the other end of this call" in told(crossed, call())[20][0]


def test_rule_20_a_rule_of_another_trunk_is_no_candidate() -> None:
    """Nor is a rule for a trunk where the call has none."""
    assert winner(trunk("in", A), rule("calls", "out")) is None
    assert winner(rule("calls", "in")) is None
    assert winner(trunk("in", A), rule("calls", "in")) == "calls"


def test_rule_21_the_worst_rule_of_the_trunk_beats_the_best_for_any() -> None:
    """An open rule of the trunk wins over one with a PIN, a caller and a number for any trunk."""
    mine = rule("mine", "in", room=callee())
    best = rule("best", callers=[CALLER], numbers=[A], room=direct(pin=PIN))
    assert winner(trunk("in", A), mine, best) == "mine"
    assert winner(mine, best) == "best"
    here = router(trunk("in", A), mine, best)
    assert told(here, call())[21] == [
        'not rule "best": it is for any trunk, and a rule of the trunk is left'
    ]


def test_rule_21_rules_for_any_trunk_are_left_where_no_other_passes() -> None:
    """The rules of the trunk are filtered first."""
    assert winner(trunk("in", A), rule("mine", "in", numbers=[B]), rule("any")) == "any"


def test_rule_22_the_numbers_of_the_priorities() -> None:
    """Kind, PIN and the two filters make a number; no kind is the last of all."""
    kinds: list[Any] = [direct, individual, callee]
    for index, make in enumerate(kinds):
        for pin, of_pin in ((PIN, 0), ("", 100)):
            for callers, of_callers in (([CALLER], 0), ([], 1000)):
                for numbers, of_numbers in (([A], 0), ([], 1000)):
                    body = make("x", pin)
                    here = router(rule("r", room=body, callers=callers, numbers=numbers))
                    expected = index + of_pin + of_callers + of_numbers
                    assert priority(here.rules.all[0]) == expected
    assert priority(router(rule("r", room=kindless())).rules.all[0]) == 2147483647


def test_rule_22_number_filters_outrank_pins() -> None:
    """An open rule that lists the number wins over a rule with a PIN that lists none."""
    listed = rule("listed", numbers=[A], room=individual("z"))
    pin = rule("pin", room=direct("a", pin=PIN))
    assert winner(listed, pin) == "listed"
    here = router(listed, pin)
    assert told(here, call())[22] == [
        'rule "listed" wins: it is for any trunk and has priority 1101',
        'not rule "pin": priority 2000 is behind 1101',
    ]


def test_rule_22_ties_go_to_the_smaller_room_and_then_to_the_smaller_id() -> None:
    """Rooms are compared by bytes, so that capitals come first and umlauts last."""
    by_caller: dict[str, Any] = {"callers": [CALLER]}
    by_number: dict[str, Any] = {"numbers": [A]}
    for smaller, larger in (("B", "a"), ("", "a"), ("z", "é"), ("\ue000", "\U00010000")):
        rules = [
            rule("a", room=individual(larger), **by_caller),
            rule("b", room=individual(smaller), **by_number),
        ]
        assert winner(*rules) == "b", (smaller, larger)
    twins = [rule("b", **by_caller), rule("a", **by_number)]
    assert winner(*twins) == "a"
    assert "a larger id" in told(router(*twins), call())[22][1]


def test_rule_23_nothing_left_is_no_error() -> None:
    """Old servers leave the caller without an answer, new ones refuse."""
    for era, words in ((Era.OLD, "hears it ring"), (Era.NEW, "404")):
        here = router(rule("other", numbers=[B]), era=era)
        assert reached(here, call()) == "no_rule"
        assert words in told(here, call())[23][0]
        assert words in told(router(era=era), call())[23][0]


def test_rule_24_open_rules_and_rules_with_a_pin_compete_at_first() -> None:
    """Without a PIN the priority decides; a refused PIN leaves the open rules, a PIN those that have it."""
    here = router(
        rule("open", room=direct("o")),
        rule("first", room=direct("f", pin=PIN)),
        rule("second", room=direct("s", pin="5678")),
    )
    assert reached(here, call()) == "pin_required first"
    assert reached(here, call(refuses_pin=True)) == "accepted open o"
    assert reached(here, call(pin="5678")) == "accepted second s"
    assert reached(here, call(pin="9999")) == "no_rule"
    assert reached(here, call(pin=PIN, refuses_pin=True)) == "accepted open o"
    assert told(here, call(pin="5678"))[24][:2] == [
        'not rule "first": it has another PIN',
        'not rule "open": it is open, and a PIN was sent: only rules with that PIN are left',
    ]


def test_rule_24_a_pin_finds_its_rule_behind_every_filter() -> None:
    """One PIN at several rules: their priority decides as ever."""
    here = router(
        rule("any", room=direct("a", pin=PIN)),
        rule("number", numbers=[A], room=callee("n", pin=PIN)),
        rule("other", numbers=[B], room=direct("o", pin=PIN)),
    )
    assert reached(here, call(pin=PIN)) == f"accepted number n_{A}"


def test_rule_25_a_rule_with_a_pin_asks_for_it() -> None:
    """The answer has rule and trunk, and neither room nor identity."""
    here = router(trunk("in", A), rule("calls", "in", room=direct(pin=PIN)))
    answer = here.answer(call())
    assert (answer.outcome, answer.room, answer.identity) == ("pin_required", None, None)
    assert answer.trunk is not None
    assert reached(here, call(pin=PIN)) == "accepted calls lobby"


def test_rule_26_a_wrong_pin_ends_the_call() -> None:
    """There is no way back to the open rules, and a PIN that cannot be entered is pointed out."""
    here = router(rule("open"), rule("calls", room=direct(pin="12a")))
    assert "there is one try" in told(here, call(pin="0000"))[26][0]
    assert "can never be entered" in told(here, call())[26][-1]
    assert "cannot be entered" in told(here, call(pin="12a"))[26][0]
    long = router(rule("calls", room=direct(pin="1" * 17)))
    assert "can never be entered" in told(long, call())[26][-1]
    fitting = router(rule("calls", room=direct(pin="1" * 16)))
    assert len(told(fitting, call())[26]) == 1


def test_rule_26_a_room_without_a_name_counts_as_a_wrong_pin() -> None:
    """The server accepts, and the SIP service hangs up."""
    here = router(rule("calls", room=direct("", pin=PIN)))
    assert reached(here, call(pin=PIN)) == "accepted calls "
    assert "counts as a wrong PIN" in told(here, call(pin=PIN))[26][0]


def test_a_pin_that_is_not_known_here_decides_nothing() -> None:
    """Where a rule that could win has its PIN in a variable that is not set, there is no answer; else there is."""
    unset = Secret(None, SecretRef(env="PIN"))
    fields: dict[str, Any] = {
        "rooms": "direct",
        "rooms.direct.room": "x",
        "rooms.direct.pin": unset,
    }
    known = {**fields, "rooms.direct.pin": Secret(PIN), "rooms.direct.room": "y"}
    here = Router([], [Rule("a", "a", fields), Rule("b", "b", known)], Era.NEW)
    assert reached(here, call()) == "pin_required a"
    assert reached(here, call(pin=PIN)) == "accepted b y"
    assert reached(here, call(refuses_pin=True)) == "no_rule"
    with pytest.raises(PinUnknown):
        here.answer(call(pin="5678"))
    by_name = reference_key(SecretRef(env="PIN"))
    assert reached(here, call(pin=by_name, is_reference=True)) == "accepted a x"
    other = reference_key(SecretRef(env="OTHER"))
    assert reached(here, call(pin=other, is_reference=True)) == "no_rule"
