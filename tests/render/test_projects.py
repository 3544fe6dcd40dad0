"""Many projects on a page: it fits, nothing breaks out of it, and the exit code is the worst."""

from __future__ import annotations

from itertools import combinations

import pytest

from reconciler.core.finding import Severity
from reconciler.core.plan import Plan
from reconciler.errors import ExitCode
from reconciler.render.document import findings_document, plan_document
from reconciler.render.github import COMMENT_LIMIT
from reconciler.render.project_shapes import ProjectDocument, ProjectsDocument, State
from reconciler.render.projects import projects_document, projects_text, show_projects, worst
from reconciler.render.projects_markdown import projects_comment
from tests.render.markdown import OWN_HTML, foreign, hostile
from tests.render.plans import creations, finding
from tests.render.test_markdown import ATTACKS
from tests.support.schemas import problems

ORDER = (130, 1, 3, 2, 0)


def one(name: str, plan: Plan | None, state: State = "changes", *errors: str) -> ProjectDocument:
    """A project of a page."""
    return {
        "name": name,
        "file": f"config/{name}.yaml",
        "host": plan.host if plan is not None else None,
        "state": state,
        "exit_code": 1 if errors else 0,
        "errors": list(errors),
        "notes": [],
        "findings": [],
        "tests": [],
        "plan": plan_document(plan) if plan is not None else None,
        "report": None,
    }


def pages(*projects: ProjectDocument, folder: str = "config") -> ProjectsDocument:
    """The document of some projects."""
    document = projects_document("plan", folder, projects)
    assert problems("projects", document) == []
    return document


def test_the_worst_exit_code_is_that_of_the_whole() -> None:
    """130 before 1, 1 before 3, 3 before 2, 2 before 0, whatever stands beside it and in whichever order."""
    assert worst([]) is ExitCode.OK
    for count in range(1, len(ORDER) + 1):
        for codes in combinations(ORDER, count):
            assert worst(codes) == worst(reversed(codes)) == codes[0]


@pytest.mark.parametrize("count", [1, 40, 400, 2_000])
def test_a_comment_fits(count: int) -> None:
    """However many projects there are, and however long their plans, GitHub takes the one comment."""
    plan = creations(min(count, 60), metadata="é" * 200)
    many = [one(f"project-{number}-{'é' * 40}", plan) for number in range(count)]
    done = [one(f"done-{number}", Plan("done", "host.example"), "ok") for number in range(count)]
    comment = projects_comment(projects_document("plan", "config", [*done, *many]))
    assert len(comment.encode()) <= COMMENT_LIMIT
    assert comment.count("<!--") == 1
    assert comment.startswith("<!-- livekit-reconciler:projects-plan:config -->\n## Plan of ")
    assert (
        f"**{2 * count:,} projects: {count:,} with changes, {count:,} without changes.**" in comment
    )
    # Those with something to tell are the last to be left out.
    assert "project-0-" in comment
    assert comment.count("<details>") == comment.count("</details>") > 0
    if count >= 400:
        assert "more projects, which do not fit here" in comment


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_breaks_out_of_a_comment(attack: str) -> None:
    """Names of projects, folders, hosts and objects, errors and findings stand as text, whatever is in them."""
    broken = one(attack, None, "error", attack)
    broken["findings"] = findings_document([finding(attack, Severity.ERROR, attack, file=attack)])[
        "findings"
    ]
    broken["notes"] = [attack]
    comment = projects_comment(pages(one(attack, hostile(attack)), broken, folder=attack))
    body = comment.replace("<code>", "").replace("</code>", "")
    assert [found for found in foreign(body) if OWN_HTML.sub("", found)] == []
    assert comment.count("<details>") == 2
    for line in projects_text(pages(broken, folder=attack)).splitlines():
        assert line.isprintable()
        assert not line.startswith("::")


def test_a_project_without_a_plan_has_its_row() -> None:
    """What went wrong stands in the table in short, and below it in full."""
    long = "the server and the key to it come from the environment, " * 4
    text = projects_text(
        pages(one("a", None, "error", long, "second line"), one("b", Plan("b", "h"), "ok"))
    )
    table, _, below = text.partition("\n\na (config/a.yaml)\n")
    assert "error: the server and the key" in table
    assert f"  {long}" in below
    assert "  second line" in below
    assert text.splitlines()[-1] == "2 projects: 1 failed, 1 without changes."


def test_every_format_says_the_same_counts() -> None:
    """JSON, text, Markdown and the comment count the same states."""
    document = pages(
        one("a", creations(2)), one("b", None, "refused", "no"), one("c", Plan("c", "h"), "ok")
    )
    assert document["summary"]["refused"] == 1
    for form in ("text", "markdown", "github"):
        shown = show_projects(document, form, color=False)
        assert "3 projects: 1 with changes, 1 refused, 1 without changes." in shown
    assert "\x1b[" in show_projects(document, "text", color=True)
