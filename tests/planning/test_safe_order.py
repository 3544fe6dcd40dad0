"""The order of calls is as safe as any allowed order can be, and tells what it cannot avoid.

The truth is the router, which is asked at every moment between two calls who is answered. It shares nothing with the
planner's own look at callers.
"""

from __future__ import annotations

from importlib import import_module
from random import Random

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reconciler.core.finding import has_errors
from reconciler.core.objects import Live
from reconciler.core.plan import Plan
from reconciler.core.values import References
from reconciler.planning import make_plan
from tests.planning.conftest import Plans
from tests.planning.pairs import SHARDS, Pair, hostile_pair, pairs
from tests.support.callers import Caller, answered, everybody
from tests.support.exhaustive import fewest_lost, is_no_looser
from tests.support.simulation import SimulatedProject

SEEDS = st.integers(0, 2**32)
search, order = (import_module(f"reconciler.sip.ordering.{name}") for name in ("search", "order"))


def _plan(pair: Pair) -> Plan:
    plan = make_plan(pair.configuration, pair.live, pair.options)
    assume(not has_errors(plan.findings))
    return plan


def _moments(pair: Pair, plan: Plan, random: Random | None) -> list[list[Live]]:
    """The project before, between and after the calls, in the order of the plan or in any that it allows."""
    project = SimulatedProject(pair.live, pair.configuration, pair.options.era)
    return [list(pair.live), *(list(one) for one in project.moments(plan, random))]


def _lost(pair: Pair, moments: list[list[Live]]) -> list[set[Caller]]:
    """For each moment in between who is not answered, but is before and after."""
    # The file may spell a number otherwise than it lives: that is one more way to call it.
    listed = (one for found in pair.configuration.sip.values() for one in found)
    callers, era = everybody(moments[0], moments[-1], listed), pair.options.era
    kept = answered(moments[0], callers, era) & answered(moments[-1], callers, era)
    if not kept:
        return []
    return [{caller for caller, _ in kept - answered(one, callers, era)} for one in moments[1:-1]]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_plan_shows_just_the_gaps_that_there_are(shard: int) -> None:
    """Calls are lost exactly where the plan shows a gap, in every order that its calls may be sent in. No object lets
    anybody in on the way whom neither its old nor its new self lets in, and one apply leads there."""

    @settings(max_examples=pairs(400) // SHARDS, deadline=None)
    @given(seed=SEEDS)
    def check(seed: int) -> None:
        random = Random(f"{seed} {shard}")
        pair = hostile_pair(random, 4)
        plan = _plan(pair)
        listed = _moments(pair, plan, None)
        lost = _lost(pair, listed)
        assert bool(plan.gaps) == any(lost), (plan.gaps, lost)
        shuffled = _moments(pair, plan, random)
        assert set().union(*_lost(pair, shuffled)) == set().union(*lost)
        _assert_no_looser(listed)
        _assert_ids_stay(pair, listed[-1])
        after = SimulatedProject(pair.live, pair.configuration, pair.options.era).run(plan, random)
        assert make_plan(pair.configuration, after, pair.options).calls == ()

    check()


def _assert_no_looser(moments: list[list[Live]]) -> None:
    first = {one.id: one for one in moments[0]}
    last = {one.id: one for one in moments[-1]}
    names = {(one.kind, one.name): one for one in moments[-1]}  # of what was created anew
    for one in (one for objects in moments[1:-1] for one in objects):
        old, new = first.get(one.id), last.get(one.id) or names.get((one.kind, one.name))
        assert one in (old, new) or (old is not None and is_no_looser(one.fields, old, new))


def _assert_ids_stay(pair: Pair, after: list[Live]) -> None:
    """What is pinned is still there, and no rule that lives on names a trunk that the plan has deleted."""
    ids = {one.id for one in after}
    gone = {one.id for one in pair.live if one.id not in ids}
    assert {one.id for found in pair.configuration.sip.values() for one in found if one.id} <= ids
    listed = {one.name for one in pair.configuration.sip["inbound_trunk"]}
    kept = {one.id for one in pair.live.of("inbound_trunk") if one.name in listed}
    for one in after:
        named = one.fields.get("trunks")
        if isinstance(named, References):
            assert gone.isdisjoint(entry.id for entry in named.entries if entry.id in kept)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_allowed_order_loses_fewer_calls(shard: int) -> None:
    """On small projects everything that is allowed is tried, and nothing is better than the plan."""

    @settings(max_examples=pairs(400) // SHARDS, deadline=None)
    @given(seed=SEEDS)
    def check(seed: int) -> None:
        pair = hostile_pair(Random(f"{seed} {shard}"), 2, tied=False)
        listed = sum(len(found) for found in pair.configuration.sip.values())
        assume(len(list(pair.live)) + listed <= 6)
        plan = _plan(pair)
        lost = sum(map(len, _lost(pair, _moments(pair, plan, None))))
        if lost:
            assert lost == fewest_lost(pair.live, pair.configuration, pair.options.era)

    check()


@settings(max_examples=pairs(24), deadline=None)
@given(seed=SEEDS)
def test_a_tangle_that_is_too_large_for_a_search_shows_its_gaps(seed: int) -> None:
    """What is ordered by rules of thumb loses calls where the plan says so, in every order that it allows."""
    random = Random(seed)
    pair = hostile_pair(random, 12)
    plan = _plan(pair)
    assume(len(plan.calls) > 12)
    lost = _lost(pair, _moments(pair, plan, None))
    assert bool(plan.gaps) == any(lost)
    assert set().union(*_lost(pair, _moments(pair, plan, random))) == set().union(*lost)


@pytest.mark.parametrize(("looks", "all_looks"), [(300, 600_000), (0, 600_000), (40_000, 0)])
def test_a_search_that_is_cut_short_leaves_a_safe_order(
    monkeypatch: pytest.MonkeyPatch, looks: int, all_looks: int
) -> None:
    """A few states after each write, or nothing but the rules of thumb: the plan still says what it loses."""
    monkeypatch.setattr(search, "_LOOKS", looks)
    monkeypatch.setattr(order, "_LOOKS", all_looks)
    for seed in range(60):
        random = Random(seed)
        pair = hostile_pair(random, 4)
        plan = make_plan(pair.configuration, pair.live, pair.options)
        if not has_errors(plan.findings):
            lost = _lost(pair, _moments(pair, plan, random))
            assert bool(plan.gaps) == any(lost)


@settings(max_examples=pairs(200), deadline=None)
@given(seed=SEEDS)
@example(seed=769)
def test_a_project_that_is_broken_is_mended_in_one_apply(seed: int) -> None:
    """Live conflicts go, in any order that the calls may be sent in; no new one comes, and nothing is left to do."""
    random = Random(seed)
    pair = hostile_pair(random, 4, broken=True)
    plan = _plan(pair)
    after = SimulatedProject(pair.live, pair.configuration, pair.options.era).run(plan, random)
    assert make_plan(pair.configuration, after, pair.options).calls == ()


# ---------------------------------------------------------------------------------------------------------------------
# One by one
# ---------------------------------------------------------------------------------------------------------------------

RULE = "rooms: {individual: {prefix: call-}}"


def _steps(plan: Plan) -> list[str]:
    return [f"{call.action} {call.name}" for call in plan.calls]


def test_a_rule_is_on_both_trunks_while_a_number_moves(plan: Plans) -> None:
    """The rule takes on the new trunk first and lets go of the old one last: only the number itself has a gap."""
    live = f"""
sip:
  inbound_trunks: {{a: {{numbers: ['+15550100001', '+15550100003']}}, b: {{numbers: ['+15550100002']}}}}
  dispatch_rules: {{calls: {{trunks: [a], {RULE}}}}}
"""
    file = f"""
sip:
  inbound_trunks:
    a: {{numbers: ['+15550100003']}}
    b: {{numbers: ['+15550100001', '+15550100002']}}
  dispatch_rules: {{calls: {{trunks: [b], {RULE}}}}}
"""
    found = plan(file, live)
    assert _steps(found) == ["update calls", "update a", "update b", "update calls"]
    assert "takes on" in found.calls[0].reason
    (gap,) = found.gaps
    assert "calls to +15550100001 from anybody" in gap.message
    assert "from step 2 (update a) to step 3 (update b)" in gap.message


def test_no_gap_where_somebody_answers_anyway(plan: Plans) -> None:
    """A number that changes hands is answered meanwhile by a rule for any trunk."""
    rules = f"  dispatch_rules: {{calls: {{trunks: any, {RULE}}}}}\n"
    live = "sip:\n  inbound_trunks: {a: {numbers: ['+15550100001', '+15550100003']}, b: {numbers: ['+15550100002']}}\n"
    file = "sip:\n  inbound_trunks: {a: {numbers: ['+15550100003']}, b: {numbers: ['+15550100001', '+15550100002']}}\n"
    found = plan(file + rules, live + rules)
    assert _steps(found) == ["update a", "update b"]
    assert found.gaps == ()


def test_a_trunk_that_goes_hands_over_number_by_number(plan: Plans) -> None:
    """Two others take its numbers: each number has a gap one call wide, none has to wait for both."""
    rules = f"  dispatch_rules: {{calls: {{trunks: any, {RULE}}}}}\n".replace("any", "[b, c]")
    live = f"""
sip:
  inbound_trunks:
    a: {{numbers: ['+15550100001', '+15550100002']}}
    b: {{numbers: ['+15550100003']}}
    c: {{numbers: ['+15550100004']}}
  dispatch_rules: {{calls: {{trunks: [a, b, c], {RULE}}}}}
"""
    file = f"""
project: {{unlisted: delete}}
sip:
  inbound_trunks:
    b: {{numbers: ['+15550100001', '+15550100003']}}
    c: {{numbers: ['+15550100002', '+15550100004']}}
{rules}"""
    found = plan(file, live)
    assert _steps(found)[:4] == ["update a", "update b", "delete a", "update c"]
    assert len(found.gaps) == 2


def test_a_pin_is_not_asked_for_in_between(plan: Plans) -> None:
    """A rule with a PIN comes and an open one gets better: nobody is asked for a PIN who is not asked in the end."""
    trunk = "sip:\n  inbound_trunks: {a: {numbers: ['+15550100001']}}\n"
    live = f"{trunk}  dispatch_rules: {{open: {{trunks: [a], {RULE}}}}}\n"
    file = f"""{trunk}
  dispatch_rules:
    open: {{trunks: [a], numbers: ['+15550100001'], {RULE}}}
    members: {{trunks: [a], rooms: {{individual: {{prefix: members-, pin: {{env: PIN}}}}}}}}
"""
    found = plan(file, live)
    assert _steps(found) == ["update open", "create members"]
    assert found.gaps == ()


def test_the_same_project_gets_the_same_plan() -> None:
    """A search that takes the first of equals depends on nothing but the project."""
    for seed in range(40):
        pair = hostile_pair(Random(seed), 3)
        first, second = (make_plan(pair.configuration, pair.live, pair.options) for _ in range(2))
        assert first == second
