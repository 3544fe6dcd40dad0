"""Who may call through a trunk, and whether a call finds one."""

from __future__ import annotations

import pytest

from reconciler.core.finding import Severity
from tests.lint.reading import CALLS, CARRIER, GUARD, codes, findings, project


def trunk(body: str) -> str:
    """A file whose one trunk has a number and the given fields."""
    fields = f", {body}" if body else ""
    return project(trunks=f'carrier: {{numbers: ["+15550100001"]{fields}}}')


@pytest.mark.parametrize("body", ["", 'callers: ["+15550100099"]', "krisp_enabled: true"])
def test_a_number_is_no_guard(body: str) -> None:
    """SIP-SEMANTICS 14 and 18: who calls writes his number himself, and nobody asks for a password."""
    (finding,) = findings(trunk(body))
    assert (finding.code, str(finding.mark)) == ("trunk-without-auth", "dispatch.yaml:4:15")


@pytest.mark.parametrize(
    "body",
    [
        GUARD,
        "auth: {username: u, password: {env: PW}}",
        "unmanaged: [allowed_addresses]",
        "unmanaged: [auth]",
        "unmanaged: [auth.password, allowed_addresses]",
    ],
)
def test_addresses_or_a_password_are_a_guard(body: str) -> None:
    """So is a field that somebody else sees to."""
    assert codes(trunk(body), environ={"PW": "x"}) == []


def test_somebody_else_may_see_to_all_trunks() -> None:
    """The project's own list of unmanaged fields counts as well."""
    more = "project: {unmanaged: [auth]}\n"
    assert codes(trunk("") + more) == []


@pytest.mark.parametrize("body", ["auth: {username: u}", "auth: {password: {env: PW}}"])
def test_half_of_the_credentials_protects_nothing(body: str) -> None:
    """SIP-SEMANTICS 18: a challenge is sent only where the trunk has both."""
    assert codes(trunk(body), environ={"PW": "x"}) == ["half-credentials"]
    assert codes(trunk(f"{body}, {GUARD}"), environ={"PW": "x"}) == ["half-credentials"]
    assert codes(trunk(f"{body}, unmanaged: [auth]"), environ={"PW": "x"}) == []


def test_a_password_whose_variable_is_not_set_is_a_password() -> None:
    """`validate` needs no secret."""
    assert codes(trunk("auth: {username: u, password: {env: UNSET}}")) == []


def test_an_outbound_trunk_may_have_a_name_alone() -> None:
    """Some providers know their customers by it; a password alone answers no challenge."""
    out = 'out: {{address: sip.example, numbers: ["+15550100001"], auth: {{{}}}}}'
    assert codes(project(outbound=out.format("username: u"))) == []
    found = codes(project(outbound=out.format("password: {env: PW}")), environ={"PW": "x"})
    assert found == ["half-credentials"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("203.0.113.7", None),
        ("203.0.113.0/24", None),
        ("203.0.113.9/24", None),
        ("198.18.0.0/15", None),
        ("2001:db8::/32", None),
        ("8.0.0.0/8", None),
        ("sip.carrier.example", None),
        ("carrier", None),
        ("203.0.113.0/33", "address-invalid"),
        ("203.0.113.256", "address-invalid"),
        ("203.0.113", "address-invalid"),
        ("203.0.113.07", "address-invalid"),
        ("198.51.100.7:5060", "address-invalid"),
        ("[2001:db8::]/32", "address-invalid"),
        ("2001:db8::/129", "address-invalid"),
        ("203.0.113.0/24 ", "address-invalid"),
        ("203.0.113.1,203.0.113.2", "address-invalid"),
        ("sip://carrier.example", "address-invalid"),
        ("0.0.0.0/0", "address-everybody"),
        ("128.0.0.0/1", "address-everybody"),
        ("::/0", "address-everybody"),
        ("2000::/3", "address-everybody"),
        ("10.1.2.3", "address-private"),
        ("172.31.0.0/16", "address-private"),
        ("192.168.1.0/24", "address-private"),
        ("100.64.0.1", "address-private"),
        ("127.0.0.1", "address-private"),
        ("169.254.169.254", "address-private"),
        ("fd00::/8", "address-private"),
        ("fe80::1", "address-private"),
        ("172.32.0.1", None),
        ("11.0.0.0/8", None),
    ],
)
def test_an_address_lets_in_those_who_are_meant(entry: str, code: str | None) -> None:
    """SIP-SEMANTICS 17, and reports of trunks with one's own private address, and of /1."""
    assert codes(trunk(f'allowed_addresses: ["{entry}"]')) == ([code] if code else [])


def test_a_list_of_which_nothing_is_left_is_open() -> None:
    """SIP-SEMANTICS 17: ignored entries guard nothing, and the finding says what that means."""
    (finding,) = findings(trunk('allowed_addresses: ["tel:+1"]'))
    assert "the trunk is open to everybody" in finding.message
    (finding,) = findings(trunk('allowed_addresses: ["tel:+1", "203.0.113.7"]'))
    assert "open to everybody" not in finding.message
    assert finding.path == "sip.inbound_trunks.carrier.allowed_addresses[0]"


@pytest.mark.parametrize(
    ("media", "severity"),
    [
        ("", Severity.NOTE),
        (", media: {encryption: disable}", Severity.WARNING),
        (", media: {encryption: allow}", None),
        (", media: {encryption: require}", None),
        (", unmanaged: [media]", None),
    ],
)
def test_tls_without_encrypted_media(media: str, severity: Severity | None) -> None:
    """A report of refused calls: the signalling is encrypted and the audio is not."""
    out = f'out: {{address: sip.example, transport: tls, numbers: ["+15550100001"]{media}}}'
    found = findings(project(outbound=out))
    assert [(one.code, one.severity) for one in found] == (
        [("tls-without-srtp", severity)] if severity else []
    )


def test_without_tls_nothing_is_promised() -> None:
    """Only who encrypts one half is told of the other."""
    out = 'out: {address: sip.example, transport: tcp, numbers: ["+15550100001"]}'
    assert codes(project(outbound=out)) == []


SPARE = f'{CARRIER}\nspare: {{id: ST_2, numbers: ["+15550100002"], {GUARD}}}'


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (CALLS, ["trunk-without-rule"]),
        (CALLS.replace("[carrier]", "[carrier, spare]"), []),
        (CALLS.replace("[carrier]", "[carrier, ST_2]"), []),
        (CALLS.replace("[carrier]", "any"), ["catch-all-rule"]),
        ("", []),
    ],
)
def test_a_trunk_needs_a_rule(rules: str, expected: list[str]) -> None:
    """SIP-SEMANTICS 23, and a report of ringing for ever; where rules are not managed, nobody knows."""
    assert codes(project(trunks=SPARE, rules=rules)) == expected


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
