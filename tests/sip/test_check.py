"""What LiveKit would refuse about one object, each rule of SIP-SEMANTICS section 8 by its number."""

from __future__ import annotations

import pytest

from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Fields
from reconciler.core.values import Secret, SecretRef, Unknown, Value, text_set
from reconciler.sip.check import check_object
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, OUTBOUND_TRUNK

NUMBERS = phone_numbers(["+15550100001"])
BOTH = pytest.mark.parametrize("era", list(Era))


def inbound(fields: Fields, era: Era = Era.NEW) -> list[Finding]:
    """Findings about an inbound trunk."""
    return list(check_object(Desired(INBOUND_TRUNK.name, "t", fields), era))


def outbound(fields: Fields, era: Era = Era.NEW) -> list[Finding]:
    """Findings about an outbound trunk that has what it needs."""
    whole = {"address": "sip.example.com", "numbers": NUMBERS, **fields}
    return list(check_object(Desired(OUTBOUND_TRUNK.name, "t", whole), era))


# --- 34: inbound trunks


@BOTH
@pytest.mark.parametrize(
    "fields", [{}, {"callers": NUMBERS}, {"auth.realm": "r"}, {"metadata": "m"}]
)
def test_34_a_trunk_without_any_guard_is_refused(era: Era, fields: dict[str, Value]) -> None:
    """Callers and a realm are no guard to LiveKit; the finding stands at the numbers."""
    (finding,) = inbound(fields, era)
    assert (finding.code, finding.severity, finding.path) == (
        "open-trunk",
        Severity.ERROR,
        "sip.inbound_trunks.t.numbers",
    )


@BOTH
@pytest.mark.parametrize(
    "fields",
    [
        {"numbers": NUMBERS},
        {"allowed_addresses": text_set(["203.0.113.0/24"])},
        {"auth.username": "a"},
        {"auth.password": Secret("p")},
        {"auth.password": Secret(None, SecretRef(env="UNSET"))},
    ],
)
def test_34_any_one_guard_is_enough(era: Era, fields: dict[str, Value]) -> None:
    """A password alone passes, though it protects nothing (18); one whose variable is not set counts as written."""
    assert inbound(fields, era) == []


@BOTH
def test_34_what_stands_in_the_lists_is_not_looked_at(era: Era) -> None:
    """New servers log addresses that are none, and refuse nothing."""
    fields: dict[str, Value] = {
        "numbers": phone_numbers(["x"]),
        "allowed_addresses": text_set(["10.0.0.0/33", "no address"]),
    }
    assert inbound(fields, era) == []


def test_34_a_field_that_could_not_be_read_is_not_said_to_be_missing() -> None:
    """The trunk has numbers; that they are misspelt is told where the file is read."""
    assert inbound({"numbers": Unknown()}) == []


# --- 35: outbound trunks


@BOTH
@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("sip:example.com", "sip:"),
        ("sips:example.com", "sips:"),
        ("user@example.com", "@"),
        ("example.com;transport=tls", "transport="),
        ("example.com?transport=tls", "transport="),
        ("example.com;lr", ";"),
    ],
)
def test_35_an_address_is_no_uri(era: Era, address: str, part: str) -> None:
    """What LiveKit looks for is named, and the way out."""
    (finding,) = outbound({"address": address}, era)
    assert (finding.code, finding.path) == ("bad-address", "sip.outbound_trunks.t.address")
    assert f'"{part}"' in finding.message
    assert finding.fix == "write the host alone; the transport has a field of its own"


@BOTH
@pytest.mark.parametrize(
    "address",
    ["sip.example.com", "acme-sip:5060", "asips:1", "203.0.113.1:5060", "[2001:db8::1]", "SIP:x"],
)
def test_35_a_scheme_counts_at_the_start_only_and_in_lower_case(era: Era, address: str) -> None:
    """`acme-sip:5060` is a host and a port to LiveKit."""
    assert outbound({"address": address}, era) == []


def test_35_new_servers_look_at_the_host_of_the_from_header_too() -> None:
    """Old ones drop the field unread."""
    fields: dict[str, Value] = {"from_host": "user@example.com"}
    assert [one.path for one in outbound(fields)] == ["sip.outbound_trunks.t.from_host"]
    assert outbound(fields, Era.OLD) == []


# --- 36: headers that are added

FORBIDDEN = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Allow",
    "Allow-Events",
    "Call-ID",
    "Contact",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "CSeq",
    "Event",
    "Expires",
    "From",
    "Max-Forwards",
    "Record-Route",
    "Refer-To",
    "Reply-To",
    "k",
    "l",
    "m",
    "o",
    "r",
    "t",
    "u",
    "v",
]


@BOTH
@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("spelling", [str.lower, str.upper, str])
def test_36_headers_that_livekit_sets_itself_are_refused_in_any_case(
    era: Era, name: str, spelling: type[str]
) -> None:
    """Both kinds of trunk, whatever the case."""
    fields: dict[str, Value] = {f"headers.{spelling(name)}": Secret("x"), "numbers": NUMBERS}
    assert [one.code for one in inbound(fields, era)] == ["bad-header"]
    assert [one.code for one in outbound(fields, era)] == ["bad-header"]


@BOTH
@pytest.mark.parametrize("name", ["To", "Via", "X-Site", "x", "a" * 255, "-.!%*_+`'~0", "i", "f"])
def test_36_other_headers_pass(era: Era, name: str) -> None:
    """To and Via as well: new servers only log that they will not for ever."""
    assert outbound({f"headers.{name}": Secret("x")}, era) == []


@BOTH
@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä", "a" * 256, "a\n", "K\u212a", "(a)", "a/b"])
def test_36_the_name_of_a_header_is_a_token_of_255_characters_at_most(era: Era, name: str) -> None:
    """Anything else is refused by name."""
    (finding,) = outbound({f"headers.{name}": Secret("x")}, era)
    assert finding.code == "bad-header"
    assert finding.message.isprintable()


@BOTH
@pytest.mark.parametrize("value", ["", "a", "\t ~", "é房", "x" * 1024, "é" * 512, "<sip:a@b>;x=y"])
def test_36_values_are_printable_and_short(era: Era, value: str) -> None:
    """1024 bytes are allowed, and what is beyond ASCII."""
    assert outbound({"headers.X-A": Secret(value)}, era) == []


@BOTH
@pytest.mark.parametrize("value", ["x" * 1025, "é" * 513, "a\nb", "a\r\n", "\0", "\x7f", "\x1b[0m"])
def test_36_other_values_are_refused_without_being_told(era: Era, value: str) -> None:
    """A header may hold a token: the finding says what is wrong with it and nothing of it."""
    (finding,) = outbound({"headers.X-A": Secret(value)}, era)
    assert (finding.code, finding.path) == ("bad-header", "sip.outbound_trunks.t.headers.X-A")
    assert value not in str(finding)


def test_36_a_value_that_is_not_known_is_not_judged() -> None:
    """The variable is not set where the file is only validated."""
    assert outbound({"headers.X-A": Secret(None, SecretRef(env="UNSET"))}) == []


# --- 37: headers that become attributes, attributes that become headers


@BOTH
def test_37_keys_on_one_side_and_values_on_the_other_are_header_names(era: Era) -> None:
    """The attribute's own name is free."""
    good = {"headers_to_attributes.X-A": "any thing", "attributes_to_headers.any thing": "X-A"}
    assert outbound(good, era) == []
    bad = {"headers_to_attributes.any thing": "a", "attributes_to_headers.a": "any thing"}
    assert [one.path for one in outbound(bad, era)] == [
        "sip.outbound_trunks.t.headers_to_attributes.any thing",
        "sip.outbound_trunks.t.attributes_to_headers.a",
    ]


@BOTH
def test_37_the_forbidden_names_are_allowed_there(era: Era) -> None:
    """Reading From into an attribute is what many trunks do."""
    assert (
        outbound({"headers_to_attributes.From": "from", "attributes_to_headers.a": "Contact"}, era)
        == []
    )


@BOTH
def test_37_no_header_is_refused_too(era: Era) -> None:
    """An attribute cannot become a header without a name."""
    assert [one.code for one in outbound({"attributes_to_headers.a": ""}, era)] == ["bad-header"]


# --- 38, 39


@BOTH
def test_38_39_nothing_of_a_rule_is_refused(era: Era) -> None:
    """An empty room, a PIN that cannot be entered and a trunk that is gone pass; media is seen to when it is read."""
    fields: dict[str, Value] = {
        "rooms": "direct",
        "rooms.direct.pin": Secret("not digits"),
        "room_preset": "none",
    }
    assert list(check_object(Desired(DISPATCH_RULE.name, "r", fields), era)) == []
