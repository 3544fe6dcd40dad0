"""A project as years of dashboard work leave it: names that repeat or are empty, agents that nobody keeps in order.

Trunks are named here by words; `messages` gives them ids as a server would.
"""

from __future__ import annotations

from typing import Any

from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.egress import EncodedFileOutput, S3Upload
from livekit.protocol.room import RoomConfiguration, RoomEgress
from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleCallee,
    SIPDispatchRuleDirect,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
    SIPTransport,
)

INBOUND = {
    "main": SIPInboundTrunkInfo(
        name="SignalWire",
        numbers=["+15550100001", "+1 (555) 010-0002"],
        allowed_addresses=["203.0.113.0/24"],
        auth_username="acme",
        auth_password="correct horse",
        headers={"X-Site": "berlin", "X-Empty": ""},
        krisp_enabled=True,
    ),
    "twin": SIPInboundTrunkInfo(
        name="SignalWire", numbers=["+15550100003"], auth_username="acme", auth_password="battery"
    ),
    "nameless": SIPInboundTrunkInfo(numbers=["+15550100004"], metadata='{"team":  "b"}'),
    "open": SIPInboundTrunkInfo(name="no", allowed_addresses=["198.51.100.7"]),
}
OUTBOUND = [
    SIPOutboundTrunkInfo(
        name="SignalWire",
        address="acme.sip.example",
        transport=SIPTransport.SIP_TRANSPORT_TLS,
        numbers=["+15550100001"],
        auth_username="acme",
        auth_password="staple",
    ),
    SIPOutboundTrunkInfo(address="backup.sip.example", numbers=["+15550100001"]),
]


def agents(*names: str, **fields: Any) -> RoomConfiguration:
    """A room that asks for some agents."""
    return RoomConfiguration(
        agents=[RoomAgentDispatch(agent_name=name, **fields) for name in names]
    )


def _individual(prefix: str, pin: str = "") -> SIPDispatchRule:
    body = SIPDispatchRuleIndividual(room_prefix=prefix, pin=pin)
    return SIPDispatchRule(dispatch_rule_individual=body)


def rules(trunks: dict[str, str]) -> list[SIPDispatchRuleInfo]:
    """The rules, for trunks with these ids."""
    recording = agents("SW Telephony Agent", metadata='{"lang": "de"}')
    output = EncodedFileOutput(
        filepath="calls/{room_name}.ogg",
        s3=S3Upload(access_key="AKIA", secret="do not tell", bucket="calls"),
    )
    recording.egress.CopyFrom(RoomEgress())
    recording.egress.room.audio_only = True
    recording.egress.room.file_outputs.append(output)
    return [
        SIPDispatchRuleInfo(
            name="calls",
            trunk_ids=[trunks["main"]],
            rule=_individual("call-"),
            attributes={"direction": "inbound", "on": "off"},
            room_config=recording,
        ),
        SIPDispatchRuleInfo(
            name="calls",
            trunk_ids=[trunks["twin"], "ST_removedlongago"],
            rule=_individual("call-", pin="0420"),
            room_config=agents("SW Telephony Agent", "SW Telephony Agent"),
        ),
        SIPDispatchRuleInfo(trunk_ids=[trunks["nameless"]], rule=_individual("call-")),
        SIPDispatchRuleInfo(
            name="Lobby",
            inbound_numbers=["+15550100098", "+15550100099"],
            rule=SIPDispatchRule(
                dispatch_rule_direct=SIPDispatchRuleDirect(room_name="lobby", pin="0421")
            ),
            room_config=agents(""),
        ),
        SIPDispatchRuleInfo(
            name="by number",
            trunk_ids=[trunks["open"]],
            rule=SIPDispatchRule(dispatch_rule_callee=SIPDispatchRuleCallee(room_prefix="team")),
        ),
    ]


def messages() -> dict[str, list[Any]]:
    """The whole project with made-up ids."""
    ids = {word: f"ST_{word}" for word in INBOUND}
    inbound = []
    for word, trunk in INBOUND.items():
        inbound.append(SIPInboundTrunkInfo())
        inbound[-1].CopyFrom(trunk)
        inbound[-1].sip_trunk_id = ids[word]
    outbound = []
    for number, sender in enumerate(OUTBOUND):
        outbound.append(SIPOutboundTrunkInfo())
        outbound[-1].CopyFrom(sender)
        outbound[-1].sip_trunk_id = f"ST_out{number}"
    found = rules(ids)
    for number, rule in enumerate(found):
        rule.sip_dispatch_rule_id = f"SDR_{number}"
    return {"inbound_trunk": inbound, "outbound_trunk": outbound, "dispatch_rule": found}
