"""Conventions that follow from live rules: whole families of rooms, however they are entangled."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleCallee,
    SIPDispatchRuleDirect,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
)

from reconciler.core.objects import Snapshot
from reconciler.export import export_project
from reconciler.gateway.read import snapshot
from reconciler.sip.era import Era
from tests.export.round_trip import plan_of, read_back

PREFIXES = [
    "",
    "c",
    "call",
    "call-",
    "call-_",
    "call_",
    "call_1",
    "call_+15550100001",
    "call__",
    "1",
    "15550100001",
    "_",
]
CALLERS = ["+15550100001", "+15550100002", "15550100001", "anonymous", "1"]
AGENTS = [[], [], ["a"], ["b"], ["a", "b"], ["b", "a"], ["a", "a"], [""]]


def individual(prefix: str, **fields: Any) -> SIPDispatchRule:
    """A room for each caller."""
    body = SIPDispatchRuleIndividual(room_prefix=prefix, **fields)
    return SIPDispatchRule(dispatch_rule_individual=body)


def direct(room: str, **fields: Any) -> SIPDispatchRule:
    """One room for everybody."""
    return SIPDispatchRule(dispatch_rule_direct=SIPDispatchRuleDirect(room_name=room, **fields))


def callee(prefix: str, **fields: Any) -> SIPDispatchRule:
    """A room for each number called."""
    body = SIPDispatchRuleCallee(room_prefix=prefix, **fields)
    return SIPDispatchRule(dispatch_rule_callee=body)


def agents(*names: str) -> RoomConfiguration:
    """A room that asks for some agents."""
    return RoomConfiguration(agents=[RoomAgentDispatch(agent_name=name) for name in names])


def project(*rules: SIPDispatchRuleInfo, trunks: tuple[SIPInboundTrunkInfo, ...] = ()) -> Snapshot:
    """A live project of these rules, with ids in their order."""
    for number, rule in enumerate(rules):
        rule.sip_dispatch_rule_id = f"SDR_{number}"
    messages: dict[str, list[Any]] = {"inbound_trunk": list(trunks), "dispatch_rule": list(rules)}
    return snapshot("acme.livekit.example", messages, Era.NEW)


@st.composite
def families(draw: st.DrawFn) -> tuple[Snapshot, Era]:
    """Rules whose prefixes, callers and rooms extend each other."""
    era = draw(st.sampled_from(Era))
    trunks = [
        SIPInboundTrunkInfo(
            sip_trunk_id=f"ST_{number}",
            name=f"trunk-{number}",
            numbers=[f"+1555010001{number}"],
            allowed_numbers=draw(st.lists(st.sampled_from(CALLERS), max_size=2)),
        )
        for number in range(2)
    ]
    rules = []
    for number in range(draw(st.integers(1, 8))):
        prefix = draw(st.sampled_from(PREFIXES))
        body = draw(
            st.sampled_from(
                [
                    individual(prefix),
                    individual(prefix, no_randomness=True),
                    callee(prefix),
                    callee(prefix, randomize=True),
                    direct(prefix),
                    direct(f"{prefix}_+15550100001"),
                    direct(f"{prefix}_+15550100001_abcdefghijkl"),
                    direct(f"{prefix}_0001"),
                ]
            )
        )
        rules.append(
            SIPDispatchRuleInfo(
                sip_dispatch_rule_id=f"SDR_{number}",
                name=f"rule-{number}",
                rule=body,
                trunk_ids=draw(st.lists(st.sampled_from(["ST_0", "ST_1", "ST_gone"]), max_size=2)),
                inbound_numbers=draw(st.lists(st.sampled_from(CALLERS), max_size=2)),
                numbers=draw(st.lists(st.sampled_from(CALLERS), max_size=1)),
                hide_phone_number=draw(st.booleans()),
                room_config=agents(*draw(st.sampled_from(AGENTS))),
            )
        )
    messages: dict[str, list[Any]] = {"inbound_trunk": trunks, "dispatch_rule": rules}
    return snapshot("acme.livekit.example", messages, era), era


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(families())
def test_entangled_rules_keep_their_agents(family: tuple[Snapshot, Era]) -> None:
    """No rule's rooms are split, no rule gets other agents, and every rule with agents is covered."""
    live, era = family
    exported = export_project(live, name="acme", era=era)
    assert exported.notes == ()
    plan = plan_of(exported, live, era)
    assert (plan.changes, plan.calls, plan.unlisted) == ((), (), ())
    codes = {one.code for one in plan.findings}
    assert not codes & {"split-rooms", "unknown-line"}
    uncovered = {
        one.path.rpartition(".")[2] for one in plan.findings if one.code == "no-convention"
    }
    assert not uncovered & {one.name for one in live.of("dispatch_rule") if "agents" in one.fields}


def rooms_of(live: Snapshot) -> Any:
    """`agents.rooms` of the exported file, as any YAML reader has it."""
    return yaml.safe_load(export_project(live, name="acme", era=Era.NEW).text)["agents"]["rooms"]


def rule(name: str, body: SIPDispatchRule, *names: str, **fields: Any) -> SIPDispatchRuleInfo:
    """A live rule that brings some agents."""
    return SIPDispatchRuleInfo(name=name, rule=body, room_config=agents(*names), **fields)


def test_prefixes_that_do_not_meet_stay_apart() -> None:
    """LiveKit's underscore keeps call- and call-sales- apart, so each has its own convention."""
    live = project(rule("a", individual("call-"), "x"), rule("b", individual("call-sales-"), "y"))
    assert rooms_of(live) == [
        {"prefix": "call-_", "agents": ["x"], "dispatch": "sip"},
        {"prefix": "call-sales-_", "agents": ["y"], "dispatch": "sip"},
    ]


def test_one_prefix_with_different_agents_has_lines() -> None:
    """Rules that share a prefix are told apart by lines, the one without agents too."""
    live = project(
        rule("sales", individual("call-"), "x", trunk_ids=["ST_1"]),
        rule("Support Line", individual("call-"), "x", "y", trunk_ids=["ST_2"]),
        rule("nobody", individual("call-"), trunk_ids=["ST_3"]),
    )
    assert rooms_of(live) == [
        {
            "prefix": "call-_",
            "lines": {
                "support-line": {"agents": ["x", "y"]},
                "nobody": {"agents": []},
                "sales": {"agents": ["x"]},
            },
            "dispatch": "sip",
        }
    ]
    exported = export_project(live, name="acme", era=Era.NEW)
    assert read_back(exported, live).lines == {
        "sales": "sales",
        "Support Line": "support-line",
        "nobody": "nobody",
    }


def test_a_prefix_inside_anothers_numbers_is_merged() -> None:
    """A room of the first rule could fall under the second's prefix: one convention with lines covers both."""
    live = project(
        rule("all", individual("call"), "x", trunk_ids=["ST_1"]),
        rule("vip", individual("call_+15550100001"), "y", trunk_ids=["ST_2"]),
    )
    (only,) = rooms_of(live)
    assert only["prefix"] == "call_"
    assert only["lines"] == {"all": {"agents": ["x"]}, "vip": {"agents": ["y"]}}


def test_direct_rooms_are_exact() -> None:
    """A direct rule's convention is about its one room."""
    live = project(rule("lobby", direct("lobby"), "x"), rule("hall", direct("hall")))
    assert rooms_of(live) == [{"room": "lobby", "agents": ["x"], "dispatch": "sip"}]


def test_a_rule_without_agents_stays_uncovered() -> None:
    """Nothing is claimed about rooms that no rule brings agents to; the agent plane is left out altogether."""
    live = project(rule("quiet", individual("quiet-")))
    exported = export_project(live, name="acme", era=Era.NEW)
    assert read_back(exported, live).agents is None
    assert {one.code for one in plan_of(exported, live, Era.NEW).findings} == {"catch-all-rule"}


def test_the_same_agent_twice_stays_twice() -> None:
    """LiveKit sends it twice, so it is written twice."""
    live = project(rule("a", individual("a"), "x", "x"))
    assert rooms_of(live)[0]["agents"] == ["x", "x"]


def test_agents_have_readable_unique_keys() -> None:
    """Keys are short forms of the names; deployments and names that look alike have keys of their own."""
    configuration = RoomConfiguration(
        agents=[
            RoomAgentDispatch(agent_name="SW Telephony Agent"),
            RoomAgentDispatch(agent_name="sw-telephony-agent"),
            RoomAgentDispatch(agent_name="sw-telephony-agent", deployment="Canary"),
            RoomAgentDispatch(agent_name=""),
            RoomAgentDispatch(agent_name="客服"),
        ]
    )
    live = project(SIPDispatchRuleInfo(name="a", rule=individual("a"), room_config=configuration))
    names = yaml.safe_load(export_project(live, name="acme", era=Era.NEW).text)["agents"]["names"]
    assert names == {
        "agent": {"agent_name": "客服"},
        "sw-telephony-agent": {"agent_name": "SW Telephony Agent"},
        "sw-telephony-agent-2": {"agent_name": "sw-telephony-agent"},
        "sw-telephony-agent-canary": {
            "agent_name": "sw-telephony-agent",
            "deployment": "Canary",
        },
        "unnamed": {"agent_name": ""},
    }


@pytest.mark.parametrize("metadata", ['{"b": 1,  "a": 2}', " ", "line\nbreak\t\x07", "null", "{}"])
def test_metadata_of_agents_is_kept_byte_for_byte(metadata: str) -> None:
    """Applications read it as they please, so not even white space in JSON is touched."""
    configuration = RoomConfiguration(
        agents=[RoomAgentDispatch(agent_name="x", metadata=metadata, attributes={"yes": "no"})]
    )
    live = project(SIPDispatchRuleInfo(name="a", rule=individual("a"), room_config=configuration))
    assert rooms_of(live)[0]["agents"] == [
        {"agent": "x", "metadata": metadata, "attributes": {"yes": "no"}}
    ]
    assert plan_of(export_project(live, name="acme", era=Era.NEW), live, Era.NEW).changes == ()


def test_agents_that_no_convention_can_name_are_left_alone() -> None:
    """A restart policy from the future is neither dropped nor guessed: the agents of that rule are unmanaged."""
    agent = RoomAgentDispatch(agent_name="x")
    agent.restart_policy = 7  # type: ignore[assignment]
    live = project(
        rule("known", individual("call-"), "y"),
        SIPDispatchRuleInfo(
            name="strange", rule=individual("call-"), room_config=RoomConfiguration(agents=[agent])
        ),
    )
    exported = export_project(live, name="acme", era=Era.NEW)
    assert "unmanaged: [agents]" in exported.text
    assert plan_of(exported, live, Era.NEW).changes == ()
