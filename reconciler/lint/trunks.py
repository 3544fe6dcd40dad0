"""Who may call through a trunk, and whether a call finds the one it is meant for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired
from reconciler.core.values import References, TextList
from reconciler.lint.facts import Facts
from reconciler.lint.report import report
from reconciler.sip.routing.addresses import (
    Prefix,
    is_considered,
    parse_address,
    parse_prefix,
)

_GUARDS = ("allowed_addresses", "auth.username", "auth.password")
# Fewer bits than these leave more of the internet in than out of any carrier's networks.
_FEWEST_BITS: Final = {32: 8, 128: 16}
# Addresses that no carrier on the internet calls from. Those of documentation are not among them.
_PRIVATE: Final = tuple(
    prefix
    for text in (
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
    if (prefix := parse_prefix(text)) is not None
)
_LIKE_AN_ADDRESS = re.compile(r"[0-9.]+|.*:.*", re.DOTALL)


class Judgement(NamedTuple):
    """What is wrong with one entry of `allowed_addresses`."""

    code: str
    message: str
    fix: str


def check_guard(one: Desired, facts: Facts) -> Iterator[Finding]:
    """A trunk with numbers alone takes calls to them from anybody (SIP-SEMANTICS 14, 18)."""
    fields = one.fields
    if any(path in fields for path in _GUARDS) or "numbers" not in fields:
        return
    if all(facts.owns(one, path) for path in ("allowed_addresses", "auth")):
        message = "this trunk has neither addresses nor a password: anybody who knows its number can call through it"
        fix = "list the carrier's networks in allowed_addresses, or write auth"
        yield report("trunk-without-auth", one, "numbers", message, fix)


def check_credentials(one: Desired, facts: Facts) -> Iterator[Finding]:
    """LiveKit asks for a password only where it has a user name as well (SIP-SEMANTICS 18)."""
    has_name, has_password = "auth.username" in one.fields, "auth.password" in one.fields
    if has_name == has_password:
        return
    missing, there = ("username", "password") if has_password else ("password", "username")
    if facts.owns(one, f"auth.{missing}"):
        message = f"a {there} without a {missing} protects nothing: LiveKit takes such calls without asking"
        fix = f"write auth.{missing} as well, or remove auth"
        yield report("half-credentials", one, f"auth.{there}", message, fix)


def check_password(one: Desired, facts: Facts) -> Iterator[Finding]:
    """A provider cannot be answered with half of the credentials."""
    if "auth.password" not in one.fields or "auth.username" in one.fields:
        return
    if facts.owns(one, "auth.username"):
        message = "a password without a username answers no challenge of the provider"
        fix = "write auth.username as well, or remove auth"
        yield report("half-credentials", one, "auth.password", message, fix)


def check_addresses(one: Desired, _: Facts) -> Iterator[Finding]:
    """Entries that let in nobody, or everybody (SIP-SEMANTICS 17)."""
    listed = one.fields.get("allowed_addresses")
    if not isinstance(listed, TextList):
        return
    for index, entry in enumerate(listed.written):
        found = judge(entry)
        if found is None:
            continue
        message = found.message
        if not any(map(is_considered, listed.written)):
            message += "; no other entry is left, so the trunk is open to everybody"
        yield report(found.code, one, f"allowed_addresses[{index}]", message, found.fix)


@lru_cache(65_536)
def judge(entry: str) -> Judgement | None:
    """What is wrong with one entry; a host name may stand there, too."""
    if not is_considered(entry):
        message = f'LiveKit ignores "{entry}": no address has such a character in it'
        return Judgement("address-invalid", message, "write an IP address or a network")
    if "/" in entry:
        prefix = parse_prefix(entry)
    else:
        address = parse_address(entry)
        prefix = None if address is None else Prefix(address.bits, address.number, 0)
    if prefix is None:
        if "/" not in entry and not _LIKE_AN_ADDRESS.fullmatch(entry):
            return None
        message = f'"{entry}" is no network and no address: no call comes from there'
        fix = "write 203.0.113.7 or 203.0.113.0/24, without port and brackets"
        return Judgement("address-invalid", message, fix)
    if any(_is_in(prefix, private) for private in _PRIVATE):
        message = f"{entry} is a private network: a carrier calls from public addresses"
        fix = "list the carrier's networks, not LiveKit's own; silence this where the caller is a neighbour"
        return Judgement("address-private", message, fix)
    if prefix.bits - prefix.rest < _FEWEST_BITS[prefix.bits]:
        message = f"{entry} is nearly the whole internet: this guards nothing"
        return Judgement("address-everybody", message, "list the carrier's networks")
    return None


def _is_in(one: Prefix, other: Prefix) -> bool:
    """Whether a network is part of another."""
    rest = other.rest
    return (
        one.bits == other.bits and one.rest <= rest and one.number >> rest == other.number >> rest
    )


def check_encryption(one: Desired, facts: Facts) -> Iterator[Finding]:
    """TLS hides who is called; what is said goes in clear unless the media is encrypted, too."""
    if one.fields.get("transport") != "tls" or not facts.owns(one, "media.encryption"):
        return
    encryption = one.fields.get("media.encryption")
    if encryption == "disable":
        message = "the signalling is encrypted and the audio is not: media.encryption is disable"
        yield report(
            "tls-without-srtp", one, "media.encryption", message, "write media.encryption: require"
        )
    elif encryption is None:
        message = "the signalling is encrypted and the audio is not: LiveKit encrypts it only where it is told to"
        fix = "write media: {encryption: require}, or disable where the provider cannot"
        yield report("tls-without-srtp", one, "transport", message, fix, Severity.NOTE)


def check_unused(facts: Facts) -> Iterator[Finding]:
    """A call that comes through a trunk without a rule goes nowhere, and rings on (SIP-SEMANTICS 23)."""
    if not (facts.manages_rules and facts.is_whole):
        return
    used: set[str] = set()
    for rule in facts.rules:
        references = rule.fields.get("trunks")
        if not isinstance(references, References):
            return
        used.update(entry.name for entry in references.entries)
    for one in facts.inbound:
        if one.name not in used and one.id not in used:
            message = "no rule takes the calls of this trunk: they ring, and nobody ever answers"
            yield report("trunk-without-rule", one, "", message, "name it in a rule's trunks")


def check_ambiguous(facts: Facts) -> Iterator[Finding]:
    """One trunk has a number for some callers, another has it for all: such calls fail (SIP-SEMANTICS 15, 16).

    Equal callers, or any on both sides, are a conflict and told as such.
    """
    for_all: dict[str, Desired] = {}
    for_some: list[tuple[str, Desired]] = []
    for one in facts.inbound:
        numbers = one.fields.get("numbers")
        keys: Sequence[str] = numbers.key if isinstance(numbers, TextList) else ("",)
        if "callers" in one.fields:
            for_some.extend((key, one) for key in keys)
        else:
            for key in keys:
                for_all.setdefault(key, one)
    told: set[str] = set()
    for key, one in for_some:
        other = for_all.get(key)
        if other is None or one.name in told or not _overlap(one, other):
            continue
        told.add(one.name)
        what = f"calls to {key}" if key else "calls to numbers that no trunk has"
        message = f'"{other.name}" ({other.origin.mark()}) takes {what} from anybody, from these callers too: LiveKit '
        message += "takes neither of the two, the call fails"
        fix = "tell them apart by allowed_addresses, or let one trunk take them all"
        yield report("ambiguous-trunks", one, "callers", message, fix)


def _overlap(one: Desired, other: Desired) -> bool:
    """Whether a call can come from an address that both trunks allow."""
    mine, theirs = _networks(one), _networks(other)
    if not mine or not theirs:
        return True
    return any(_share(a, b) for a in mine for b in theirs)


def _networks(one: Desired) -> list[Prefix | str]:
    listed = one.fields.get("allowed_addresses")
    if not isinstance(listed, TextList):
        return []
    return list(_read(entry for entry in listed.written if is_considered(entry)))


def _read(entries: Iterable[str]) -> Iterator[Prefix | str]:
    for entry in entries:
        address = parse_address(entry)
        if address is not None:
            yield Prefix(address.bits, address.number, 0)
        else:
            yield parse_prefix(entry) or entry


def _share(one: Prefix | str, other: Prefix | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    rest = max(one.rest, other.rest)
    return one.bits == other.bits and one.number >> rest == other.number >> rest
