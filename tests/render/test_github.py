"""Comments on pull requests: they fit whatever the plan, hold the map and the reasons, and annotate the file."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.finding import Severity
from reconciler.core.plan import Plan
from reconciler.pipeline.documents import document_of_plan
from reconciler.pipeline.picture import drawn_changes
from reconciler.render import github
from reconciler.render.document import drift_document, findings_document, plan_document
from reconciler.render.github import COMMENT_LIMIT, DRAWING_LIMIT, comment_marker, plan_comment
from tests.render.markdown import foreign, hostile
from tests.render.plans import creations, finding
from tests.support.scenarios import names, scenario

# ---------------------------------------------------------------------------------------------------------------------
# Comments
# ---------------------------------------------------------------------------------------------------------------------


def test_a_comment_starts_with_its_marker() -> None:
    """The same project has the same marker, in a plan of any content; a drift has its own."""
    assert plan_comment(plan_document(creations(1))).startswith(
        "<!-- livekit-reconciler:plan:acme -->\n"
    )
    assert plan_comment(drift_document(creations(1))).startswith(
        "<!-- livekit-reconciler:drift:acme -->\n"
    )


@given(st.text())
def test_no_project_name_ends_the_marker(project: str) -> None:
    """The marker is one HTML comment and one line, whatever the project is called."""
    marker = comment_marker(project)
    assert marker.count("--") == 2
    assert marker.count(">") == 1
    assert len(marker.splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["trunk", "مقسم", "☎" * 40, "`" * 100], ids=["latin", "arabic", "wide", "backticks"]
)
@pytest.mark.parametrize("count", [1, 500, 6_000])
def test_a_comment_fits(name: str, count: int) -> None:
    """However large the plan, the comment is within GitHub's limit, and closes what it opens."""
    text = plan_comment(plan_document(creations(count, name=name, metadata="m" * 300)))
    assert len(text.encode()) <= COMMENT_LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert f"{count:,} to create" in text
    assert foreign(text) == []


def test_what_is_missing_is_counted() -> None:
    """Shown and missing objects add up to all of them."""
    text = plan_comment(plan_document(creations(20_000)))
    shown = len(re.findall(r'^\+ inbound trunk "', text, re.MULTILINE))
    missing = re.search(r"… and ([0-9,]+) more \(([0-9,]+) lines\)", text)
    assert missing is not None
    assert shown + int(missing[1].replace(",", "")) == 20_000
    assert shown > 500


def test_a_large_section_does_not_push_out_a_small_one() -> None:
    """An error is still there when the changes alone would fill the comment ten times."""
    plan = creations(20_000)
    document = plan_document(plan)
    document["findings"] = findings_document([finding(severity=Severity.ERROR)])["findings"]
    text = plan_comment(document)
    assert "dispatch.yaml:3:7: error[some-code]" in text
    assert len(text.encode()) <= COMMENT_LIMIT


def test_names_of_any_length_fit() -> None:
    """A name as long as a comment does not push the comment over the limit."""
    for name in ("x" * 70_000, "`" * 70_000, "-" * 70_000):
        assert len(plan_comment(plan_document(hostile(name))).encode()) <= COMMENT_LIMIT


def test_thousands_of_findings_fit_as_well() -> None:
    """Neither the findings nor the links to their pages exceed the limit."""
    document = findings_document(
        [finding(f"code-{number}", message="x" * 200) for number in range(3000)]
    )
    plan = plan_document(Plan("a", "b"))
    plan["findings"] = document["findings"]
    assert len(plan_comment(plan).encode()) <= COMMENT_LIMIT


# ---------------------------------------------------------------------------------------------------------------------
# Annotations
# ---------------------------------------------------------------------------------------------------------------------


def test_annotations_are_workflow_commands() -> None:
    """Each finding has its command, its place and its code."""
    text = github.annotations(
        findings_document(
            [
                finding(severity=Severity.ERROR, fix="do it"),
                finding(severity=Severity.WARNING, file="", path="inbound_trunks.a"),
                finding(severity=Severity.NOTE),
            ]
        )["findings"]
    )
    assert text.splitlines() == [
        "::error file=dispatch.yaml,line=3,col=7,title=some-code::something is odd - do it",
        "::warning title=some-code::inbound_trunks.a: something is odd",
        "::notice file=dispatch.yaml,line=3,col=7,title=some-code::something is odd",
    ]


def test_annotations_are_escaped() -> None:
    """Neither a message nor a file name can start another command or another property."""
    found = finding(message="100%\n::error::owned", file="a,b:c%.yaml")
    (line,) = github.annotations(findings_document([found])["findings"]).splitlines()
    assert line == (
        "::warning file=a%2Cb%3Ac%25.yaml,line=3,col=7,title=some-code::100%25\\n::error::owned"
    )


def test_annotations_are_at_most_ten_of_a_severity() -> None:
    """GitHub drops the eleventh without a word, so the tenth says how many there are."""
    found = [finding(message=str(number)) for number in range(25)]
    lines = github.annotations(
        findings_document([*found, finding(severity=Severity.ERROR)])["findings"]
    )
    warnings = [line for line in lines.splitlines() if line.startswith("::warning")]
    assert len(warnings) == 10
    assert warnings[-1] == "::warning::16 more are in the output of the command"
    assert lines.count("::error") == 1


def test_a_change_is_told_where_the_file_has_it() -> None:
    """Of a change the line of its first field, of a new object its own; of a deletion there is no line."""
    changes = [*document_of_plan(scenario("05-deletes-and-renames").prepared)["changes"]]
    lines = github.annotations([], changes).splitlines()
    deleted = [one for one in changes if one["action"] == "delete"]
    assert deleted
    assert len(lines) == len(changes) - len(deleted)
    pattern = r"::notice file=dispatch.yaml,line=[0-9]+,col=[0-9]+,title=plan::(create|update|rename) [a-z]+ "
    assert all(re.match(pattern, line) for line in lines), lines
    (change,) = document_of_plan(scenario("15-rule-follows-its-number").prepared)["changes"][:1]
    text = (scenario("15-rule-follows-its-number").folder / "desired.yaml").read_text()
    assert change["fields"][0]["path"] in text.splitlines()[change["line"] - 1]


# ---------------------------------------------------------------------------------------------------------------------
# The map, and what meets something else
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_a_comment_has_the_map_and_the_reasons(name: str) -> None:
    """Where something changes there is a map; where a call meets something else, what happens on the way."""
    one = scenario(name).prepared
    document = document_of_plan(one, reasons=github.REASONS)
    drawing = drawn_changes(one, DRAWING_LIMIT)
    text = plan_comment(document, drawing=drawing)
    assert ("```mermaid\nflowchart LR\n" in text) == bool(document["changes"])
    assert ("Calls that meet something else" in text) == bool(document["reroutes"])
    reasons = min(github.REASONS, len(document["reroutes"]))
    assert text.count("<summary>Why: call ") == reasons
    assert len(text.encode()) <= COMMENT_LIMIT
    assert foreign(text) == []


def test_a_map_that_is_too_large_gives_way() -> None:
    """The words are worth more than the picture."""
    document = plan_document(creations(2))
    drawing = "flowchart LR\n" + "x" * 40_000
    assert "mermaid" not in plan_comment(document, drawing=drawing)
    assert "mermaid" not in plan_comment(document, drawing="x" * 900, limit=1_500)
    assert "mermaid" in plan_comment(document, drawing="flowchart LR\n")
