"""`drift.yml` on its schedule: one issue, which is opened, kept up to date and closed."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator.server import Emulator
from tests.github.conftest import CONFIGURATION
from tests.support.cli import Shell
from tests.support.github import BODY_LIMIT, FakeGitHub
from tests.support.project import SECRET
from tests.support.receiver import Receiver
from tests.support.workflow_runner import JobRun, WorkflowRunner

LABEL = "livekit-drift"
MARKER = "<!-- livekit-reconciler:drift -->"
MORE = '    more:\n      numbers: ["+15550100007"]\n      allowed_addresses: ["203.0.113.0/24"]\n'


@pytest.fixture(autouse=True)
def _applied(runner: WorkflowRunner, livekit_emulator: Emulator) -> None:
    """The live project is what the file says, at first."""
    make_live(runner, livekit_emulator, CONFIGURATION)


def make_live(runner: WorkflowRunner, emulator: Emulator, text: str) -> None:
    """Makes the live project what a text says."""
    shell = Shell(runner.work).connect(emulator)
    shell.environ["CARRIER_SIP_PASSWORD"] = SECRET
    shell.write("live.yaml", text)
    assert shell.run("apply", "-c", "live.yaml", "--auto-approve", "--max-deletes", "9").code == 0


def drift(runner: WorkflowRunner) -> JobRun:
    """A scheduled run, whose event says next to nothing."""
    return runner.run("drift.yml", "schedule", {"schedule": "17 * * * *"}).jobs["drift"]


def open_issues(github: FakeGitHub) -> list[dict[str, Any]]:
    """What is open."""
    return [issue for issue in github.issues if issue["state"] == "open"]


def drifted(runner: WorkflowRunner, emulator: Emulator, more: str = "") -> None:
    """Somebody has changed the live project by hand, and maybe made a trunk, too."""
    text = CONFIGURATION.replace("203.0.113.0/24", "198.51.100.0/24")
    make_live(runner, emulator, text.replace("  outbound_trunks:\n", f"{more}  outbound_trunks:\n"))


def test_no_drift_is_no_issue(runner: WorkflowRunner, github: FakeGitHub) -> None:
    """The job is green, and a snapshot is left for forks."""
    ran = drift(runner)
    assert ran.conclusion == "success", ran.log
    assert github.issues == []
    assert github.files_of(github.runs[0]["id"], "snapshot") is not None


def test_drift_opens_one_issue(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """It says how much in its title and what in its text, and carries the label; the job is green."""
    drifted(runner, livekit_emulator, MORE)
    ran = drift(runner)
    assert ran.conclusion == "success", ran.log
    (issue,) = github.issues
    assert issue["title"] == "LiveKit drift: 1 change and 1 unlisted object"
    assert issue["labels"] == [{"name": LABEL}]
    assert github.labels == [LABEL]
    assert issue["body"].splitlines()[0] == MARKER
    assert "198.51.100.0/24" in issue["body"]
    assert '"more"' in issue["body"]
    assert "::warning title=drift::LiveKit drift: 1 change and 1 unlisted object" in ran.log


def test_drift_that_stays_updates_its_issue(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """However often it is seen there is one issue, and it says what is so now."""
    drifted(runner, livekit_emulator)
    drift(runner)
    for number in range(120):
        github.issue(f"another {number}", "text", "somebody", LABEL)
    drifted(runner, livekit_emulator, MORE)
    drift(runner)
    own = [issue for issue in open_issues(github) if issue["body"].startswith(MARKER)]
    assert [issue["title"] for issue in own] == ["LiveKit drift: 1 change and 1 unlisted object"]


def test_the_end_of_drift_closes_its_issue(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """With a last comment; drift that comes back gets an issue of its own."""
    drifted(runner, livekit_emulator)
    drift(runner)
    make_live(runner, livekit_emulator, CONFIGURATION)
    drift(runner)
    (issue,) = github.issues
    assert issue["state"] == "closed"
    assert "The drift is gone" in github.comments[issue["number"]][0]["body"]
    drifted(runner, livekit_emulator)
    drift(runner)
    assert [one["state"] for one in github.issues] == ["closed", "open"]


def test_issues_of_others_are_left_alone(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """Neither the label alone makes an issue ours, nor our marker under somebody else's name."""
    github.issue("a question", "about drift", "somebody", LABEL)
    github.issue("fake", f"{MARKER}\nall is well", "mallory", LABEL)
    pull = github.issue("a pull request", f"{MARKER}\n", "github-actions[bot]", LABEL)
    pull["pull_request"] = {}
    drift(runner)
    assert len(open_issues(github)) == 3
    drifted(runner, livekit_emulator)
    drift(runner)
    assert len(open_issues(github)) == 4


def test_a_second_issue_is_closed(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """Should there ever be two, the older one stays."""
    first = github.issue("old", f"{MARKER}\n", "github-actions[bot]", LABEL)
    second = github.issue("new", f"{MARKER}\n", "github-actions[bot]", LABEL)
    drifted(runner, livekit_emulator)
    drift(runner)
    assert (first["state"], second["state"]) == ("open", "closed")
    assert first["title"] == "LiveKit drift: 1 change"


def test_an_error_is_no_drift(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """A server that does not answer makes the job red; an open issue stays open, and none is opened."""
    runner.variables = {"LIVEKIT_URL": "http://127.0.0.1:9"}
    ran = drift(runner)
    assert ran.conclusion == "failure"
    assert "127.0.0.1:9" in ran.summary
    assert github.issues == []
    issue = github.issue("drift", f"{MARKER}\n", "github-actions[bot]", LABEL)
    assert drift(runner).conclusion == "failure"
    assert issue["state"] == "open"


def test_a_wrong_key_is_no_drift(runner: WorkflowRunner, github: FakeGitHub) -> None:
    """Nor is it the end of one."""
    runner.secrets = {**runner.secrets, "LIVEKIT_API_SECRET": "x" * 40}
    ran = drift(runner)
    assert ran.conclusion == "failure"
    assert github.issues == []
    assert "x" * 40 not in ran.log


def test_an_issue_that_cannot_be_written_makes_the_job_red(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """An alert that goes nowhere must not look like one that went out."""
    drifted(runner, livekit_emulator)
    github.fail("POST", "/issues$", 403)
    ran = drift(runner)
    assert ran.conclusion == "failure"
    assert "::error" in ran.log
    assert "Traceback" not in ran.log


def test_an_issue_whose_answer_is_lost_is_not_opened_twice(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """After a 502 the list is read."""
    drifted(runner, livekit_emulator)
    github.fail("POST", "/issues$", 502, done=True)
    assert drift(runner).conclusion == "success"
    assert len(github.issues) == 1


def test_while_an_apply_runs_nothing_is_drift(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """What differs in the middle of an apply is not worth an issue."""
    drifted(runner, livekit_emulator)
    run = github.run("apply.yml", "push")
    ran = drift(runner)
    assert ran.conclusion == "success"
    assert github.issues == []
    assert "an apply is at work" in ran.summary
    run["status"] = "completed"
    drift(runner)
    assert len(github.issues) == 1


def test_drift_of_any_size_fits(
    runner: WorkflowRunner, github: FakeGitHub, configuration: Path
) -> None:
    """The issue is cut, and the job is green."""
    trunks = "".join(
        f'    trunk-{number}: {{numbers: ["+1555{number:07}"], allowed_addresses: [203.0.113.0/24]}}\n'
        for number in range(700)
    )
    configuration.write_text(
        CONFIGURATION.replace("  outbound_trunks:\n", f"{trunks}  outbound_trunks:\n")
    )
    ran = drift(runner)
    assert ran.conclusion == "success", ran.log
    (issue,) = github.issues
    assert issue["title"] == "LiveKit drift: 700 changes"
    assert BODY_LIMIT - 2000 < len(issue["body"].encode()) <= BODY_LIMIT


def test_a_repository_without_a_project_watches_nothing(runner: WorkflowRunner) -> None:
    """Who copies the files has green runs before anything is set up."""
    runner.variables = {}
    assert drift(runner).conclusion == "skipped"


def test_only_one_look_tells_others(
    runner: WorkflowRunner, livekit_emulator: Emulator, tmp_path: Path
) -> None:
    """The look that counts for the title must not notify anybody a second time."""
    seen = tmp_path / "seen"
    stand_in = tmp_path / "bin" / "reconcile"
    stand_in.parent.mkdir()
    program = Path(sys.executable).with_name("reconcile")
    line = '"$*, to: $RECONCILE_NOTIFY"'
    stand_in.write_text(f'#!/bin/sh\necho {line} >> {seen}\nexec {program} "$@"\n')
    stand_in.chmod(0o755)
    path = f"{stand_in.parent}:{program.parent}:{os.environ['PATH']}"
    runner.environ = {"PATH": path}
    runner.secrets = {**runner.secrets, "RECONCILE_NOTIFY": "json://127.0.0.1:9"}
    drifted(runner, livekit_emulator)
    drift(runner)
    asked = [line for line in seen.read_text().splitlines() if line.startswith("drift")]
    looks = [line.partition(", to: ")[2] for line in asked if " --format=" in line]
    assert looks == ["json://127.0.0.1:9", ""]
    # All else is the question whether it could tell anybody, which tells nobody.
    others = [line for line in asked if " --format=" not in line]
    assert others == ["drift --notify json://127.0.0.1 --after 0, to: "]


def test_no_secret_is_told(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """A password that differs is drift; neither its old nor its new value is anywhere."""
    shell = Shell(runner.work).connect(livekit_emulator)
    shell.environ["CARRIER_SIP_PASSWORD"] = "another-one-than-the-secret"
    shell.write("live.yaml", CONFIGURATION)
    shell.run("apply", "-c", "live.yaml", "--auto-approve")
    ran = drift(runner)
    (issue,) = github.issues
    assert "auth.password" in issue["body"]
    told = [ran.log, ran.summary, issue["body"], issue["title"]]
    for secret in (SECRET, "another-one-than-the-secret", runner.secrets["LIVEKIT_API_SECRET"]):
        assert not [text for text in told if secret in text]


def test_people_are_told_once(runner: WorkflowRunner, livekit_emulator: Emulator) -> None:
    """Whom RECONCILE_NOTIFY names hears of a drift and of its end; what was told is carried from run to run."""
    with Receiver() as receiver:
        secrets = {**runner.secrets, "RECONCILE_NOTIFY": f"json://{receiver.host}/hook"}
        told = replace(runner, secrets=secrets)
        heard = []
        for change in ("by hand", "", "undone", ""):
            if change == "by hand":
                drifted(runner, livekit_emulator)
            elif change:
                make_live(runner, livekit_emulator, CONFIGURATION)
            ran = drift(told)
            assert ran.conclusion == "success", ran.log
            assert receiver.host not in ran.log
            heard.append([json.loads(one.body)["title"] for one in receiver.take()])
    assert [len(one) for one in heard] == [1, 0, 1, 0]
    assert "has drifted" in heard[0][0]
    assert "is over" in heard[2][0]
    assert len(told.cache) == 4
