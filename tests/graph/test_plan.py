"""The map of a plan: what comes, what goes, what changes, and what it leads to."""

from __future__ import annotations

import pytest

from reconciler.core.objects import Snapshot
from reconciler.core.plan import Action, Plan, Plane
from reconciler.graph import graph_of_plan, only_changes
from reconciler.graph.mermaid import mermaid
from reconciler.graph.model import Fate, Graph, NodeKind
from reconciler.planning import Options, make_plan
from reconciler.sip.era import Era
from tests.graph.goldens import same_as_golden
from tests.graph.projects import SMALL, configuration, node
from tests.support import scenarios
from tests.support.scenarios import Variables, live_from_yaml

DESIRED = (
    SMALL.replace('"+15550100002"', '"+15550100003"')
    .replace("{callee: {prefix: other-}}", "{callee: {prefix: ornina-}}")
    .replace("{prefix: call-, agents: [telephony]", "{prefix: call-, agents: [avatar]")
    .replace("    partner-line:\n", "    partner-two:\n      renamed_from: partner-line\n")
    .replace("[partner-line]", "[partner-two]")
    .replace(
        "    fallback:",
        '    night:\n      trunks: [telnyx-sales]\n      callers: ["+15550100070"]\n'
        "      rooms: {individual: {prefix: interview-}}\n    fallback:",
    )
)
LIVE = SMALL.replace(
    "  outbound_trunks:\n",
    '    forgotten:\n      numbers: ["+15550100055"]\n  outbound_trunks:\n',
)


def planned(desired: str, live: str = LIVE) -> tuple[Graph, Plan, Snapshot]:
    """The plan of one file against another that lives, and its map."""
    read = configuration(desired)
    snapshot = live_from_yaml(live.encode(), Variables())
    plan = make_plan(read, snapshot, Options())
    return graph_of_plan(plan, read, Era.NEW, snapshot), plan, snapshot


def fates(graph: Graph) -> dict[str, Fate]:
    """What becomes of everything that is not simply kept."""
    return {one.label: one.fate for one in graph.nodes if one.fate is not Fate.KEEP}


def test_every_fate_is_on_the_map() -> None:
    """Created, changed, renamed, deleted and unlisted things are told apart, numbers and rooms included."""
    graph, _, _ = planned(DESIRED)
    assert fates(graph) == {
        "+15550100003": Fate.CREATE,
        "+15550100002": Fate.DELETE,
        "+15550100055": Fate.UNLISTED,
        "signalwire": Fate.UPDATE,
        "partner-two": Fate.RENAME,
        "forgotten": Fate.UNLISTED,
        "inbound-calls": Fate.UPDATE,
        "fallback": Fate.UPDATE,
        "night": Fate.CREATE,
        "interview-_+15550100070_<random>": Fate.CREATE,
        "ornina-_<number>": Fate.CREATE,
        "other-_<number>": Fate.DELETE,
    }
    assert node(graph, NodeKind.INBOUND_TRUNK, "partner-two").details[0] == "was partner-line"


def test_an_agent_that_a_rule_brought_until_now_is_seen_to_go() -> None:
    """The way to the new agent is a change, that to the old one ends."""
    graph, _, _ = planned(DESIRED)
    names = {one.id: one.label for one in graph.nodes}
    gone = [one for one in graph.edges if one.label == "until now"]
    assert [(names[one.source], names[one.target], one.fate) for one in gone] == [
        ("call-_<number>_<random>", "SW Telephony Agent", Fate.DELETE)
    ]


def test_agents_that_a_plan_leaves_alone_are_drawn_as_they_live() -> None:
    """A plan of the SIP plane only changes nothing about who comes, whatever the conventions say."""
    read = configuration(
        SMALL.replace("prefix: call-, agents: [telephony]", "prefix: call-, agents: [host]")
    )
    snapshot = live_from_yaml(SMALL.encode(), Variables())
    for only, labels in ((Plane.SIP, ["as it lives"]), (None, ["changes", "until now"])):
        plan = make_plan(read, snapshot, Options(only=only))
        graph = graph_of_plan(plan, read, Era.NEW, snapshot)
        room = next(one for one in graph.nodes if one.label == "call-_<number>_<random>")
        assert ("agents as they live" in room.details) is (only is Plane.SIP)
        edges = [one for one in graph.edges if one.source == room.id and one.label]
        assert [one.label for one in edges] == labels


def test_deletions_keep_their_place() -> None:
    """With the live project at hand, what goes is drawn with its numbers and its rooms."""
    smaller = SMALL.replace("name: acme-voice,", "name: acme-voice, unlisted: delete,")
    graph, _, _ = planned(smaller)
    assert fates(graph) == {"forgotten": Fate.DELETE, "+15550100055": Fate.DELETE}


def test_nothing_to_change_is_a_map_without_colours() -> None:
    """A project that is as the file says has no fate but to be kept."""
    graph, _, _ = planned(SMALL, SMALL)
    assert fates(graph) == {}
    assert {one.fate for one in graph.edges} == {Fate.KEEP}
    assert only_changes(graph).nodes == ()


def test_the_picture_of_a_change_is_limited_to_it() -> None:
    """What changes, what stands beside it, and who answers; the rest of the project is left out."""
    graph, _, _ = planned(DESIRED)
    drawn = mermaid(only_changes(graph))
    assert "signalwire-out" not in drawn
    assert '"#43;\u00a0night' in drawn  # Mermaid breaks lines: not between a sign and its name
    same_as_golden("plan.mmd", drawn)


@pytest.mark.parametrize("name", scenarios.names())
def test_every_scenario_can_be_drawn(name: str) -> None:
    """Whatever a plan holds: each of its objects is on the map with what becomes of it, and no secret is."""
    scenario = scenarios.scenario(name)
    plan = scenario.plan
    for live in (scenario.live, None):
        graph = graph_of_plan(plan, scenario.configuration, Era.NEW, live)
        shown = {(one.kind.value, one.label): one.fate for one in graph.nodes}
        for change in plan.changes:
            fate = shown[(change.kind, change.name or str(change.id))]
            assert fate.is_change, change
        ids = {one.id for one in graph.nodes}
        assert all(edge.source in ids and edge.target in ids for edge in graph.edges)
        assert not any(secret in repr(graph) for secret in scenario.secrets)
        # Only agents that are asked for differently, or one listed more often, leave no trace on a map.
        if any(change.action is not Action.UPDATE for change in plan.changes):
            assert only_changes(graph).nodes
