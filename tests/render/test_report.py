"""The report of an apply tells what was really done, what failed and why, and what was not tried."""

from __future__ import annotations

import json

import pytest

from reconciler.apply import Outcome, Report, Result
from reconciler.core.plan import Action, Call, FieldChange, Plan, Plane
from reconciler.render.document import plan_document, to_json
from reconciler.render.formats import Format, show_report
from reconciler.render.report import progress_line, report_document
from tests.support.schemas import problems

FIELDS = (FieldChange("metadata", None, "x"),)
CREATE = Call(1, Action.CREATE, "inbound_trunk", "new", None, (Plane.SIP,), FIELDS)
UPDATE = Call(2, Action.UPDATE, "dispatch_rule", "rule", "SDR_1", (Plane.SIP, Plane.AGENTS), FIELDS)
RENAME = Call(3, Action.UPDATE, "inbound_trunk", "b", "ST_2", (Plane.SIP,), (), new_name="b")
DELETE = Call(4, Action.DELETE, "inbound_trunk", "old", "ST_3", (Plane.SIP,))
PLAN = plan_document(Plan("acme", "host.example", calls=(CREATE, UPDATE, RENAME, DELETE)))

DONE = Report(
    (
        Result(CREATE, Outcome.DONE, id="ST_9"),
        Result(UPDATE, Outcome.DONE, id="SDR_1"),
        Result(RENAME, Outcome.DONE, id="ST_2"),
        Result(DELETE, Outcome.DONE, id="ST_3"),
    )
)
PARTIAL = Report(
    (
        Result(CREATE, Outcome.DONE, id="ST_9"),
        Result(UPDATE, Outcome.FAILED, "the server said\nno"),
        Result(RENAME, Outcome.SKIPPED, "it waits for step 2, which was not done"),
        Result(DELETE, Outcome.SKIPPED, "not reached"),
    )
)
REPORTS = {
    "done": DONE,
    "partial": PARTIAL,
    "interrupted": Report(PARTIAL.results, interrupted=True),
    "different": Report(DONE.results, differences=('dispatch rule "rule" still differs',)),
    "nothing": Report(()),
}


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_fits_its_schema(name: str) -> None:
    """The shipped schema knows every report."""
    document = report_document(PLAN, REPORTS[name])
    assert problems("report", json.loads(to_json(document))) == []


LAST_LINES = {
    "done": "Apply complete: 1 created, 1 updated, 1 renamed, 1 deleted.",
    "partial": "Apply incomplete: 1 created, 0 updated, 0 deleted; 1 failed, 2 not tried. "
    "Run it again when the cause is gone: it finishes the work.",
    "interrupted": "Apply interrupted: 1 created, 0 updated, 0 deleted; 1 failed, 2 not tried. "
    "Run it again to finish the work.",
    "different": "Apply done: 1 created, 1 updated, 1 renamed, 1 deleted, but 1 object still differs: "
    "look at the plan again.",
    "nothing": "Nothing to apply.",
}


@pytest.mark.parametrize("name", REPORTS)
def test_the_last_line_tells_what_was_really_done(name: str) -> None:
    """After a failure the counts are those of the calls that went through, not zero and not the plan's."""
    document = report_document(PLAN, REPORTS[name])
    assert show_report(document, Format.TEXT).splitlines()[-1] == LAST_LINES[name]


def test_the_summary_counts_what_became_of_the_calls() -> None:
    """Done, failed and not tried, each by what the calls do; an update with a new name is a rename."""
    summary = report_document(PLAN, PARTIAL)["summary"]
    assert summary["done"] == {"create": 1, "update": 0, "delete": 0, "rename": 0}
    assert summary["failed"] == {"create": 0, "update": 1, "delete": 0, "rename": 0}
    assert summary["not_tried"] == {"create": 0, "update": 0, "delete": 1, "rename": 1}


def test_failures_have_their_reason() -> None:
    """Every call stands under what became of it, with the reason, in one line."""
    text = show_report(report_document(PLAN, PARTIAL), Format.TEXT)
    assert text.splitlines()[2:] == [
        "Done",
        '  1. created inbound trunk "new" (ST_9)',
        "",
        "Failed",
        '  2. update dispatch rule "rule" (SDR_1) [metadata]: the server said\\nno',
        "",
        "Not tried",
        '  3. rename inbound trunk "b" (ST_2): it waits for step 2, which was not done',
        '  4. delete inbound trunk "old" (ST_3): not reached',
        "",
        LAST_LINES["partial"],
    ]


@pytest.mark.parametrize("form", [Format.MARKDOWN, Format.GITHUB])
def test_a_report_can_be_a_page(form: Format) -> None:
    """Failures are open, what was done is folded in a comment."""
    text = show_report(report_document(PLAN, PARTIAL), form)
    assert "### Failed" in text
    assert ("<details><summary>Done</summary>" in text) == (form is Format.GITHUB)
    assert f"**{LAST_LINES['partial']}**" in text


def test_progress_is_one_plain_line_a_call() -> None:
    """The counter is as wide as it gets, and a failure says why."""
    done, failed, skipped, _ = PARTIAL.results
    assert progress_line(done, 7, 120) == '[  7/120] created inbound trunk "new" (ST_9)'
    assert progress_line(failed, 8, 120) == (
        '[  8/120] failed: update dispatch rule "rule" (SDR_1): the server said\\nno'
    )
    assert progress_line(skipped, 120, 120).startswith(
        '[120/120] not tried: rename inbound trunk "b"'
    )
    assert "\x1b[" in progress_line(failed, 8, 120, color=True)
