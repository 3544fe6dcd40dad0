"""Source addresses, and the filter on them (SIP-SEMANTICS 13, 17).

Addresses and prefixes are read as LiveKit reads them, by Go's `net/netip`: no leading zeros, no spaces, zones after a
percent sign, and an IPv4 address inside an IPv6 one stays an IPv6 address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, NamedTuple

_NOT_IN_ENTRY: Final = re.compile(r"[()+*;, \t\n\r]|://")
_BITS: Final = re.compile(r"0|[1-9][0-9]{0,2}")


class Address(NamedTuple):
    """An IP address: 32 or 128 bits, its number, and the zone of an IPv6 one."""

    bits: int
    number: int
    zone: str = ""


class Prefix(NamedTuple):
    """All addresses of one length that agree with `number` but for the last `rest` bits."""

    bits: int
    number: int
    rest: int

    def contains(self, address: Address) -> bool:
        """Whether the address is in it; one with a zone is in none, one of the other length neither."""
        if address.zone or address.bits != self.bits:
            return False
        return address.number >> self.rest == self.number >> self.rest


@lru_cache(65_536)
def parse_address(text: str) -> Address | None:
    """A bare IP address, or None for anything else: a host, `ip:port`, a prefix."""
    plain, percent, zone = text.partition("%")
    try:
        if ":" not in plain:
            return None if percent else Address(32, int(IPv4Address(plain)))
        return None if percent and not zone else Address(128, int(IPv6Address(plain)), zone)
    except (AddressValueError, ValueError):
        return None


def parse_prefix(text: str) -> Prefix | None:
    """`203.0.113.0/24` and the like, or None; bits set beyond the length do no harm."""
    plain, _, length = text.rpartition("/")
    address = parse_address(plain)
    if address is None or address.zone or not _BITS.fullmatch(length):
        return None
    rest = address.bits - int(length)
    return None if rest < 0 else Prefix(address.bits, address.number, rest)


def is_refused(source: str) -> bool:
    """SIP-SEMANTICS 13: a source that is there and no bare address fails the call; none at all is accepted."""
    return source != "" and parse_address(source) is None


def is_considered(entry: str) -> bool:
    """SIP-SEMANTICS 17: entries with one of these in them are ignored, without a word to anybody."""
    return _NOT_IN_ENTRY.search(entry) is None


class AddressFilter:
    """The `allowed_addresses` of one trunk.

    `by_from_host`: an entry that is an address is compared with the host in From, too, which a caller can choose
    freely, and brackets around IPv6 addresses are not understood (SIP-SEMANTICS 17: up to 1.13.11).
    """

    __slots__ = ("_addresses", "_hosts", "_prefixes", "is_open")

    def __init__(self, entries: Iterable[str], *, by_from_host: bool) -> None:
        self._addresses: set[Address] = set()
        self._prefixes: list[Prefix] = []
        self._hosts: set[str] = set()
        considered = [entry for entry in entries if is_considered(entry)]
        # Without a valid entry the trunk is open to everybody, however many invalid ones there are.
        self.is_open = not considered
        for entry in considered:
            if by_from_host:
                self._enter_old(entry)
            else:
                self._enter_new(entry)

    def _enter_old(self, entry: str) -> None:
        self._hosts.add(entry)
        if "/" in entry:
            prefix = parse_prefix(entry)
            if prefix is not None:
                self._prefixes.append(prefix)
        elif (address := parse_address(entry)) is not None:
            self._addresses.add(address)

    def _enter_new(self, entry: str) -> None:
        plain, slash, length = entry.partition("/")
        if plain.startswith("[") and plain.endswith("]") and len(plain) > 1:
            plain = plain[1:-1]
        if slash:
            prefix = parse_prefix(f"{plain}/{length}")
        else:
            address = parse_address(plain)
            prefix = None if address is None else Prefix(address.bits, address.number, 0)
        if prefix is None:
            self._hosts.add(entry)
        elif prefix.rest:
            self._prefixes.append(prefix)
        else:
            # A prefix of full length: the zone of the entry is dropped, a source with a zone is never in it.
            self._addresses.add(Address(prefix.bits, prefix.number))

    def admits(self, source: str, from_host: str) -> bool:
        """Whether a call from this source may use the trunk; one without a source may (SIP-SEMANTICS 13)."""
        if self.is_open:
            return True
        address = parse_address(source)
        if address is None:
            return True
        if address in self._addresses or from_host in self._hosts:
            return True
        return any(prefix.contains(address) for prefix in self._prefixes)
