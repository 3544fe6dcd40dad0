"""The addresses that a trunk lets in: entries that are none, that are everybody, and what two lists have in common."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.lint.addresses import Networks
from reconciler.sip.routing.addresses import AddressFilter
from tests.lint.reading import codes, findings, project


def trunk(body: str) -> str:
    """A file whose one trunk has a number and the given fields."""
    return project(trunks=f'carrier: {{numbers: ["+15550100001"], {body}}}')


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("203.0.113.7", None),
        ("203.0.113.0/24", None),
        ("203.0.113.9/24", None),
        ("198.18.0.0/15", None),
        ("2001:db8::/32", None),
        ("8.0.0.0/8", None),
        ("::ffff:203.0.113.7", None),
        ("203.0.113.0/33", "address-invalid"),
        ("203.0.113.256", "address-invalid"),
        ("203.0.113", "address-invalid"),
        ("203.0.113.07", "address-invalid"),
        ("198.51.100.7:5060", "address-invalid"),
        ("[2001:db8::]/32", "address-invalid"),
        ("[2001:db8::1]", "address-invalid"),
        ("2001:db8::/129", "address-invalid"),
        ("203.0.113.1-203.0.113.9", "address-invalid"),
        ("203.0.113.*", "address-invalid"),
        ("203.0.113.7/", "address-invalid"),
        ("/24", "address-invalid"),
        ("0.0.0.0", "address-invalid"),  # noqa: S104  # somebody's list, nothing is bound
        ("255.255.255.255", "address-invalid"),
        ("224.0.0.1", "address-invalid"),
        ("::", "address-invalid"),
        ("ff02::1", "address-invalid"),
        ("any", "address-invalid"),
        ("ALL", "address-invalid"),
        ("sip.carrier.example:5060", "address-invalid"),
        ("sip carrier", "address-invalid"),
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
        ("localhost", "address-private"),
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
    ("entry", "fix"),
    [
        (" 203.0.113.7", "write 203.0.113.7"),
        ("[2001:db8::]/32", "write 2001:db8::/32"),
        ("sip://carrier.example", "write an IP address or a network"),
    ],
)
def test_what_is_meant_is_told_where_that_is_plain(entry: str, fix: str) -> None:
    """A space, brackets."""
    (finding,) = findings(trunk(f'allowed_addresses: ["{entry}"]'))
    assert finding.fix == fix


# --- what two lists have in common

ENTRIES = st.lists(
    st.sampled_from(
        [
            "203.0.113.0/24",
            "203.0.113.0/25",
            "203.0.113.128/25",
            "203.0.113.7",
            "203.0.113.8/29",
            "0.0.0.0/0",
            "2001:db8::/32",
            "2001:db8::7",
            "::/0",
            "sip.example",
            "10.0.0.0/33",
            "tel:+1 5",
        ]
    ),
    max_size=4,
)
SOURCES = ["203.0.113.7", "203.0.113.9", "203.0.113.64", "203.0.113.200", "192.0.2.1"]
SOURCES += ["2001:db8::7", "2001:db8::8", "2001:db9::1"]


@given(ENTRIES, ENTRIES)
def test_two_lists_overlap_just_where_a_call_passes_both(
    first: list[str], second: list[str]
) -> None:
    """SIP-SEMANTICS 17, measured by the filter that calls pass."""
    filters = [AddressFilter(entries, by_from_host=False) for entries in (first, second)]
    by_address = any(all(one.admits(source, "") for one in filters) for source in SOURCES)
    by_host = any(
        all(
            host in entries or one.is_open
            for entries, one in zip((first, second), filters, strict=True)
        )
        for host in ("sip.example", "10.0.0.0/33")
    )
    passes = by_address or by_host
    one, other = Networks(first), Networks(second)
    assert one.overlaps(other) == other.overlaps(one) == passes


def test_ranges_are_joined_where_they_touch() -> None:
    """Two halves are one network, of the same length of address only."""
    found = Networks(["203.0.113.128/25", "203.0.113.0/25", "::cb00:7100", "203.0.113.9"])
    network = ip_network("203.0.113.0/24")
    assert found.ranges == [
        (32, int(network[0]), int(network[-1])),
        (128, int(ip_address("::cb00:7100")), int(ip_address("::cb00:7100"))),
    ]
