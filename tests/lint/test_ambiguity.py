"""Trunks that LiveKit stores and then cannot choose between. `test_claims.py` measures the same by calls."""

from __future__ import annotations

from reconciler.sip.era import Era
from tests.lint.reading import CALLS, GUARD, codes, findings, project


def pair(first: str, second: str) -> list[str]:
    """Codes of two trunks for one number."""
    trunks = (
        f'one: {{numbers: ["+15550100001"], {first}}}\ntwo: {{numbers: ["15550100001"], {second}}}'
    )
    rules = CALLS.replace("[carrier]", "[one, two]")
    return codes(project(trunks=trunks, rules=rules))


def test_a_number_for_some_and_for_all_fails_the_calls_of_some() -> None:
    """SIP-SEMANTICS 6 and 15: it is stored, and then several trunks match."""
    some = 'callers: ["+15550100099"]'
    assert pair(GUARD, f"{some}, {GUARD}") == ["ambiguous-trunks"]
    assert pair(f"{some}, {GUARD}", GUARD) == ["ambiguous-trunks"]


def test_addresses_can_tell_trunks_apart() -> None:
    """SIP-SEMANTICS 14: a trunk whose addresses do not match is no candidate."""
    some = 'callers: ["+15550100099"]'
    inside = 'allowed_addresses: ["203.0.113.7"]'
    outside = 'allowed_addresses: ["198.51.100.0/24", "sip.example"]'
    assert pair(GUARD, f"{some}, {outside}") == []
    assert pair(GUARD, f"{some}, {inside}") == ["ambiguous-trunks"]
    password = "auth: {username: u, password: {env: UNSET}}"
    assert pair(GUARD, f"{some}, {password}") == ["ambiguous-trunks"]


def test_two_trunks_for_any_number_can_be_ambiguous_too() -> None:
    """SIP-SEMANTICS 16: several defaults match."""
    trunks = f"one: {{numbers: any, {GUARD}}}\n"
    trunks += f'two: {{numbers: any, callers: ["+15550100099"], {GUARD}}}'
    rules = CALLS.replace("[carrier]", "[one, two]")
    assert codes(project(trunks=trunks, rules=rules)) == ["ambiguous-trunks"]


def test_to_old_servers_a_number_in_two_spellings_is_two() -> None:
    """SIP-SEMANTICS 8 and 15: they store both trunks, and then both match; new servers refuse the second one."""
    trunks = (
        f'one: {{numbers: ["+15550100001"], {GUARD}}}\ntwo: {{numbers: ["15550100001"], {GUARD}}}'
    )
    text = project(trunks=trunks, rules=CALLS.replace("[carrier]", "[one, two]"))
    (finding,) = findings(text, Era.OLD)
    assert (finding.code, finding.path) == ("ambiguous-trunks", "sip.inbound_trunks.two.numbers")
    assert codes(text.replace("15550100001", "15550100002", 1), Era.OLD) == []
    apart = text.replace(GUARD, 'allowed_addresses: ["198.51.100.7"]', 1)
    assert codes(apart, Era.OLD) == []


def test_one_trunk_can_be_two_to_old_servers() -> None:
    """SIP-SEMANTICS 15: it lists one number in two spellings, and no call to it gets through."""
    trunks = f'carrier: {{numbers: ["+15550100001", "15550100001"], {GUARD}}}'
    (finding,) = findings(project(trunks=trunks), Era.OLD)
    assert finding.code == "ambiguous-trunks"
    assert "in two spellings" in finding.message
    assert codes(project(trunks=trunks), Era.NEW) == []


def test_who_decides_about_a_list_tells_trunks_apart() -> None:
    """The live list may be another one."""
    for field in ("callers", "allowed_addresses"):
        some = f'callers: ["+15550100099"], {GUARD}, unmanaged: [{field}]'
        assert pair(GUARD, some) == []
