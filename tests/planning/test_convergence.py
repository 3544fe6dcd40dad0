"""Plans between random projects: every order of calls is free of conflicts and ends where the file wants it."""

from __future__ import annotations

from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.config.model import Configuration
from reconciler.core.finding import Severity, has_errors
from reconciler.core.objects import Snapshot
from reconciler.planning import Options, make_plan
from tests.support.simulation import (
    SimulatedProject,
    configuration_of,
    random_rules,
    random_trunks,
    snapshot_of,
)


def _pair(random: Random) -> tuple[Snapshot, Configuration]:
    old = random_trunks(random, random.randint(0, 4))
    old_rules = random_rules(random, random.randint(0, 4), old)
    new = random_trunks(random, random.randint(0, 4))
    new_rules = random_rules(random, random.randint(0, 4), new)
    return snapshot_of(old, old_rules), configuration_of(new, new_rules)


@settings(max_examples=600, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(
    seed=7247
)  # a deletion that waits for a rule that waits, by way of another, for the deletion
@example(seed=194440)
def test_any_project_becomes_any_other_without_a_conflict_on_the_way(seed: int) -> None:
    """One apply leads from one project to another; no state in between has a conflict, and nothing is left to do."""
    random = Random(seed)
    live, configuration = _pair(random)
    plan = make_plan(configuration, live, Options())
    assert not [finding for finding in plan.findings if finding.severity is Severity.ERROR]
    project = SimulatedProject(live, configuration)
    after = project.run(plan, random)
    again = make_plan(configuration, after, Options())
    assert again.calls == ()


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_project_does_not_differ_from_itself(seed: int) -> None:
    """A live project listed as it is plans to nothing, in whatever order its objects come."""
    random = Random(seed)
    trunks = random_trunks(random, 4)
    rules = random_rules(random, 4, trunks)
    live = snapshot_of(trunks, rules)
    shuffled = dict(random.sample(sorted(trunks.items()), len(trunks)))
    plan = make_plan(configuration_of(shuffled, rules), live, Options())
    assert plan.calls == ()
    assert not has_errors(plan.findings)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_plan_does_not_depend_on_the_order_of_objects(seed: int) -> None:
    """Shuffled input makes the same plan."""
    random = Random(seed)
    old, new = random_trunks(random, 4), random_trunks(random, 4)
    shuffled = dict(random.sample(sorted(new.items()), len(new)))
    live = snapshot_of(old, {})
    assert make_plan(configuration_of(new, {}), live, Options()) == make_plan(
        configuration_of(shuffled, {}), live, Options()
    )
