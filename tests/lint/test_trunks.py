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


def test_names_of_hosts_are_a_weak_guard() -> None:
    """SIP-SEMANTICS 17: they are compared with the host in From, which the caller writes; one address is enough."""
    (finding,) = findings(trunk('allowed_addresses: ["sip.carrier.example", "carrier"]'))
    assert (finding.code, finding.severity) == ("trunk-without-auth", Severity.NOTE)
    assert finding.path == "sip.inbound_trunks.carrier.allowed_addresses"
    assert codes(trunk('allowed_addresses: ["sip.carrier.example", "203.0.113.7"]')) == []
    password = "auth: {username: u, password: {env: UNSET}}"
    assert codes(trunk(f'allowed_addresses: ["sip.carrier.example"], {password}')) == []
    assert codes(trunk('allowed_addresses: ["sip.carrier.example"], unmanaged: [auth]')) == []


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
        (CALLS.replace("[carrier]", "[carrier, ST_9]"), []),
        (CALLS.replace("[carrier]", "[carrier], unmanaged: [trunks]"), []),
        ("", []),
    ],
)
def test_a_trunk_needs_a_rule(rules: str, expected: list[str]) -> None:
    """SIP-SEMANTICS 23, and a report of ringing for ever. Where rules are not managed, or name an id, nobody knows."""
    assert codes(project(trunks=SPARE, rules=rules)) == expected


def test_rules_of_others_may_take_the_calls_of_a_trunk() -> None:
    """Where only some names of the project belong to the file, the rest of it is not known here."""
    assert codes(project(trunks=SPARE, more='project: {owns: ["*"]}\n')) == []
