"""Whatever lives can be exported, and what was exported plans to no change."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.finding import Severity
from reconciler.core.objects import Live, Snapshot
from reconciler.core.values import Secret, Value
from reconciler.export import export_project
from reconciler.sip.conflicts import find_conflicts
from reconciler.sip.era import Era
from reconciler.sip.occupancy import slots_of
from tests.export.hostile import projects
from tests.export.round_trip import plan_of

CONFLICTS = {"conflict", "self-conflict", "live-conflict"}
hard = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def has_conflicts(live: Snapshot, era: Era) -> bool:
    """Whether objects that live now are in conflict."""
    return any(
        find_conflicts((one, slots_of(kind, one.fields, era)) for one in live.of(kind))
        for kind in ("inbound_trunk", "dispatch_rule")
    )


@hard
@given(project=projects(), comments=st.booleans())
def test_the_plan_of_an_exported_project_is_empty(
    project: tuple[Snapshot, Era], comments: bool
) -> None:
    """No change, no call, and no error but for conflicts that live already; every object is listed or named."""
    live, era = project
    exported = export_project(live, name="acme", era=era, comments=comments)
    plan = plan_of(exported, live, era)
    assert plan.changes == ()
    assert plan.calls == ()
    errors = {one.code for one in plan.findings if one.severity is Severity.ERROR}
    assert errors <= (CONFLICTS if has_conflicts(live, era) else set())
    for one in plan.unlisted:
        assert any(f"({one.id}) is left out: " in note for note in exported.notes)


@hard
@given(project=projects(), seed=st.randoms(use_true_random=False))
def test_the_order_of_the_answer_does_not_matter(
    project: tuple[Snapshot, Era], seed: random.Random
) -> None:
    """Shuffled objects give the same text, byte for byte."""
    live, era = project
    shuffled = {
        kind: seed.sample(list(objects), len(objects)) for kind, objects in live.objects.items()
    }
    exported = export_project(live, name="acme", era=era)
    again = export_project(Snapshot(live.host, shuffled), name="acme", era=era)
    assert exported == again


@hard
@given(project=projects())
def test_no_secret_stands_in_the_text(project: tuple[Snapshot, Era]) -> None:
    """Passwords, PINs and header values are nowhere in the text, the notes or the names of variables."""
    live, era = project
    marked = {
        kind: [
            Live(
                one.kind,
                one.id,
                one.name,
                {path: _marked(path, value) for path, value in one.fields.items()},
            )
            for one in objects
        ]
        for kind, objects in live.objects.items()
    }
    exported = export_project(Snapshot(live.host, marked), name="acme", era=era, comments=True)
    assert CANARY not in repr(exported)
    assert CANARY not in exported.text


CANARY = "c4n4ry"


def _marked(path: str, value: Value) -> Value:
    if isinstance(value, Secret) and path != "room.egress" and value.reveal():
        return Secret(CANARY)
    return value
