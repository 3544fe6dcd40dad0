"""One rule for itself, and rules that are in each other's way."""

from __future__ import annotations

import pytest

from reconciler.sip.era import Era
from tests.lint.reading import CALLS, CARRIER, GUARD, codes, findings, project

INDIVIDUAL = "{individual: {prefix: call-}}"


def rule(
    rooms: str = INDIVIDUAL, more: str = "", trunks: str = "[carrier]", name: str = "calls"
) -> str:
    """One rule."""
    return f"{name}: {{trunks: {trunks}, rooms: {rooms}{', ' + more if more else ''}}}"


def found(*rules: str, trunks: str = CARRIER, era: Era = Era.NEW, pin: str = "12345") -> list[str]:
    """Codes of some rules."""
    return codes(project(trunks=trunks, rules="\n".join(rules)), era, {"PIN": pin, "PIN2": "999"})


# --- who gets in


def test_a_rule_for_any_trunk_takes_calls_from_nowhere() -> None:
    """SIP-SEMANTICS 16 and 19, measured with real calls, and a report of unknown calls that make rooms."""
    (finding,) = findings(project(rules=rule(trunks="any")))
    assert (finding.code, str(finding.mark)) == ("catch-all-rule", "dispatch.yaml:6:13")


def test_filters_do_not_guard_a_rule_for_any_trunk() -> None:
    """Both numbers are what the caller says they are."""
    more = 'callers: ["+15550100099"], numbers: ["+15550100001"]'
    assert found(rule(trunks="any", more=more)) == ["catch-all-rule"]


def test_a_pin_guards_it() -> None:
    """Who is to type something is no stranger; nor is a rule whose trunks somebody else decides about."""
    assert found(rule("{individual: {prefix: c-, pin: {env: PIN}}}", trunks="any")) == []
    assert found(rule(trunks="any", more="unmanaged: [trunks]")) == []
    assert found(rule(trunks="any", more="unmanaged: [rooms.individual.pin]")) == []


# --- who meets whom


@pytest.mark.parametrize(
    ("rooms", "more", "strangers"),
    [
        ("{direct: {room: desk}}", "", True),
        ("{direct: {room: desk}}", "room: {max_participants: 3}", True),
        ("{direct: {room: desk}}", "room: {max_participants: 2}", False),
        ("{direct: {room: desk}}", 'callers: ["+15550100098", "+15550100099"]', True),
        ("{direct: {room: desk}}", 'callers: ["+15550100099"]', False),
        ("{direct: {room: desk, pin: {env: PIN}}}", "", False),
        ("{direct: {room: desk}}", "unmanaged: [rooms.direct.pin]", False),
        ("{direct: {room: desk}}", "unmanaged: [room]", False),
        ("{callee: {prefix: to-}}", "", True),
        ("{callee: {prefix: to-, pin: {env: PIN}}}", "", False),
        ("{callee: {prefix: to-, random_suffix: true}}", "", False),
        (INDIVIDUAL, "", False),
        ("{individual: {prefix: c-, random_suffix: false}}", "", False),
    ],
)
def test_strangers_in_one_room(rooms: str, more: str, strangers: bool) -> None:
    """SIP-SEMANTICS 27, and a report of one static room for all calls."""
    assert found(rule(rooms, more)) == (["strangers-share-room"] if strangers else [])


def test_a_trunk_for_one_caller_brings_no_strangers() -> None:
    """Who is the only one let in meets himself."""
    trunks = f'carrier: {{numbers: ["+15550100001"], callers: ["+15550100099"], {GUARD}}}'
    assert found(rule("{direct: {room: desk}}"), trunks=trunks) == []


# --- PINs


@pytest.mark.parametrize("pin", ["12a4", "\uff11\uff12", "1 2", "#12", "12345678901234567"])
@pytest.mark.parametrize(
    "kind", ["direct: {room: r", "individual: {prefix: i", "callee: {prefix: t"]
)
def test_a_pin_that_nobody_can_dial(pin: str, kind: str) -> None:
    """SIP-SEMANTICS 26: digits, 16 of them; and the PIN is not told."""
    text = project(rules=rule(f"{{{kind}, pin: {{env: PIN}}}}}}"))
    (finding,) = findings(text, environ={"PIN": pin})
    assert finding.code == "pin-undialable"
    assert pin not in str(finding)


@pytest.mark.parametrize("pin", ["0", "1234567890123456"])
def test_a_pin_that_can_be_dialled(pin: str) -> None:
    """One digit to sixteen."""
    assert found(rule("{direct: {room: r, pin: {env: PIN}}}"), pin=pin) == []


def test_of_a_pin_that_is_not_known_nothing_is_said() -> None:
    """`validate` needs no secret."""
    assert codes(project(rules=rule("{direct: {room: r, pin: {env: UNSET}}}"))) == []


# --- hidden numbers

HIDDEN = "hide_phone_number: true"


def test_hidden_numbers_leave_four_digits_to_tell_rooms_apart() -> None:
    """SIP-SEMANTICS 29: without a random tail two callers can meet; old servers always have one (27)."""
    plain = "{individual: {prefix: c-, random_suffix: false}}"
    assert found(rule(plain, HIDDEN)) == ["hidden-rooms-collide"]
    assert found(rule(plain)) == []
    assert found(rule(INDIVIDUAL, HIDDEN)) == []
    assert found(rule(plain, HIDDEN), era=Era.OLD) == ["hidden-number-crash"]


def test_listed_callers_may_differ_in_four_digits() -> None:
    """Then nobody meets anybody."""
    plain = "{individual: {prefix: c-, random_suffix: false}}"
    apart, alike = '["+15550100098", "+15550100099"]', '["+15550100099", "+15550110099"]'
    assert found(rule(plain, f"{HIDDEN}, callers: {apart}")) == []
    assert found(rule(plain, f"{HIDDEN}, callers: {alike}")) == ["hidden-rooms-collide"]
    for callers, expected in ((apart, []), (alike, ["hidden-rooms-collide"])):
        trunks = f'carrier: {{numbers: ["+15550100001"], callers: {callers}, {GUARD}}}'
        assert found(rule(plain, HIDDEN), trunks=trunks) == expected


@pytest.mark.parametrize("rooms", [INDIVIDUAL, "{direct: {room: r, pin: {env: PIN}}}"])
def test_a_hidden_number_that_is_missing_crashes_old_servers(rooms: str) -> None:
    """SIP-SEMANTICS 32, seen live: the whole process ends. Whose callers are listed has some."""
    assert found(rule(rooms, HIDDEN), era=Era.OLD) == ["hidden-number-crash"]
    assert found(rule(rooms, HIDDEN), era=Era.NEW) == []
    listed = f'{HIDDEN}, callers: ["+15550100099"]'
    assert found(rule(rooms, listed), era=Era.OLD) == []
    trunks = f'carrier: {{numbers: ["+15550100001"], callers: ["+15550100099"], {GUARD}}}'
    assert found(rule(rooms, HIDDEN), trunks=trunks, era=Era.OLD) == []


# --- prefixes


@pytest.mark.parametrize(
    "kind", ["individual: {prefix: %s}", "callee: {prefix: %s, random_suffix: true}"]
)
def test_livekit_adds_the_underscore(kind: str) -> None:
    """SIP-SEMANTICS 28: `call_` makes `call__+1555…`."""
    (finding,) = findings(project(rules=rule(f"{{{kind % 'call_'}}}")))
    assert finding.code == "prefix-ends-in-underscore"
    assert found(rule(f"{{{kind % 'call-'}}}")) == []
    assert found(rule(f"{{{kind % '_'}}}")) == ["prefix-ends-in-underscore"]


# --- rules that are in each other's way

TWO = f'carrier: {{numbers: ["+15550100001", "+15550100002"], {GUARD}}}'
ONE_NUMBER = 'numbers: ["+15550100001"]'
DIRECT = "{direct: {room: d, pin: {env: PIN}}}"


def test_a_filter_for_all_numbers_of_the_trunk_leaves_nothing() -> None:
    """SIP-SEMANTICS 22: filters count first; with a second number on the trunk something is left."""
    first, second = rule("{individual: {prefix: a-}}", ONE_NUMBER, name="a"), rule(name="b")
    assert found(first, second) == ["shadowed-rule"]
    assert found(second, first) == ["shadowed-rule"]
    assert found(first, second, trunks=TWO) == []


def test_a_listed_caller_leaves_the_others() -> None:
    """Where the trunk lets in everybody, a filter for some covers nobody else."""
    some = rule("{individual: {prefix: a-}}", 'callers: ["+15550100099"]', name="a")
    assert found(some, rule(name="b")) == []
    trunks = f'carrier: {{numbers: any, callers: ["+15550100099"], {GUARD}}}'
    assert found(some, rule(name="b"), trunks=trunks) == ["shadowed-rule"]


def test_a_rule_with_a_pin_hides_an_open_one() -> None:
    """Measured: every caller is prompted; `#` alone leads on (SIP-SEMANTICS 24-26)."""
    (finding,) = findings(
        project(rules=f"{rule()}\n{rule(DIRECT, name='board')}"), environ={"PIN": "1"}
    )
    assert (finding.code, finding.path) == ("hidden-by-pin", "sip.dispatch_rules.calls.rooms")


def test_an_open_rule_with_more_filters_is_not_hidden() -> None:
    """SIP-SEMANTICS 22: number filters outrank PINs. With one number, the PIN rule is the one out of reach."""
    narrow = rule(more=ONE_NUMBER)
    board = rule(DIRECT, name="board")
    assert found(narrow, board, trunks=TWO) == []
    assert found(narrow, board) == ["shadowed-rule"]


def test_a_pin_behind_another_pin_can_be_entered() -> None:
    """SIP-SEMANTICS 24: once a PIN is sent, open rules and other PINs are out of the question."""
    first = rule("{direct: {room: a, pin: {env: PIN}}}", name="a")
    second = rule("{direct: {room: b, pin: {env: PIN2}}}", name="b")
    assert found(first, second) == []
    narrow = rule("{individual: {prefix: n-, pin: {env: PIN}}}", ONE_NUMBER, name="n")
    opened = rule("{callee: {prefix: o-, random_suffix: true}}", ONE_NUMBER, name="o")
    assert found(narrow, opened, second) == ["hidden-by-pin"]


def test_who_is_asked_for_any_pin_may_enter_this_one() -> None:
    """An open rule that comes first is none for callers whom a third rule asks for a PIN (SIP-SEMANTICS 24-26)."""
    both = 'numbers: ["+15550100001", "+15550100002"]'
    opened = rule("{individual: {prefix: o-}}", both, name="o")
    late = rule("{direct: {room: late, pin: {env: PIN}}}", name="late")
    asks = rule("{individual: {prefix: a-, pin: {env: PIN2}}}", ONE_NUMBER, name="a")
    assert found(opened, late, trunks=TWO) == ["shadowed-rule"]
    assert found(opened, late, asks, trunks=TWO) == []


def test_rules_with_one_pin_are_compared_like_open_ones() -> None:
    """SIP-SEMANTICS 24: the PIN leaves both, and the one with the filter wins."""
    narrow = rule("{individual: {prefix: n-, pin: {env: PIN}}}", ONE_NUMBER, name="n")
    wide = rule("{direct: {room: w, pin: {env: PIN}}}", name="w")
    assert found(narrow, wide) == ["shadowed-rule"]
    assert found(narrow, wide, trunks=TWO) == []
    unset = [one.replace("PIN", "UNSET") for one in (narrow, wide)]
    assert found(*unset) == ["shadowed-rule"]


def test_nothing_is_said_of_filters_that_somebody_else_decides_about() -> None:
    """The live rule may take other numbers than the file says."""
    first, second = rule("{individual: {prefix: a-}}", ONE_NUMBER, name="a"), rule(name="b")
    assert found(first, second) == ["shadowed-rule"]
    for field in ("numbers", "callers", "trunks", "rooms.individual.pin"):
        free = rule("{individual: {prefix: b-}}", f"unmanaged: [{field}]", name="b")
        assert found(first, free) == []
    board = rule("{direct: {room: d, pin: {env: PIN}}}", name="d")
    asks = rule("{direct: {room: e, pin: {env: PIN2}}}", "unmanaged: [numbers]", name="e")
    assert found(rule(more=ONE_NUMBER), board) == ["shadowed-rule"]
    assert found(rule(more=ONE_NUMBER), board, asks) == []


def test_a_conflict_is_told_once() -> None:
    """It is an error already that two rules take the same calls."""
    first, second = rule("{individual: {prefix: a-}}", name="a"), rule(name="b")
    assert found(first, second) == []


def test_a_rule_for_any_trunk_is_beside_those_of_a_trunk() -> None:
    """SIP-SEMANTICS 21: it still has the calls that match no trunk, and hides nothing from a trunk's own rule."""
    wild = rule(DIRECT, trunks="any", name="wild")
    assert found(rule(), wild) == []


def test_rules_of_different_trunks_are_never_in_the_way() -> None:
    """And one on two trunks is covered only by what covers both."""
    trunks = f'{CARRIER}\nother: {{numbers: ["+15550100002"], {GUARD}}}'
    both = rule("{callee: {prefix: z-, random_suffix: true}}", trunks="[carrier, other]", name="z")
    narrow = rule(more=ONE_NUMBER)
    assert found(narrow, both, trunks=trunks) == []
    assert found(rule(), rule(trunks="[other]", name="b"), trunks=trunks) == []


def test_a_sound_file_has_no_findings() -> None:
    """One trunk, one rule."""
    assert found(CALLS) == []
