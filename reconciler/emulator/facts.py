"""What filters and conflict checks need to know of a stored object, taken from its message once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from livekit.protocol import sip


class TrunkFacts(NamedTuple):
    """Of a trunk: the numbers called and, for inbound trunks, the callers it allows."""

    numbers: tuple[str, ...]
    callers: tuple[str, ...]


class RuleFacts(NamedTuple):
    """Of a dispatch rule; `pin` is None for a rule that names no kind."""

    name: str
    pin: str | None
    trunk_ids: tuple[str, ...]
    callers: tuple[str, ...]
    called: tuple[str, ...]


def inbound_facts(trunk: sip.SIPInboundTrunkInfo) -> TrunkFacts:
    """The facts of an inbound trunk."""
    return TrunkFacts(tuple(trunk.numbers), tuple(trunk.allowed_numbers))


def outbound_facts(trunk: sip.SIPOutboundTrunkInfo) -> TrunkFacts:
    """The facts of an outbound trunk."""
    return TrunkFacts(tuple(trunk.numbers), ())


def rule_facts(rule: sip.SIPDispatchRuleInfo) -> RuleFacts:
    """The facts of a dispatch rule."""
    kind = rule.rule.WhichOneof("rule")
    return RuleFacts(
        rule.name,
        None if kind is None else getattr(rule.rule, kind).pin,
        tuple(rule.trunk_ids),
        tuple(rule.inbound_numbers),
        tuple(rule.numbers),
    )
