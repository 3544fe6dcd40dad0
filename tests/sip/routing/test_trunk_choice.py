"""SIP-SEMANTICS 13-18: source addresses, which trunk a call matches, and who is asked for a password."""

from __future__ import annotations

from typing import Any

from reconciler.core.values import Secret, SecretRef, Unknown
from reconciler.sip.era import Era
from reconciler.sip.routing.trunks import Trunk, is_challenged
from tests.sip.routing.project import (
    CALLER,
    A,
    B,
    C,
    call,
    reached,
    router,
    rule,
    told,
    trunk,
    trunk_of,
)

HOME, AWAY = "203.0.113.7", "198.51.100.1"


def test_rule_13_a_source_that_is_no_bare_address_is_refused() -> None:
    """Hosts, ports, prefixes, zones of IPv4 and leading zeros; the reason names it."""
    here = router(trunk("in", A), rule("calls"))
    for source in (
        "pbx.example",
        f"{HOME}:5060",
        f"{HOME}/32",
        "203.0.113.07",
        f"{HOME}%eth0",
        " ",
        "::1%",
    ):
        assert reached(here, call(source=source)) == "invalid_source_ip", source
        assert source in told(here, call(source=source))[13][0]
    for source in (HOME, "2001:db8::1", "fe80::1%eth0", "::ffff:203.0.113.7"):
        assert reached(here, call(source=source)).startswith("accepted"), source


def test_rule_13_without_a_source_every_filter_lets_the_call_pass() -> None:
    """No source is accepted with a warning."""
    here = router(trunk("in", A, allowed_addresses=[AWAY]))
    assert trunk_of(here, call()) == "in"
    assert "every filter on addresses lets the call pass" in told(here, call())[13][0]


def test_rule_14_numbers_and_callers_match_literally_or_in_normal_form() -> None:
    """A trunk is for its numbers and its callers, and for all of them where it lists none."""
    here = router(trunk("in", A, "anna", callers=[CALLER, "bob"]))
    for called in (A, "1 555 010 0001", "anna"):
        for caller in (CALLER, "1-555-010-0099", "bob"):
            assert trunk_of(here, call(called, caller)) == "in", (called, caller)
    assert trunk_of(here, call(B)) is None
    assert trunk_of(here, call(A, B)) is None
    reasons = told(here, call(A, "+49 30"))[14]
    assert reasons == ['not trunk "in": the caller is not among its callers']
    assert told(here, call("0"))[14] == [
        'not trunk "in": the number called is not among its numbers'
    ]


def test_rule_14_a_source_address_drops_a_trunk() -> None:
    """The filter on addresses is one of the three."""
    here = router(trunk("in", A, allowed_addresses=[HOME]))
    assert trunk_of(here, call(source=AWAY)) is None
    assert told(here, call(source=AWAY))[17] == [
        f'not trunk "in": {AWAY} is not in its allowed_addresses'
    ]


def test_rule_15_one_trunk_with_the_number_wins_and_several_are_an_error() -> None:
    """Whatever trunks for any number there are beside them."""
    any_number = [trunk("x"), trunk("y")]
    assert trunk_of(router(trunk("in", A), *any_number), call()) == "in"
    here = router(trunk("b", A), trunk("a", A, callers=[CALLER]), rule("calls"))
    assert reached(here, call()) == "trunk_ambiguous"
    assert '"a", "b" all match' in told(here, call())[15][0]


def test_rule_15_filters_are_applied_before_trunks_are_counted() -> None:
    """Two trunks for one number are no ambiguity for a call that only one of them lets in."""
    here = router(trunk("a", A, allowed_addresses=[HOME]), trunk("b", A, allowed_addresses=[AWAY]))
    assert trunk_of(here, call(source=HOME)) == "a"
    assert trunk_of(here, call(source=AWAY)) == "b"
    assert trunk_of(here, call()) == "ambiguous"


def test_rule_15_a_number_in_two_spellings_is_two_trunks_to_old_servers() -> None:
    """New servers count the trunk once."""
    for numbers in ((A, "15550100001"), (A, A)):
        assert trunk_of(router(trunk("in", *numbers), era=Era.NEW), call()) == "in"
        here = router(trunk("in", *numbers), era=Era.OLD)
        assert trunk_of(here, call()) == "ambiguous"
        assert "twice" in told(here, call())[15][0]


def test_rule_16_one_trunk_for_any_number_is_the_default() -> None:
    """Several are an error, and harmless as long as some trunk lists the number."""
    assert trunk_of(router(trunk("any"), trunk("in", B)), call()) == "any"
    two = router(trunk("x"), trunk("y", callers=[CALLER]), trunk("in", B))
    assert reached(two, call()) == "trunk_ambiguous"
    assert "for any number" in told(two, call())[16][0]
    assert trunk_of(two, call(B)) == "in"
    assert trunk_of(two, call(A, B)) == "x"


def test_rule_16_a_call_without_a_trunk_goes_on() -> None:
    """No trunk is no refusal: a rule for any trunk takes the call."""
    here = router(trunk("in", B), rule("calls"))
    assert reached(here, call()).startswith("accepted calls")
    assert here.answer(call()).trunk is None
    assert "no trunk matches: the call goes on without one" in told(here, call())[16][0]


def admitted(
    entries: list[str],
    source: str = HOME,
    host: str = "pbx.example",
    *,
    by_from_host: bool | None = None,
    era: Era = Era.NEW,
) -> bool:
    """Whether a trunk with these allowed addresses takes a call."""
    here = router(trunk("in", A, allowed_addresses=entries), era=era, by_from_host=by_from_host)
    return trunk_of(here, call(source=source, from_host=host)) == "in"


def test_rule_17_an_entry_is_an_address_a_prefix_or_the_host_of_from() -> None:
    """One hit is enough."""
    assert admitted([HOME])
    assert admitted([AWAY, "203.0.113.0/24"])
    assert admitted(["203.0.113.99/24"])
    assert admitted(["pbx.example"], AWAY)
    assert admitted(["0.0.0.0/0"])
    assert admitted(["2001:db8::/32"], "2001:db8::1")
    for entry in (AWAY, "203.0.113.0/25x", "203.0.112.0/24", "PBX.example", "203.0.113.7/", "/24"):
        assert not admitted([entry]), entry


def test_rule_17_entries_of_another_form_are_ignored_and_then_everybody_is_let_in() -> None:
    """What is left counts; where nothing is left the trunk is open, and the steps say so."""
    for entry in (
        "*",
        "203.0.113.0 /24",
        "(none)",
        "a;b",
        "a,b",
        "+1",
        "sip://pbx.example",
        "a\tb",
    ):
        assert admitted([entry], AWAY), entry
        assert not admitted([entry, HOME], AWAY), entry
        here = router(trunk("in", A, allowed_addresses=[entry]))
        assert "everybody is let in" in told(here, call(source=AWAY))[17][0]


def test_rule_17_a_prefix_that_is_none_is_the_name_of_a_host() -> None:
    """`10.0.0.0/33` and the like hit an identical From host alone."""
    for entry in ("203.0.113.0/33", "203.0.113.0/024", "203.0.113.0/-1", "203.0.113.7/24/24"):
        assert not admitted([entry]), entry
        assert admitted([entry], AWAY, entry), entry


def test_rule_17_families_are_not_mixed() -> None:
    """An IPv4 address inside an IPv6 one is an IPv6 address; zones are in no prefix."""
    assert not admitted([HOME], f"::ffff:{HOME}")
    assert not admitted(["203.0.113.0/24"], f"::ffff:{HOME}")
    assert admitted([f"::ffff:{HOME}"], f"::ffff:{HOME}")
    assert admitted(["::/0"], f"::ffff:{HOME}")
    assert not admitted(["::/0"])
    assert not admitted(["fe80::/10"], "fe80::1%eth0")
    assert admitted(["fe80::1%eth0"], "fe80::1")
    assert not admitted(["fe80::1%eth0"], "fe80::1%eth0")
    assert admitted(["fe80::1%eth0"], "fe80::1%eth0", era=Era.OLD)
    assert not admitted(["fe80::1%eth0"], "fe80::1", era=Era.OLD)


def test_rule_17_up_to_1_13_a_caller_may_put_an_allowed_address_into_from() -> None:
    """From v1.53.2 of the module on addresses are compared with the source alone, and brackets are understood."""
    for behaviour in ({"era": Era.OLD}, {"by_from_host": True}):
        old: dict[str, Any] = behaviour
        assert admitted([HOME], AWAY, HOME, **old)
        assert not admitted(["[2001:db8::]/32"], "2001:db8::1", **old)
        assert not admitted(["[2001:db8::1]"], "2001:db8::1", **old)
        assert admitted(["[2001:db8::]/32"], AWAY, "[2001:db8::]/32", **old)
    assert not admitted([HOME], AWAY, HOME)
    assert admitted(["[2001:db8::]/32"], "2001:db8::1")
    assert admitted(["[2001:db8::1]"], "2001:db8::1")


def test_rule_18_a_challenge_needs_a_user_name_and_a_password() -> None:
    """One of them alone protects nothing; what is there and not known is there."""
    asked: dict[str, Any] = {"auth.username": "u", "auth.password": Secret("p")}
    assert is_challenged(Trunk("ST_1", "t", asked))
    for path, value in asked.items():
        assert not is_challenged(Trunk("ST_1", "t", {path: value}))
    assert is_challenged(Trunk("ST_1", "t", {**asked, "auth.password": Unknown()}))
    unset = Secret(None, SecretRef(env="PASSWORD"))
    assert is_challenged(Trunk("ST_1", "t", {**asked, "auth.password": unset}))
    assert not is_challenged(None)


def test_rule_18_is_a_step() -> None:
    """Who is asked, who is not, and the user name or password that protects nothing."""
    asked = router(trunk("in", A, auth_username="u", auth_password="p"))
    assert told(asked, call())[18] == ['trunk "in" asks for its user name and password']
    lone = router(trunk("in", A, auth_password="p"))
    assert told(lone, call())[18] == [
        'trunk "in" has a password alone: nobody is asked for anything'
    ]
    assert told(router(trunk("in", C)), call(C))[18] == ['trunk "in" asks for no password']
