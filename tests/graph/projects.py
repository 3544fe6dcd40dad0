"""Projects to draw: one with three trunks and a bit of everything, and ones with as many as are asked for."""

from __future__ import annotations

from pathlib import Path

from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.core.finding import has_errors
from reconciler.graph import graph_of_configuration
from reconciler.graph.model import Graph, Node, NodeKind
from reconciler.planning import check
from reconciler.sip.era import Era
from tests.support.scenarios import Variables

SMALL = """\
version: 1
project: {name: acme-voice, host: acme-voice.livekit.example}
sip:
  inbound_trunks:
    signalwire:
      numbers: ["+15550100001", "+15550100002"]
      allowed_addresses: ["203.0.113.0/24"]
      auth: {username: acme, password: {env: SIGNALWIRE_SIP_PASSWORD}}
    telnyx-sales:
      numbers: ["+15550100011", "+15550100012", "+15550100013", "+15550100014", "+15550100015", "+15550100016"]
      allowed_addresses: ["198.51.100.7", "198.51.100.8"]
    partner-line:
      numbers: ["+15550100099"]
      callers: ["+15550100040", "+15550100041"]
  outbound_trunks:
    signalwire-out:
      address: acme.signalwire.example
      transport: tls
      media: {encryption: require}
      numbers: ["+15550100001"]
  dispatch_rules:
    inbound-calls:
      trunks: [signalwire]
      rooms: {individual: {prefix: call-}}
    sales-calls:
      trunks: [telnyx-sales]
      line: sales
      rooms: {individual: {prefix: call-}}
    conference:
      trunks: [partner-line]
      rooms: {direct: {room: partner-lobby, pin: {env: PARTNER_PIN}}}
    fallback:
      trunks: any
      rooms: {callee: {prefix: other-}}
agents:
  names:
    telephony: {agent_name: SW Telephony Agent}
    sales: {agent_name: sales-agent}
    interviewer: {agent_name: ""}
    avatar: {agent_name: ornina-avatar-agent}
    host: {agent_name: conference-host}
  rooms:
    - {prefix: call-outbound-, agents: [telephony], dispatch: controller}
    - {prefix: call-, agents: [telephony], lines: {sales: {agents: [sales]}}, dispatch: sip}
    - {prefix: interview-, agents: [interviewer], dispatch: token, required_metadata: [session_id]}
    - {prefix: ornina-, agents: [{agent: avatar, metadata: {lang: ar}}], dispatch: [token, controller]}
    - {room: partner-lobby, agents: [host], dispatch: app}
"""

_CITIES = ("berlin", "madrid", "lisbon", "vienna", "oslo", "dublin", "athens", "warsaw", "prague")
_TEAMS = ("support", "sales", "support", "billing")


def large(trunks: int) -> str:
    """A project with this many inbound trunks of one to four numbers, each with a rule of its own."""
    lines = ["version: 1", "project: {name: acme-voice}", "sip:", "  inbound_trunks:"]
    for index in range(trunks):
        numbers = ", ".join(f'"+1555010{index * 10 + n:04d}"' for n in range(1 + index * 7 % 4))
        lines += [
            f"    {_city(index)}:",
            f"      numbers: [{numbers}]",
            f"      allowed_addresses: [203.0.113.{index % 250}]",
        ]
    lines += ["  dispatch_rules:"]
    for index in range(trunks):
        city, team = _city(index), _TEAMS[index % 4]
        lines += [
            f"    {city}-{team}:",
            f"      trunks: [{city}]",
            f"      rooms: {{individual: {{prefix: {team}-{city}-}}}}",
        ]
    teams = sorted(set(_TEAMS))
    lines += [
        "agents:",
        "  names:",
        *(f"    {team}: {{agent_name: {team}-agent}}" for team in teams),
    ]
    lines += ["  rooms:"]
    lines += [f"    - {{prefix: {team}-, agents: [{team}], dispatch: sip}}" for team in teams]
    return "\n".join(lines) + "\n"


def _city(index: int) -> str:
    return f"{_CITIES[index % len(_CITIES)]}-{index // len(_CITIES) + 1}"


def configuration(text: str) -> Configuration:
    """A file, read; it has no errors of its own."""
    read = load({Path("dispatch.yaml"): text.encode()}, Variables())
    assert not has_errors(read.findings), [str(one) for one in read.findings]
    return read


def graph(text: str) -> Graph:
    """The map of a file with everything that is found about it."""
    read = configuration(text)
    return graph_of_configuration(read, check(read, Era.NEW), Era.NEW)


def node(drawn: Graph, kind: NodeKind, label: str, detail: str = "") -> Node:
    """The one node of this kind and name."""
    (found,) = (
        one
        for one in drawn.nodes
        if one.kind is kind and one.label == label and (not detail or detail in one.details)
    )
    return found


def next_of(drawn: Graph, one: Node) -> set[str]:
    """The names of the nodes that one leads to."""
    names = {node.id: node.label for node in drawn.nodes}
    return {names[edge.target] for edge in drawn.edges if edge.source == one.id}
