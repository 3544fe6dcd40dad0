"""A made-up but realistic project of any size: the file, and the same objects as LiveKit's own messages.

45 % inbound trunks (one to three numbers, an address range), 10 % outbound trunks (with a password), 45 % dispatch
rules (each on a trunk of its own, its rooms under one of twenty conventions). The file plans to no change against the
messages; `changed` alters one field of every object in the file, so that it plans to exactly one write an object.
Nothing is random: the same size gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
    SIPTransport,
)

TEAMS = 20
PASSWORD_VARIABLE = "BENCH_SIP_PASSWORD"  # noqa: S105 - the name of the variable, not its value
PASSWORD = "made-up-password"  # noqa: S105 - guards nothing


@dataclass(frozen=True, slots=True)
class Shape:
    """How many objects of each kind a project of a given size has."""

    inbound: int
    outbound: int
    rules: int

    @classmethod
    def of(cls, size: int) -> Shape:
        inbound = -(-size * 45 // 100)
        outbound = size // 10
        return cls(inbound, outbound, size - inbound - outbound)


def inbound_name(index: int) -> str:
    return f"tenant-{index:06d}-in"


def outbound_name(index: int) -> str:
    return f"tenant-{index:06d}-out"


def rule_name(index: int) -> str:
    return f"tenant-{index:06d}-calls"


def inbound_numbers(index: int) -> list[str]:
    return [f"+1555{index * 3 + offset:07d}" for offset in range(1 + index % 3)]


def network(index: int) -> str:
    return f"198.{18 + index % 2}.{index // 2 % 256}.0/24"


def prefix(index: int) -> str:
    return f"team{index % TEAMS:02d}-{index:06d}"


def agent_name(team: int) -> str:
    return f"answering-agent-{team:02d}"


def inbound_trunk(index: int) -> SIPInboundTrunkInfo:
    return SIPInboundTrunkInfo(
        sip_trunk_id=f"ST_in{index:010d}",
        name=inbound_name(index),
        numbers=inbound_numbers(index),
        allowed_addresses=[network(index)],
    )


def outbound_trunk(index: int) -> SIPOutboundTrunkInfo:
    return SIPOutboundTrunkInfo(
        sip_trunk_id=f"ST_out{index:09d}",
        name=outbound_name(index),
        address=f"carrier-{index % 7}.example",
        transport=SIPTransport.SIP_TRANSPORT_TCP,
        numbers=inbound_numbers(index)[:1],
        auth_username=f"tenant-{index}",
        auth_password=PASSWORD,
    )


def dispatch_rule(index: int) -> SIPDispatchRuleInfo:
    individual = SIPDispatchRuleIndividual(room_prefix=prefix(index))
    return SIPDispatchRuleInfo(
        sip_dispatch_rule_id=f"SDR_{index:012d}",
        name=rule_name(index),
        trunk_ids=[inbound_trunk(index).sip_trunk_id],
        rule=SIPDispatchRule(dispatch_rule_individual=individual),
        room_config=RoomConfiguration(
            agents=[RoomAgentDispatch(agent_name=agent_name(index % TEAMS))]
        ),
    )


def configuration(size: int, *, changed: bool = False, teams: int = TEAMS) -> str:
    """The YAML file, written as a person would: block style, one key a line. A small one needs fewer `teams`."""
    shape = Shape.of(size)
    lines = ["version: 1", "project:", "  name: benchmark", "  unlisted: report", "sip:"]
    lines += _inbound_lines(shape.inbound, changed)
    lines += _outbound_lines(shape.outbound, changed)
    lines += _rule_lines(shape.rules, changed)
    lines += _agent_lines(teams)
    return "\n".join(lines) + "\n"


def _inbound_lines(count: int, changed: bool) -> list[str]:
    lines = ["  inbound_trunks:" + ("" if count else " {}")]
    for index in range(count):
        numbers = ", ".join(f'"{number}"' for number in inbound_numbers(index))
        lines += [
            f"    {inbound_name(index)}:",
            f"      numbers: [{numbers}]",
            f'      allowed_addresses: ["{network(index)}"]',
        ]
        lines += ["      metadata: changed"] if changed else []
    return lines


def _outbound_lines(count: int, changed: bool) -> list[str]:
    lines = ["  outbound_trunks:" + ("" if count else " {}")]
    for index in range(count):
        lines += [
            f"    {outbound_name(index)}:",
            f"      address: carrier-{index % 7}.example",
            "      transport: tcp",
            f'      numbers: ["{inbound_numbers(index)[0]}"]',
            "      auth:",
            f"        username: tenant-{index}",
            f"        password: {{env: {PASSWORD_VARIABLE}}}",
        ]
        lines += ["      metadata: changed"] if changed else []
    return lines


def _rule_lines(count: int, changed: bool) -> list[str]:
    lines = ["  dispatch_rules:" + ("" if count else " {}")]
    for index in range(count):
        lines += [
            f"    {rule_name(index)}:",
            f"      trunks: [{inbound_name(index)}]",
            f"      rooms: {{individual: {{prefix: {prefix(index)}}}}}",
        ]
        lines += ["      metadata: changed"] if changed else []
    return lines


def _agent_lines(teams: int) -> list[str]:
    names = [f"    team{team:02d}: {{agent_name: {agent_name(team)}}}" for team in range(teams)]
    rooms = [
        f"    - {{prefix: team{team:02d}-, agents: [team{team:02d}], dispatch: sip}}"
        for team in range(teams)
    ]
    return ["agents:", "  names:", *names, "  rooms:", *rooms]
