"""LiveKit's message of each kind of object, and how its ids and enums are called."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import Message
from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo, SIPOutboundTrunkInfo

from reconciler.core.values import AgentDispatch, Metadata
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, OUTBOUND_TRUNK

MESSAGES: Final[dict[str, type[Message]]] = {
    INBOUND_TRUNK.name: SIPInboundTrunkInfo,
    OUTBOUND_TRUNK.name: SIPOutboundTrunkInfo,
    DISPATCH_RULE.name: SIPDispatchRuleInfo,
}
ID_FIELD: Final = {
    INBOUND_TRUNK.name: "sip_trunk_id",
    OUTBOUND_TRUNK.name: "sip_trunk_id",
    DISPATCH_RULE.name: "sip_dispatch_rule_id",
}
# LiveKit has two places for media encryption: servers from 1.13 on obey `media` and fall back to this older one,
# servers before know only this one. What is read is what the server obeys, and both are written.
LEGACY_ENCRYPTION: Final = "media_encryption"
RESTART_POLICIES: Final = ("", "never")
BODY_PREFIX: Final = "dispatch_rule_"
"""In front of the kind of rooms in the name of a rule's body."""


def word_of(choices: tuple[str, ...], number: int) -> str:
    """The word of an enum's value; one from the future keeps its number."""
    return choices[number] if 0 <= number < len(choices) else str(number)


def number_of(choices: tuple[str, ...], word: str) -> int:
    """The value that a word stands for, a number from the future included."""
    return choices.index(word) if word in choices else int(word)


def asked_of(message: Any) -> AgentDispatch:
    """The agent that a message asks for: an entry of a rule or a token, or a dispatch."""
    return AgentDispatch(
        message.agent_name,
        Metadata(message.metadata),
        tuple(sorted(message.attributes.items())),
        word_of(RESTART_POLICIES, message.restart_policy),
        message.deployment,
    )


def write_asked(message: Any, agent: AgentDispatch) -> None:
    """Makes a message ask for an agent; what this version cannot name stays as it is."""
    message.agent_name = agent.agent_name
    message.metadata = agent.metadata.text
    message.restart_policy = number_of(RESTART_POLICIES, agent.restart_policy)
    message.deployment = agent.deployment
    message.attributes.clear()
    message.attributes.update(agent.attributes)
