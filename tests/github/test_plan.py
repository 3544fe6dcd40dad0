"""`plan.yml` on pull requests: one comment, the summary, the annotations, and what a fork gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.emulator.server import Emulator
from tests.github.conftest import CONFIGURATION
from tests.support.cli import Shell
from tests.support.github import BODY_LIMIT, FORK_ID, FakeGitHub
from tests.support.project import SECRET
from tests.support.workflow_runner import JobRun, WorkflowRunner

MARKER = "<!-- livekit-reconciler:pull-request -->"
BROKEN = CONFIGURATION.replace("trunks: [carrier]", "trunks: [carier]")


def plan(runner: WorkflowRunner, number: int = 7) -> JobRun:
    """Runs plan.yml for a pull request; opens it where there is none yet."""
    if number not in runner.github.pulls:
        runner.github.pull(number, "a" * 40)
    ran = runner.run("plan.yml", "pull_request", runner.pull_request_event(number))
    return ran.jobs["plan"]


def fork(runner: WorkflowRunner) -> JobRun:
    """Runs plan.yml for a pull request of a fork."""
    runner.github.pull(8, "f" * 40, FORK_ID)
    return plan(runner, 8)


def bodies(github: FakeGitHub, number: int = 7) -> list[str]:
    """The comments on a pull request."""
    return [comment["body"] for comment in github.comments.get(number, [])]


def test_a_pull_request_gets_a_comment_a_summary_and_a_saved_plan(
    runner: WorkflowRunner, github: FakeGitHub
) -> None:
    """What would change stands in all three, and the job is green."""
    ran = plan(runner)
    assert ran.conclusion == "success", ran.log
    (body,) = bodies(github)
    assert body.splitlines()[0] == MARKER
    assert '+ inbound trunk "carrier"' in body
    assert '+ inbound trunk "carrier"' in ran.summary
    assert "a" * 12 in body
    line = CONFIGURATION.splitlines().index("    carrier:") + 1
    assert f"::notice file=config/dispatch.yaml,line={line}," in ran.log
    saved = github.files_of(github.runs[0]["id"], "plan")
    assert saved is not None
    assert len(json.loads(saved["plan.json"])["plan"]["calls"]) == 3


def test_the_comment_is_written_anew_in_place(
    runner: WorkflowRunner, github: FakeGitHub, configuration: Path
) -> None:
    """A second run changes the comment of the first, even where two pages of other comments come before it."""
    github.page_size = 10
    for number in range(25):
        github.comment(7, f"remark {number}", "somebody")
    plan(runner)
    configuration.write_text(CONFIGURATION.replace('"+15550100001"', '"+15550100002"'))
    plan(runner)
    own = [body for body in bodies(github) if body.startswith(MARKER)]
    assert len(own) == 1
    assert "+15550100002" in own[0]
    assert "+15550100001" not in own[0]
    assert len(bodies(github)) == 26


def test_a_comment_of_somebody_else_is_left_alone(
    runner: WorkflowRunner, github: FakeGitHub
) -> None:
    """Whoever writes our marker does not get the plan under their name, where they could edit it."""
    github.comment(7, f"{MARKER}\nharmless", "mallory")
    github.comment(7, f"look at this:\n{MARKER}")
    plan(runner)
    assert bodies(github)[:2] == [f"{MARKER}\nharmless", f"look at this:\n{MARKER}"]
    assert len(bodies(github)) == 3


def test_a_wrong_file_fails_the_check_and_the_comment_says_why(
    runner: WorkflowRunner, github: FakeGitHub, configuration: Path
) -> None:
    """The comment of the good plan becomes that of the bad one, the line is annotated, and no plan is kept."""
    plan(runner)
    configuration.write_text(BROKEN)
    ran = plan(runner)
    assert ran.conclusion == "failure"
    (body,) = bodies(github)
    assert body.startswith(MARKER)
    assert "carier" in body
    assert "::error file=config/dispatch.yaml,line=15," in ran.log
    assert github.files_of(github.runs[0]["id"], "plan") is None


def test_a_server_that_cannot_be_reached_fails_the_check(
    runner: WorkflowRunner, github: FakeGitHub
) -> None:
    """With a key there is no falling back to something that looks like a plan."""
    runner.variables = {"LIVEKIT_URL": "http://127.0.0.1:9"}
    ran = plan(runner)
    assert ran.conclusion == "failure"
    (body,) = bodies(github)
    assert "Nothing could be read or compared" in body
    assert "127.0.0.1:9" in body
    assert "Nothing could be read or compared" in ran.summary


def test_two_projects_have_a_comment_and_a_plan_each(
    runner: WorkflowRunner, github: FakeGitHub, repository: Path
) -> None:
    """`name` tells them apart."""
    workflow = repository / ".github" / "workflows" / "plan.yml"
    text = workflow.read_text()
    plan(runner)
    workflow.write_text(text.replace("command: plan\n", "command: plan\n          name: staging\n"))
    plan(runner)
    first = [body.splitlines()[0] for body in bodies(github)]
    assert first == [MARKER, "<!-- livekit-reconciler:pull-request-staging -->"]
    assert github.files_of(github.runs[0]["id"], "plan-staging") is not None


def test_a_plan_of_any_size_fits(
    runner: WorkflowRunner, github: FakeGitHub, configuration: Path
) -> None:
    """Four hundred trunks make a plan of several comments: it is cut, closed properly, and the job is green."""
    trunks = "".join(
        f'    trunk-{number}-{"é" * 60}: {{numbers: ["+1555{number:07}"], allowed_addresses: [203.0.113.0/24]}}\n'
        for number in range(400)
    )
    text = CONFIGURATION.replace("  inbound_trunks:\n", f"  inbound_trunks:\n{trunks}")
    configuration.write_text(text)
    ran = plan(runner)
    assert ran.conclusion == "success", ran.log
    (body,) = bodies(github)
    assert BODY_LIMIT - 2000 < len(body.encode()) <= BODY_LIMIT
    assert body.count("<details>") == body.count("</details>")
    assert body.rstrip().endswith("</sub>")


def test_nothing_in_the_file_breaks_out_of_the_comment(
    runner: WorkflowRunner, github: FakeGitHub, configuration: Path
) -> None:
    """Backticks, tags, mentions, markers and workflow commands in names stay what they are: text in a fence."""
    nasty = [
        "```\\n<!-- livekit-reconciler:pull-request -->\\n@everyone",
        "</details><img src=x>",
        "::error::owned\\n::set-output name=a::b",
        "\\u001b[31m\\u202e",
    ]
    trunks = "".join(
        f'    "{name}": {{numbers: ["+1555010{number:04}"], allowed_addresses: [203.0.113.0/24]}}\n'
        for number, name in enumerate(nasty, 100)
    )
    text = CONFIGURATION.replace("  inbound_trunks:\n", f"  inbound_trunks:\n{trunks}")
    configuration.write_text(text)
    ran = plan(runner)
    (body,) = bodies(github)
    outside, fence = [], ""
    for line in body.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        else:
            outside.append(line)
    assert not fence
    told = "\n".join(outside)
    assert "@everyone" not in told
    assert "<img" not in told
    assert "owned" not in told
    assert "\x1b" not in body
    assert "\u202e" not in body
    assert not [line for line in ran.log.splitlines() if line.startswith(("::error::", "::set-"))]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_comment_that_cannot_be_written_fails_nothing(
    runner: WorkflowRunner, github: FakeGitHub, status: int
) -> None:
    """The summary has the plan, an annotation says what is missing, and the job is green."""
    github.fail("POST", "/comments$", status, times=99)
    ran = plan(runner)
    assert ran.conclusion == "success"
    assert bodies(github) == []
    assert '+ inbound trunk "carrier"' in ran.summary
    assert "no comment was written" in ran.log


def test_a_comment_whose_answer_is_lost_is_not_written_twice(
    runner: WorkflowRunner, github: FakeGitHub
) -> None:
    """A 502 after the work was done is followed by a look at the list."""
    github.fail("POST", "/comments$", 502, done=True)
    ran = plan(runner)
    assert ran.conclusion == "success"
    assert "no comment was written" not in ran.log
    assert len(bodies(github)) == 1


def test_rate_limits_are_waited_for(runner: WorkflowRunner, github: FakeGitHub) -> None:
    """A secondary limit, which comes as a 403, is not taken for a missing right."""
    github.fail("POST", "/comments$", 403, message="You have exceeded a secondary rate limit")
    github.fail("GET", "/comments$", 429, headers={"Retry-After": "0"})
    assert plan(runner).conclusion == "success"
    assert len(bodies(github)) == 1


# ---------------------------------------------------------------------------------------------------------------------
# Without a key
# ---------------------------------------------------------------------------------------------------------------------


def leave_snapshot(
    runner: WorkflowRunner, livekit_emulator: Emulator, event: str = "push", **fields: object
) -> None:
    """The snapshot of an earlier run: of a live project with one trunk, which the file does not list."""
    shell = Shell(runner.work).connect(livekit_emulator)
    shell.write(
        "old.yaml",
        'version: 1\nproject: {name: acme-voice}\nsip: {inbound_trunks: {old: {numbers: ["+15550100009"],'
        ' allowed_addresses: ["203.0.113.0/24"]}}}\n',
    )
    assert shell.run("apply", "-c", "old.yaml", "--auto-approve").code == 0
    assert shell.run("snapshot", "-c", "old.yaml", "snapshot.json").code == 0
    data = (runner.work / "snapshot.json").read_bytes()
    run = runner.github.run("apply.yml", event, status="completed", conclusion="success", **fields)
    runner.github.upload(run, "snapshot", {"snapshot.json": data})


def test_a_fork_is_planned_against_the_last_snapshot(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """Its token may only read: the plan stands in the summary, with a note, and nothing is an error."""
    leave_snapshot(runner, livekit_emulator)
    asked = len(livekit_emulator.calls)
    ran = fork(runner)
    assert ran.conclusion == "success", ran.log
    assert "compared with the snapshot of 2" in ran.summary
    assert '+ inbound trunk "carrier"' in ran.summary
    assert '"old"' in ran.summary
    assert bodies(github, 8) == []
    assert "::warning" not in ran.log
    assert len(livekit_emulator.calls) == asked


def test_a_fork_keeps_no_plan(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """What it made would never be believed."""
    leave_snapshot(runner, livekit_emulator)
    fork(runner)
    assert github.files_of(github.runs[0]["id"], "plan") is None


def test_a_fork_without_a_snapshot_has_its_file_checked(runner: WorkflowRunner) -> None:
    """That includes the routing tests of the file."""
    ran = fork(runner)
    assert ran.conclusion == "success", ran.log
    assert "there is no snapshot" in ran.summary


@pytest.mark.parametrize("has_snapshot", [True, False])
def test_a_wrong_file_in_a_fork_fails_the_check(
    runner: WorkflowRunner,
    configuration: Path,
    livekit_emulator: Emulator,
    has_snapshot: bool,
) -> None:
    """A missing key excuses nothing."""
    if has_snapshot:
        leave_snapshot(runner, livekit_emulator)
    configuration.write_text(BROKEN)
    ran = fork(runner)
    assert ran.conclusion == "failure"
    assert "::error file=config/dispatch.yaml,line=15," in ran.log


def test_a_failing_routing_test_in_a_fork_fails_the_check(
    runner: WorkflowRunner, configuration: Path
) -> None:
    """Expectations about calls are held against the file alone."""
    configuration.write_text(
        CONFIGURATION
        + 'tests:\n  - call: {from: "+15550100099", to: "+15550100001", source_ip: 203.0.113.9}\n'
        + "    expect: {rule: nobody}\n"
    )
    ran = fork(runner)
    assert ran.conclusion == "failure", ran.summary


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("pull_request", {"head_repository": {"id": FORK_ID}}),
        ("push", {"head_repository": {"id": FORK_ID}}),
        ("pull_request", {"head_branch": "main"}),
        ("push", {"head_branch": "feature"}),
    ],
)
def test_a_snapshot_that_anybody_could_have_made_is_not_taken(
    runner: WorkflowRunner, livekit_emulator: Emulator, event: str, fields: dict[str, object]
) -> None:
    """Only runs on the default branch of this repository count, and no pull request's."""
    leave_snapshot(runner, livekit_emulator, event, **fields)
    assert "there is no snapshot" in fork(runner).summary


def test_a_damaged_snapshot_is_as_good_as_none(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """A warning, and the file is checked."""
    leave_snapshot(runner, livekit_emulator)
    github.damage("snapshot")
    ran = fork(runner)
    assert ran.conclusion == "success"
    assert "::warning title=snapshot" in ran.log
    run = github.run("drift.yml", "schedule")
    github.upload(run, "snapshot", {"snapshot.json": b"[]"})
    github.pulls.clear()
    ran = fork(runner)
    assert ran.conclusion == "success"
    assert "there is no snapshot" in ran.summary


def test_no_secret_is_told(runner: WorkflowRunner, github: FakeGitHub) -> None:
    """Neither the password, nor the key, nor a token is in a log, a summary, a comment or an artefact."""
    github.fail("POST", "/comments$", 500, times=1)
    ran = plan(runner)
    github.fail("PATCH", "/comments/", 401, times=9)
    again = plan(runner)
    saved = github.files_of(github.runs[0]["id"], "plan") or {}
    told = [ran.log, ran.summary, again.log, *bodies(github), saved["plan.json"].decode()]
    tokens = [request.authorization or "" for request in github.requests]
    for secret in (SECRET, runner.secrets["LIVEKIT_API_SECRET"], *tokens):
        assert secret
        assert not [text for text in told if secret.removeprefix("Bearer ") in text]


def test_the_token_stays_with_the_api(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """A download is redirected to another address, which gets no token."""
    leave_snapshot(runner, livekit_emulator)
    fork(runner)
    downloads = [one for one in github.requests if one.path.startswith("/_blob/")]
    assert [one.authorization for one in downloads] == [None]
