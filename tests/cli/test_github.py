"""`--format github`: the comment to stdout and nothing else, annotations to stderr, a summary where a workflow runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.graph import mermaid
from reconciler.planning import reroutes
from reconciler.render.github import COMMENT_LIMIT
from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell


@pytest.fixture
def changed(applied: Shell) -> Shell:
    """A project whose file sends calls elsewhere than the live one does."""
    text = CONFIGURATION.replace("prefix: call-", "prefix: support-")
    applied.write("config/dispatch.yaml", text)
    return applied


def test_stdout_is_the_comment(changed: Shell) -> None:
    """The first line is the marker, the map and the reasons are in it, and no workflow command is."""
    ran = changed.run("plan", "--format", "github")
    assert ran.code == 0
    assert ran.out.startswith("<!-- livekit-reconciler:plan:acme -->\n## Plan of `acme`")
    assert "\n```mermaid\nflowchart LR\n" in ran.out
    assert 'goes to room "call-_<caller>_<random>"' in ran.out
    assert 'goes to room "support-_<caller>_<random>"' in ran.out
    assert "<summary>Why: call 1 of 1</summary>" in ran.out
    assert not any(line.startswith("::") for line in ran.out.splitlines())


@pytest.mark.parametrize("form", ["github", "text"])
def test_a_plan_that_is_saved_is_called_and_drawn_once(
    form: str, changed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown is what it is without a file, and made from what is saved."""
    plain = changed.run("plan", "--format", form)
    done: list[str] = []

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            done.append(function.__name__)
            return function(*args, **kwargs)

        return wrapper

    monkeypatch.setattr(reroutes, "reroutes", counted(reroutes.reroutes))
    monkeypatch.setattr(mermaid, "mermaid", counted(mermaid.mermaid))
    saved = changed.run("plan", "--format", form, "--out", "plan.json")
    assert sorted(done) == ["mermaid", "reroutes"]
    assert saved.out == plain.out
    assert changed.run("show", "plan.json", "--format", form).out == plain.out


def test_stderr_is_the_annotations(changed: Shell) -> None:
    """What changes is told at its line of the file."""
    ran = changed.run("plan", "--format", "github")
    notices = [line for line in ran.err.splitlines() if line.startswith("::notice")]
    assert all(line.startswith("::") for line in ran.err.splitlines())
    line = CONFIGURATION.splitlines().index("      rooms: {individual: {prefix: call-}}") + 1
    told = 'plan::update dispatch rule "inbound": rooms.individual.prefix'
    assert [one for one in notices if one.endswith(told)]
    assert f"file=config/dispatch.yaml,line={line}," in notices[0]


def test_the_summary_is_added_where_a_workflow_runs(changed: Shell) -> None:
    """The job summary keeps what earlier steps wrote, and gets the comment's text; so does that of a broken file."""
    place = changed.folder / "summary.md"
    place.write_text("before\n")
    changed.environ["GITHUB_STEP_SUMMARY"] = str(place)
    ran = changed.run("plan", "--format", "github")
    assert place.read_text() == f"before\n{ran.out}\n"
    changed.write("config/dispatch.yaml", "version: 2\n")
    ran = changed.run("plan", "--format", "github")
    assert ran.code == 1
    assert place.read_text().endswith(f"{ran.out}\n")


def test_a_summary_that_cannot_be_written_fails_nothing(changed: Shell) -> None:
    """The exit code is that of the command, and stderr names the variable."""
    changed.environ["GITHUB_STEP_SUMMARY"] = str(changed.folder / "nowhere" / "summary.md")
    ran = changed.run("drift", "--format", "github")
    assert ran.code == 2
    assert "GITHUB_STEP_SUMMARY" in ran.err


@pytest.mark.slow
def test_a_plan_of_any_size_is_a_comment(project: Shell) -> None:
    """Of thousands of objects the comment still is what GitHub takes, and says how many it leaves out."""
    trunks = "".join(
        f'    carrier-{number:04}: {{numbers: ["+1555{number:07}"]}}\n' for number in range(3_000)
    )
    text = CONFIGURATION.replace("  inbound_trunks:\n", f"  inbound_trunks:\n{trunks}")
    project.write("config/dispatch.yaml", text)
    ran = project.run("plan", "--format", "github")
    assert ran.code == 0
    assert len(ran.out.encode()) <= COMMENT_LIMIT
    assert "3,003 to create" in ran.out
    assert "which do not fit here" in ran.out
    assert len([line for line in ran.err.splitlines() if line.startswith("::notice")]) == 10
