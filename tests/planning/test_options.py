"""What a file leaves alone: kinds it omits, unlisted objects, unmanaged fields, the other plane."""

from __future__ import annotations

from reconciler.core.finding import Severity, has_errors
from reconciler.core.plan import Action, Plane
from reconciler.planning import Options
from tests.planning.conftest import Plans

LIVE = """
sip:
  inbound_trunks:
    a: {numbers: ['+15550100001'], metadata: by hand}
    b: {numbers: ['+15550100002']}
  outbound_trunks:
    out: {address: sip.carrier.example, numbers: ['+15550100001']}
  dispatch_rules:
    r: {trunks: [a], rooms: {individual: {prefix: call-}}, metadata: by hand}
"""
A = "a: {numbers: ['+15550100001']}"


def test_an_omitted_kind_is_not_managed(plan: Plans) -> None:
    """Neither changed nor reported."""
    found = plan(f"sip: {{inbound_trunks: {{{A}, b: {{numbers: ['+15550100002']}}}}}}", LIVE)
    assert [change.name for change in found.changes] == ["a"]
    assert found.unlisted == ()


def test_an_empty_kind_is_managed_and_empty(plan: Plans) -> None:
    """Everything of it is unlisted."""
    found = plan("sip: {inbound_trunks: {}}", LIVE)
    assert [one.name for one in found.unlisted] == ["a", "b"]
    assert found.calls == ()
    found = plan("project: {unlisted: delete}\nsip: {inbound_trunks: {}}", LIVE)
    assert [(change.action, change.name) for change in found.changes] == [
        (Action.DELETE, "a"),
        (Action.DELETE, "b"),
    ]


def test_owned_names_only_are_deleted(plan: Plans) -> None:
    """`owns` keeps other people's objects out of sight, and out of danger."""
    found = plan("project: {unlisted: delete, owns: ['b*']}\nsip: {inbound_trunks: {}}", LIVE)
    assert [change.name for change in found.changes] == ["b"]


def test_unmanaged_fields_stay_as_they_are(plan: Plans) -> None:
    """For one object or for the whole project; a parent covers what is below it."""
    rest = "b: {numbers: ['+15550100002']}"
    found = plan(
        f"sip: {{inbound_trunks: {{a: {{numbers: ['+15550100001'], unmanaged: [metadata]}}, {rest}}}}}",
        LIVE,
    )
    assert found.changes == ()
    found = plan(
        f"project: {{unmanaged: [metadata]}}\nsip: {{inbound_trunks: {{{A}, {rest}}}}}", LIVE
    )
    assert found.changes == ()
    live = LIVE.replace("metadata: by hand}\n    b", "headers: {X-A: '1', X-B: '2'}}\n    b")
    kept = f"sip: {{inbound_trunks: {{a: {{numbers: ['+15550100001'], unmanaged: [headers.X-A]}}, {rest}}}}}"
    (change,) = plan(kept, live).changes
    assert [field.path for field in change.fields] == ["headers.X-B"]


def test_unlisted_objects_count_in_conflicts(plan: Plans) -> None:
    """What stays is checked against what comes: a number that an unlisted trunk has is not free."""
    for policy in ("report", "ignore"):
        text = f"project: {{unlisted: {policy}}}\nsip: {{inbound_trunks: {{new: {{numbers: ['+15550100002']}}}}}}"
        found = plan(text, LIVE)
        (error,) = (one for one in found.findings if one.severity is Severity.ERROR)
        assert error.code == "conflict"
        assert "ST_b" in error.message
    text = "project: {unlisted: delete}\nsip: {inbound_trunks: {new: {numbers: ['+15550100002']}}}"
    assert not has_errors(plan(text, LIVE).findings)


def test_a_listed_object_under_another_name_gets_a_hint(plan: Plans) -> None:
    """The same numbers, the same rule, the same provider."""
    text = """
sip:
  inbound_trunks: {new: {numbers: ['+15550100002']}, a: {numbers: ['+15550100001'], metadata: by hand}}
  outbound_trunks: {dial: {address: sip.carrier.example, numbers: ['+15550100001']}}
"""
    hints = {one.name: one.hint for one in plan(text, LIVE).unlisted}
    assert 'renamed_from: "b"' in hints["b"]
    assert "ST_b" in hints["b"]
    assert 'renamed_from: "out"' in hints["out"]


def test_an_outbound_trunk_keeps_its_id(plan: Plans) -> None:
    """Applications dial by it: whatever changes, the trunk is updated, never made anew."""
    text = """
sip:
  outbound_trunks:
    out:
      address: other.carrier.example
      transport: tls
      numbers: ['+15550100009']
      headers: {X-New: '1'}
      media: {encryption: require}
"""
    (call,) = plan(text, LIVE).calls
    assert (call.action, call.id) == (Action.UPDATE, "ST_out")
    (renamed,) = plan(
        text.replace("    out:\n", "    dial:\n      renamed_from: out\n"), LIVE
    ).calls
    assert (renamed.action, renamed.id, renamed.new_name) == (Action.UPDATE, "ST_out", "dial")


RULES = """
sip:
  dispatch_rules:
    r: {trunks: any, rooms: {individual: {prefix: call-}}}
agents:
  names: {x: {agent_name: agent-x}}
  rooms: [{prefix: call-, agents: [x], dispatch: sip}]
"""
LIVE_RULE = "sip: {dispatch_rules: {r: {trunks: any, rooms: {individual: {prefix: old-}}}}}"


def test_one_plane_alone(plan: Plans) -> None:
    """--only leaves the other plane as it is, and says so."""
    both = plan(RULES, LIVE_RULE)
    assert {change.plane for change in both.changes} == set(Plane)
    assert len(both.calls) == 1
    for only, path in ((Plane.SIP, "rooms.individual.prefix"), (Plane.AGENTS, "agents")):
        found = plan(RULES, LIVE_RULE, Options(only=only))
        (change,) = found.changes
        assert change.plane is only
        assert [field.path for field in found.calls[0].fields] == [path]
        assert "--only" in found.notes[0]


def test_changing_one_plane_leaves_the_plan_of_the_other_alone(plan: Plans) -> None:
    """The changes of a plane are the same whatever the other one wants."""
    first = plan(RULES, LIVE_RULE).of_plane(Plane.SIP)
    second = plan(RULES.replace("agent-x", "agent-y"), LIVE_RULE).of_plane(Plane.SIP)
    assert first == second


def test_no_object_is_made_for_the_agent_plane_alone(plan: Plans) -> None:
    """--only agents creates nothing; --only sip creates rules without agents."""
    empty = "sip: {dispatch_rules: {}}"
    assert plan(RULES, empty, Options(only=Plane.AGENTS)).calls == ()
    (call,) = plan(RULES, empty, Options(only=Plane.SIP)).calls
    assert "agents" not in [field.path for field in call.fields]


def test_a_file_without_agents_leaves_them_alone(plan: Plans) -> None:
    """The plane is not managed: nothing is compiled, nothing is emptied."""
    text = RULES[: RULES.index("agents:\n")]
    assert plan(text, LIVE_RULE).of_plane(Plane.AGENTS) == ()


def test_a_rule_under_no_convention_keeps_its_agents(plan: Plans) -> None:
    """A warning, and no change."""
    found = plan(RULES.replace("prefix: call-, agents", "prefix: other-, agents"), LIVE_RULE)
    assert found.of_plane(Plane.AGENTS) == ()
    assert "no-convention" in [finding.code for finding in found.findings]


def test_the_password_is_written_anew_when_asked_for(plan: Plans) -> None:
    """--write-secrets makes a change of a password that does not differ, by name or by id."""
    text = "sip: {inbound_trunks: {a: {numbers: ['+15550100001'], auth: {username: u, password: {env: PASSWORD}}}}}"
    assert plan(text, text).calls == ()
    for name in ("a", "ST_a"):
        (call,) = plan(text, text, Options(write_secrets=frozenset({name}))).calls
        assert [(field.path, field.sensitive) for field in call.fields] == [("auth.password", True)]
