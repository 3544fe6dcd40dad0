"""The map of a live project: what its rules bring, whatever a file says."""

from __future__ import annotations

from reconciler.core.objects import Live, Snapshot
from reconciler.core.values import AgentDispatch, AgentList, Reference, References, text_set
from reconciler.graph import graph_of_live
from reconciler.graph.model import NodeKind
from reconciler.sip.era import Era
from tests.graph.projects import SMALL, next_of, node
from tests.support.scenarios import Variables, live_from_yaml


def test_rooms_lead_straight_to_the_agents_of_their_rule() -> None:
    """Without a file there are no conventions."""
    drawn = graph_of_live(live_from_yaml(SMALL.encode(), Variables()), Era.NEW, "acme")
    assert not [one for one in drawn.nodes if one.kind is NodeKind.CONVENTION]
    rooms = [one for one in drawn.nodes if one.label == "call-_<number>_<random>"]
    assert sorted(next(iter(next_of(drawn, one))) for one in rooms) == [
        "SW Telephony Agent",
        "sales-agent",
    ]


def test_objects_without_a_name_go_by_their_id_and_conflicts_are_marked() -> None:
    """Two trunks of one number: an error at one of them, told by its id."""
    numbers = {"numbers": text_set(["+15550100001"])}
    trunks = [Live("inbound_trunk", f"ST_{index}", "", numbers) for index in range(2)]
    rule = Live(
        "dispatch_rule",
        "SDR_1",
        "rule",
        {
            "trunks": References((Reference("", "ST_0"), Reference("", "ST_gone"))),
            "rooms": "direct",
            "rooms.direct.room": "lobby",
            "agents": AgentList((AgentDispatch(""),)),
        },
    )
    live = Snapshot("acme.livekit.example", {"inbound_trunk": trunks, "dispatch_rule": [rule]})
    drawn = graph_of_live(live, Era.NEW)
    marked = [one.label for one in drawn.nodes if one.findings]
    assert marked == ["ST_0"]
    assert node(drawn, NodeKind.INBOUND_TRUNK, "ST_gone").missing
    assert next_of(drawn, node(drawn, NodeKind.ROOM, "lobby")) == {"(unnamed)"}
