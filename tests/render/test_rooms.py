"""Live rooms on paper: names that mean harm, long lists, and the last lines."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reconciler.agents.healing import Act
from reconciler.agents.room_plan import RoomPlan, plan_room
from reconciler.apply import Report
from reconciler.render.document import drift_document, plan_document
from reconciler.render.formats import Format, show_plan, show_report
from reconciler.render.probe import exposition, probe_document, show_probe
from reconciler.render.report import report_document
from tests.agents.rooms import MADE, agent, convention, dispatch, room
from tests.render.plans import creations
from tests.support.schemas import problems

HOSTILE = 'a"b\\c\n::error::x\x1b[31m`</summary>@here\u202e'


@dataclass(frozen=True)
class Plans:
    """What a plan knows of rooms."""

    rooms: tuple[RoomPlan, ...]
    unread: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Result:
    """What became of one agent of a room."""

    outcome: str
    room: str = "ornina-1"
    convention: str = "ornina-"
    agent_name: str = "avatar"
    action: Act = Act.DISPATCH
    message: str = ""
    id: str | None = None


def planned(name: str, *, agent_name: str = "avatar") -> RoomPlan:
    """A room that lacks its agent."""
    plan = plan_room(convention(agent_name), room(name=name), MADE + 30.0)
    assert plan is not None
    return plan


NOTHING = creations(0)


@pytest.mark.parametrize("form", list(Format))
def test_names_cannot_break_out(form: Format) -> None:
    """A room and an agent may be called anything."""
    document = plan_document(NOTHING, Plans((planned(HOSTILE, agent_name=HOSTILE),)))
    assert problems("plan", document) == []
    text = show_plan(document, form)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n::error" not in text
    if form is not Format.JSON:
        assert 'a\\"b\\\\c\\n' in text


def test_long_lists_are_cut() -> None:
    """Five thousand rooms are not five thousand lines, unless somebody wants them."""
    plans = Plans(tuple(planned(f"call-{index:04d}") for index in range(5000)))
    document = plan_document(NOTHING, plans)
    assert "… and 4,980 more" in show_plan(document, Format.TEXT)
    assert len(show_plan(document, Format.TEXT, verbose=True).splitlines()) > 5000
    assert len(show_plan(document, Format.GITHUB, verbose=True).encode()) < 65_536
    assert show_plan(document, Format.TEXT).endswith("Plan: 5,000 to dispatch (rooms).\n")


def test_the_last_line() -> None:
    """Rooms have a count of their own, beside those of the planes."""
    left = plan_room(convention("avatar"), room(dispatch("avatar", job=1.0)), MADE + 100.0)
    retried = plan_room(convention("avatar"), room(dispatch("avatar")), MADE + 100.0)
    assert left is not None
    assert retried is not None
    both = Plans((planned("call-1"), left, retried))
    cases = [
        (plan_document(NOTHING), "No changes. The live project matches the file.\n"),
        (plan_document(NOTHING, Plans(())), "No changes. The live project matches the file.\n"),
        (plan_document(NOTHING, both), "Plan: 1 to dispatch, 1 to retry (rooms).\n"),
        (
            plan_document(creations(1), both),
            "Plan: 1 to create, 0 to update, 0 to delete (sip); 1 to dispatch, 1 to retry (rooms).\n",
        ),
        (
            plan_document(NOTHING, Plans((left,))),
            "Plan: 1 room without an agent and nothing to send.\n",
        ),
        (drift_document(NOTHING, rooms=both), "Drift: 3 rooms without an agent.\n"),
        (
            drift_document(NOTHING, rooms=Plans(())),
            "No drift. The live project matches the file.\n",
        ),
    ]
    for document, last in cases:
        assert show_plan(document, Format.TEXT).endswith(f"\n{last}")
    assert [document.get("drift") for document, _ in cases[-2:]] == [True, False]


def test_an_uninvited_agent_is_no_drift() -> None:
    """It is shown, and nothing is missing."""
    plan = plan_room(
        convention("avatar"), room(dispatch("x"), dispatch("avatar"), agent("avatar")), MADE + 30.0
    )
    assert plan is not None
    document = drift_document(NOTHING, rooms=Plans((plan,)))
    assert document["drift"] is False
    text = show_plan(document, Format.TEXT)
    assert "x was dispatched, and the convention does not name it: left alone" in text


def test_a_room_that_could_not_be_read_is_told() -> None:
    """Among the notes, and the plan is not called clean."""
    document = plan_document(NOTHING, Plans((), (("call-1", "it could not be looked into: x"),)))
    text = show_plan(document, Format.TEXT)
    assert "room call-1: it could not be looked into: x" in text
    assert text.endswith("No changes. What is left undone stands in the notes.\n")


@pytest.mark.parametrize(
    ("outcome", "complete", "last"),
    [
        ("done", True, "Apply complete: 0 created, 0 updated, 0 deleted; 1 dispatched (rooms)."),
        (
            "not needed",
            True,
            "Apply complete: 0 created, 0 updated, 0 deleted; 0 dispatched (rooms).",
        ),
        (
            "failed",
            False,
            "Apply incomplete: 0 created, 0 updated, 0 deleted; 0 dispatched, 1 failed (rooms). "
            "Run it again when the cause is gone: it finishes the work.",
        ),
    ],
)
def test_a_report(outcome: str, complete: bool, last: str) -> None:
    """What became of a room decides whether an apply is complete; one that is over does not harm it."""
    plans = Plans((planned("ornina-1"),))
    document = report_document(plan_document(NOTHING, plans), Report(()), plans, [Result(outcome)])
    assert problems("report", document) == []
    assert document["complete"] is complete
    assert show_report(document, Format.TEXT).splitlines()[-1] == last
    assert "ornina-1" in show_report(document, Format.MARKDOWN)


def test_an_interrupted_report() -> None:
    """What was not tried is said in the last line, too."""
    document = report_document(
        plan_document(NOTHING, Plans(())),
        Report((), interrupted=True),
        Plans(()),
        [Result("not tried", message="interrupted")],
    )
    text = show_report(document, Format.TEXT)
    assert '"ornina-1": dispatch avatar: interrupted' in text
    assert text.splitlines()[-1] == (
        "Apply interrupted: 0 created, 0 updated, 0 deleted; 0 dispatched, 1 not tried (rooms). "
        "Run it again to finish the work."
    )


@dataclass(frozen=True)
class Probed:
    """One agent as a probe found it."""

    agent_name: str
    seconds: tuple[float, ...]
    asked: int
    strangers: tuple[str, ...] = ()
    problem: str = ""
    hint: str = ""

    @property
    def canaries(self) -> range:
        """As many as were sent."""
        return range(self.asked)

    @property
    def is_ok(self) -> bool:
        """Whether all were answered."""
        return len(self.seconds) == self.asked


def test_quantiles_are_times_that_were_measured() -> None:
    """By nearest rank: of a hundred answers the 50th, the 95th and the last."""
    seconds = tuple(index / 100 for index in range(1, 101))
    (one,) = probe_document("acme", "host", 10.0, [Probed("a", seconds, 100)])["agents"]
    assert one["seconds"] == {"p50": 0.5, "p95": 0.95, "max": 1.0}
    (one,) = probe_document("acme", "host", 10.0, [Probed("a", (0.3,), 2)])["agents"]
    assert one["seconds"] == {"p50": 0.3, "p95": 0.3, "max": 0.3}


@pytest.mark.parametrize("form", ["text", "json", "markdown", "prometheus"])
def test_probed_names_cannot_break_out(form: str) -> None:
    """An agent may be called anything, in metrics, too."""
    document = probe_document("acme", "host", 10.0, [Probed(HOSTILE, (0.1,), 1, (HOSTILE,))])
    assert problems("probe", document) == []
    text = show_probe(document, form)
    assert "\n::error" not in text
    if form != "prometheus":
        assert "\x1b" not in text


def test_metrics_are_readable_by_the_library() -> None:
    """Prometheus' own parser reads the labels back as they are."""
    parser = pytest.importorskip("prometheus_client.parser")
    document = probe_document(
        "acme", "host", 10.0, [Probed(HOSTILE, (0.25,), 1), Probed("b", (), 1)]
    )
    families = list(parser.text_string_to_metric_families(exposition(document)))
    found = {
        (sample.name, sample.labels["agent"], sample.labels.get("quantile")): sample.value
        for family in families
        for sample in family.samples
    }
    assert found[("reconcile_probe_success", HOSTILE, None)] == 1.0
    assert found[("reconcile_probe_success", "b", None)] == 0.0
    assert found[("reconcile_probe_seconds", HOSTILE, "0.95")] == 0.25
    assert ("reconcile_probe_seconds", "b", "0.95") not in found
