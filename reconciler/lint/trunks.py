"""Who may call through a trunk, and whether a call finds the one it is meant for."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired
from reconciler.core.values import References
from reconciler.lint.addresses import names_hosts_only
from reconciler.lint.facts import Facts, texts_of
from reconciler.lint.report import report


def check_guard(one: Desired, facts: Facts) -> Iterator[Finding]:
    """A trunk with numbers alone takes calls to them from anybody (SIP-SEMANTICS 14, 17, 18)."""
    fields = one.fields
    if "auth.username" in fields or "auth.password" in fields:
        return
    addresses = texts_of(one, "allowed_addresses")
    is_bare = not addresses and "numbers" in fields
    if not (is_bare or names_hosts_only(addresses)):
        return
    if not all(facts.owns(one, path) for path in ("allowed_addresses", "auth")):
        return
    if is_bare:
        message = "this trunk has neither addresses nor a password: anybody who knows its number can call through it"
        fix = "list the carrier's networks in allowed_addresses, or write auth"
        yield report("trunk-without-auth", one, "numbers", message, fix)
    else:
        message = "LiveKit looks up no names: it compares them with the host in From, which the caller writes himself"
        fix = "list the carrier's networks as well, or write auth"
        yield report("trunk-without-auth", one, "allowed_addresses", message, fix, Severity.NOTE)


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
    if not facts.knows_rules:
        return
    used: set[str] = set()
    for rule in facts.rules:
        references = rule.fields.get("trunks")
        if not isinstance(references, References) or not facts.owns(rule, "trunks"):
            return
        used.update(entry.name for entry in references.entries)
    if not used <= facts.trunks.keys():
        return  # an id, which may be that of any trunk
    for one in facts.inbound:
        if one.name not in used:
            message = "no rule takes the calls of this trunk: they ring, and nobody ever answers"
            yield report("trunk-without-rule", one, "", message, "name it in a rule's trunks")
