"""The map of a file: every way a call can take, and nothing that is not there."""

from __future__ import annotations

from reconciler.graph.model import Fate, NodeKind, tally
from tests.graph.projects import SMALL, graph, large, next_of, node


def test_a_call_is_led_from_its_number_to_its_agent() -> None:
    """Number, trunk, rule, room, convention, agent: each leads to the next."""
    drawn = graph(SMALL)
    number = node(drawn, NodeKind.NUMBER, "+15550100099")
    assert next_of(drawn, number) == {"partner-line"}
    trunk = node(drawn, NodeKind.INBOUND_TRUNK, "partner-line")
    assert next_of(drawn, trunk) == {"conference", "fallback"}
    assert next_of(drawn, node(drawn, NodeKind.RULE, "conference")) == {"partner-lobby"}
    room = node(drawn, NodeKind.ROOM, "partner-lobby")
    assert next_of(drawn, room) == {"partner-lobby"}
    convention = node(drawn, NodeKind.CONVENTION, "partner-lobby")
    assert next_of(drawn, convention) == {"conference-host"}


def test_rooms_of_two_lines_stay_apart() -> None:
    """Two rules make rooms of one pattern: the way of a call never leads to the agent of the other line."""
    drawn = graph(SMALL)
    pattern = "call-_<number>_<random>"
    sales = node(drawn, NodeKind.ROOM, pattern, "line sales")
    (convention,) = (one for one in drawn.edges if one.source == sales.id)
    target = next(one for one in drawn.nodes if one.id == convention.target)
    assert target.details == ("line sales",)
    assert next_of(drawn, target) == {"sales-agent"}


def test_who_brings_the_agent_stands_on_the_edge() -> None:
    """The mechanisms of a convention are the label of the edge to its agents."""
    drawn = graph(SMALL)
    convention = node(drawn, NodeKind.CONVENTION, "ornina-*")
    (edge,) = (one for one in drawn.edges if one.source == convention.id)
    assert edge.label == "token or controller"


def test_calls_out_lead_to_a_provider() -> None:
    """An outbound trunk stands between its numbers and an address; a number that calls come in by is another node."""
    drawn = graph(SMALL)
    trunk = node(drawn, NodeKind.OUTBOUND_TRUNK, "signalwire-out")
    assert trunk.outgoing
    assert trunk.details == ("tls", "encryption require")
    assert next_of(drawn, trunk) == {"acme.signalwire.example"}
    numbers = [one for one in drawn.nodes if one.label == "+15550100001"]
    assert [one.outgoing for one in numbers] == [False, True]
    assert tally(numbers) == "1 number"


def test_many_numbers_are_one_node() -> None:
    """A trunk with many numbers has them in a group, which knows them all."""
    drawn = graph(SMALL)
    group = node(drawn, NodeKind.NUMBER, "6 numbers")
    assert len(group.members) == 6
    assert next_of(drawn, group) == {"telnyx-sales"}


def test_a_large_project_has_all_its_numbers_in_groups() -> None:
    """With many trunks even a few numbers each are too many nodes."""
    drawn = graph(large(60))
    labels = {one.label for one in drawn.nodes if one.kind is NodeKind.NUMBER}
    assert {"2 numbers", "3 numbers", "4 numbers"} <= labels
    assert "150 numbers" in tally(drawn.nodes)


def test_what_no_rule_leads_to_is_drawn_too() -> None:
    """Rooms that applications make have a convention, and an agent that nothing brings is on the map."""
    drawn = graph(SMALL)
    convention = node(drawn, NodeKind.CONVENTION, "interview-*")
    assert next_of(drawn, convention) == {"(unnamed)"}
    lonely = SMALL.replace("names:\n", "names:\n    idle: {agent_name: idle-agent}\n")
    assert node(graph(lonely), NodeKind.AGENT, "idle-agent").fate is Fate.KEEP


def test_a_rule_for_any_trunk_stands_behind_all_of_them() -> None:
    """It takes calls of every trunk, and of none."""
    drawn = graph(SMALL)
    fallback = node(drawn, NodeKind.RULE, "fallback")
    sources = {one.source for one in drawn.edges if one.target == fallback.id}
    names = {one.label for one in drawn.nodes if one.id in sources}
    assert names == {"signalwire", "telnyx-sales", "partner-line", "any trunk"}


def test_findings_stand_where_they_are() -> None:
    """Findings about a trunk, a rule, an agent and a convention are at their nodes."""
    twice = SMALL.replace("agents: [host], dispatch: app", "agents: [host, host], dispatch: app")
    drawn = graph(twice)
    at = {drawn.findings[index].code: one.label for one in drawn.nodes for index in one.findings}
    assert at["no-convention"] == "fallback"
    assert at["trunk-without-auth"] == "partner-line"
    assert at["agent-twice"] == "partner-lobby"
    assert at["unnamed-beside-named"] == "(unnamed)"
    assert all(one.kind is not NodeKind.ROOM for one in drawn.nodes if one.findings)


def test_a_room_under_two_conventions_leads_to_both() -> None:
    """What is an error for a plan is drawn all the same, and marked."""
    split = SMALL.replace("{prefix: call-outbound-,", "{prefix: call-_+1555,")
    drawn = graph(split)
    room = next(one for one in drawn.nodes if one.kind is NodeKind.ROOM)
    assert len([one for one in drawn.edges if one.source == room.id]) == 2
    rule = node(drawn, NodeKind.RULE, "inbound-calls")
    assert [drawn.findings[index].code for index in rule.findings] == ["split-rooms"]


def test_an_unknown_trunk_is_drawn_as_missing() -> None:
    """A rule may name a live trunk by its id, or one that nobody knows."""
    drawn = graph(SMALL.replace("trunks: [signalwire]", "trunks: [ST_elsewhere]"))
    assert node(drawn, NodeKind.INBOUND_TRUNK, "ST_elsewhere").missing


def test_each_plane_may_be_missing() -> None:
    """A file with one plane is half a map, and an empty file an empty one."""
    sip, agents = SMALL.index("sip:\n"), SMALL.index("agents:\n")
    only_sip = graph(SMALL[:agents].replace("      line: sales\n", ""))
    assert {one.kind.plane.value for one in only_sip.nodes} == {"sip"}
    only_agents = graph(SMALL[:sip] + SMALL[agents:])
    assert {one.kind.plane.value for one in only_agents.nodes} == {"agents"}
    assert graph("version: 1\nproject: {name: nothing}\n").nodes == ()
