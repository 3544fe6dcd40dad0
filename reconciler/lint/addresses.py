"""The `allowed_addresses` of a trunk: entries that let in nobody or everybody, and what two lists have in common.

LiveKit takes any text there and says nothing. What is no address and no network is compared with the host in the
caller's From, which is a name at best (SIP-SEMANTICS 17).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.core.values import TextList
from reconciler.lint.facts import Facts
from reconciler.lint.report import report
from reconciler.sip.routing.addresses import Prefix, is_considered, parse_address, parse_prefix

# Fewer bits than these leave more of the internet in than out of any carrier's networks.
_FEWEST_BITS: Final = {32: 8, 128: 16}


def _networks(*texts: str) -> tuple[Prefix, ...]:
    return tuple(prefix for text in texts if (prefix := parse_prefix(text)) is not None)


# Addresses that no carrier on the internet calls from. Those of documentation are not among them.
_PRIVATE: Final = _networks(
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
# Addresses that nothing is ever sent from. `0.0.0.0` alone is meant as everybody, and is nobody.
_NOBODY: Final = _networks("0.0.0.0/8", "224.0.0.0/3", "::/128", "ff00::/8")
# The name of a host, as far as it can stand in From: a letter has to be in it, or it is a slip in an address.
_HOST = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
# What is written for "everybody", and names a host to LiveKit.
_ANYBODY: Final = frozenset({"any", "all"})


class Judgement(NamedTuple):
    """What is wrong with one entry of `allowed_addresses`."""

    code: str
    message: str
    fix: str


def check_addresses(one: Desired, _: Facts) -> Iterator[Finding]:
    """Entries that let in nobody, or everybody."""
    listed = one.fields.get("allowed_addresses")
    if not isinstance(listed, TextList):
        return
    is_open = not any(map(is_considered, listed.written))
    for index, entry in enumerate(listed.written):
        found = judge(entry)
        if found is None:
            continue
        message = found.message
        if is_open:
            message += "; no other entry is left, so the trunk is open to everybody"
        yield report(found.code, one, f"allowed_addresses[{index}]", message, found.fix)


def names_hosts_only(entries: Sequence[str]) -> bool:
    """Whether all that is let in is told by the host in From, which a caller writes himself."""
    return bool(entries) and not any(read(entry) or judge(entry) for entry in entries)


@lru_cache(65_536)
def read(entry: str) -> Prefix | None:
    """The network, or the one address, that an entry is for."""
    if "/" in entry:
        return parse_prefix(entry)
    address = parse_address(entry)
    return None if address is None else Prefix(address.bits, address.number, 0)


@lru_cache(65_536)
def judge(entry: str) -> Judgement | None:
    """What is wrong with one entry; the name of a host may stand there, too."""
    if not is_considered(entry):
        trimmed = entry.strip()
        fix = "write an IP address or a network"
        if trimmed != entry and is_considered(trimmed) and read(trimmed) is not None:
            fix = f"write {trimmed}"
        message = f'LiveKit ignores "{entry}": no address has such a character in it'
        return Judgement("address-invalid", message, fix)
    network = read(entry)
    if network is None:
        return _judge_text(entry)
    if any(_is_in(network, nobody) for nobody in _NOBODY):
        message = f"{entry} is no address of anybody: no call comes from there"
        fix = "list the carrier's networks, or remove allowed_addresses if anybody may call"
        return Judgement("address-invalid", message, fix)
    if any(_is_in(network, private) for private in _PRIVATE):
        message = f"{entry} is a private network: a carrier calls from public addresses"
        fix = "list the carrier's networks, not LiveKit's own; silence this where the caller is a neighbour"
        return Judgement("address-private", message, fix)
    if network.bits - network.rest < _FEWEST_BITS[network.bits]:
        message = f"{entry} is nearly the whole internet: this guards nothing"
        return Judgement("address-everybody", message, "list the carrier's networks")
    return None


def _judge_text(entry: str) -> Judgement | None:
    """What is wrong with an entry that is no address and no network."""
    plain = entry.replace("[", "").replace("]", "")
    if plain != entry and read(plain) is not None:
        message = f'servers up to 1.13.11 do not understand the brackets of "{entry}": to them no call comes from there'
        return Judgement("address-invalid", message, f"write {plain}")
    if entry.lower() in _ANYBODY:
        message = f'"{entry}" is the name of a host here: only calls with just this host in From are let in'
        fix = "list the carrier's networks, or remove allowed_addresses if anybody may call"
        return Judgement("address-invalid", message, fix)
    if entry.lower() == "localhost":
        message = f"{entry} is this machine: a carrier calls from public addresses"
        return Judgement("address-private", message, "list the carrier's networks")
    if _HOST.fullmatch(entry):
        return None
    message = f'"{entry}" is no network and no address: no call comes from there'
    fix = "write 203.0.113.7 or 203.0.113.0/24, without port and brackets"
    return Judgement("address-invalid", message, fix)


def _is_in(one: Prefix, other: Prefix) -> bool:
    """Whether a network is part of another."""
    rest = other.rest
    return (
        one.bits == other.bits and one.rest <= rest and one.number >> rest == other.number >> rest
    )


class Networks:
    """What one trunk lets in: ranges of addresses in ascending order that do not touch each other, and hosts.

    `is_open`: there is no list, or LiveKit ignores all of it.
    """

    __slots__ = ("hosts", "is_open", "ranges")

    def __init__(self, entries: Sequence[str]) -> None:
        considered = [entry for entry in entries if is_considered(entry)]
        self.is_open = not considered
        self.hosts: set[str] = set()
        found: list[tuple[int, int, int]] = []
        for entry in considered:
            network = read(entry)
            if network is None:
                self.hosts.add(entry)
            else:
                first = network.number >> network.rest << network.rest
                found.append((network.bits, first, first + (1 << network.rest) - 1))
        self.ranges: list[tuple[int, int, int]] = []
        for bits, first, last in sorted(found):
            if self.ranges and self.ranges[-1][0] == bits and first <= self.ranges[-1][2] + 1:
                self.ranges[-1] = (bits, self.ranges[-1][1], max(last, self.ranges[-1][2]))
            else:
                self.ranges.append((bits, first, last))

    def overlaps(self, other: Networks) -> bool:
        """Whether a call can come from where both let it in.

        That a call comes from an address of the one list and tells a host of the other is left out: it would take a
        caller who tries.
        """
        if self.is_open or other.is_open or self.hosts & other.hosts:
            return True
        mine, theirs = iter(self.ranges), iter(other.ranges)
        one, two = next(mine, None), next(theirs, None)
        while one is not None and two is not None:
            if one[0] == two[0] and one[1] <= two[2] and two[1] <= one[2]:
                return True
            if (one[0], one[2]) < (two[0], two[2]):
                one = next(mine, None)
            else:
                two = next(theirs, None)
        return False
