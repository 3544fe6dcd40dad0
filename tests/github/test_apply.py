"""`apply.yml` on the default branch: the plan that was reviewed is applied, or nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.emulator.server import Emulator
from tests.github.conftest import CONFIGURATION
from tests.support.cli import Shell
from tests.support.github import FORK_ID, FakeGitHub
from tests.support.project import SECRET
from tests.support.workflow_runner import WorkflowRun, WorkflowRunner

HEAD = "a" * 40
MERGED = "b" * 40
WRITES = ("Create", "Update", "Delete")


def plan(runner: WorkflowRunner, number: int = 7) -> WorkflowRun:
    """The plan of an open pull request."""
    if number not in runner.github.pulls:
        runner.github.pull(number, HEAD)
    return runner.run("plan.yml", "pull_request", runner.pull_request_event(number))


def push(runner: WorkflowRunner, sha: str = MERGED) -> WorkflowRun:
    """A push of that commit to the default branch."""
    return runner.run("apply.yml", "push", runner.push_event(sha), sha=sha)


def by_hand(runner: WorkflowRunner, **inputs: object) -> WorkflowRun:
    """A run that somebody started, with the inputs of the form."""
    event = {"inputs": inputs, "repository": runner.repository_payload()}
    return runner.run("apply.yml", "workflow_dispatch", event, sha=MERGED, inputs=inputs)


def reviewed(runner: WorkflowRunner) -> None:
    """A pull request whose plan was made, and that was merged."""
    assert plan(runner).conclusion == "success"
    runner.github.merge(7, MERGED)


def writes(emulator: Emulator) -> list[str]:
    """The calls that changed something."""
    return [call.method for call in emulator.calls if call.method.startswith(WRITES)]


def change_by_hand(runner: WorkflowRunner, emulator: Emulator, text: str = CONFIGURATION) -> None:
    """Somebody applies another file from their own machine."""
    shell = Shell(runner.work).connect(emulator)
    shell.environ["CARRIER_SIP_PASSWORD"] = SECRET
    shell.write("other.yaml", text)
    assert shell.run("apply", "-c", "other.yaml", "--auto-approve").code == 0


def refused(ran: WorkflowRun, emulator: Emulator, why: str) -> None:
    """Nothing was written, the run is red and says why."""
    assert writes(emulator) == []
    assert ran.conclusion == "failure"
    assert ran.jobs["apply"].conclusion == "skipped"
    assert why in ran.log
    assert why in ran.summary
    assert "Refused, nothing was written" in ran.summary


def test_the_reviewed_plan_is_applied(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """After the merge just that file is applied, byte for byte, and a snapshot is left for forks."""
    reviewed(runner)
    made = github.files_of(github.runs[0]["id"], "plan")
    ran = push(runner)
    assert ran.conclusion == "success", ran.log
    assert len(writes(livekit_emulator)) == 3
    assert github.files_of(ran.id, "approved-plan") == made
    assert "Reviewed in #7" in ran.summary
    assert "## Apply" in ran.jobs["apply"].summary
    snapshot = github.files_of(ran.id, "snapshot")
    assert snapshot is not None
    assert b'"carrier"' in snapshot["snapshot.json"]
    assert SECRET.encode() not in snapshot["snapshot.json"]


def test_an_apply_leaves_the_way_back(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator, configuration: Path
) -> None:
    """Its backup is an artefact, by which a rollback restores what was live before."""
    change_by_hand(runner, livekit_emulator)
    configuration.write_text(CONFIGURATION.replace("203.0.113.0/24", "198.51.100.0/24"))
    reviewed(runner)
    ran = push(runner)
    files = github.files_of(ran.id, "backup")
    assert files is not None
    (data,) = files.values()
    (runner.work / "backup.json").write_bytes(data)
    shell = Shell(runner.work).connect(livekit_emulator)
    assert shell.run("rollback", "--auto-approve", "backup.json").code == 0
    shell.environ["CARRIER_SIP_PASSWORD"] = SECRET
    assert shell.run("drift", "-c", "other.yaml").code == 0


def test_a_second_run_has_nothing_to_do(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """It is green, writes nothing, and leaves a snapshot all the same."""
    reviewed(runner)
    push(runner)
    written = len(writes(livekit_emulator))
    ran = push(runner)
    assert ran.conclusion == "success"
    assert ran.jobs["apply"].conclusion == "skipped"
    assert len(writes(livekit_emulator)) == written
    assert "Nothing to apply" in ran.summary
    assert github.files_of(ran.id, "snapshot") is not None


def test_a_live_project_that_changed_since_is_refused(
    runner: WorkflowRunner, livekit_emulator: Emulator
) -> None:
    """What would be done now is not what was reviewed; the difference is named."""
    reviewed(runner)
    change_by_hand(
        runner, livekit_emulator, CONFIGURATION.replace("203.0.113.0/24", "198.51.100.0/24")
    )
    livekit_emulator.forget_calls()
    ran = push(runner)
    refused(ran, livekit_emulator, "the plan of pull request #7 is not what")
    assert 'reviewed only: create inbound_trunk "carrier"' in ran.summary
    assert 'now only: update inbound_trunk "carrier": allowed_addresses = ["203.0.113.0/24"]' in (
        ran.summary
    )


def test_a_branch_that_changed_since_is_refused(
    runner: WorkflowRunner, configuration: Path, livekit_emulator: Emulator
) -> None:
    """Another merge came in between, which the reviewed plan has not seen."""
    reviewed(runner)
    configuration.write_text(CONFIGURATION.replace("prefix: call-", "prefix: line-"))
    refused(push(runner), livekit_emulator, "the plan of pull request #7 is not what")


def test_a_change_between_review_and_approval_is_refused(
    runner: WorkflowRunner, livekit_emulator: Emulator
) -> None:
    """While the second job waits for somebody's approval the project changes: the saved plan itself refuses."""
    reviewed(runner)

    def approve(environment: str) -> bool:
        assert environment == "livekit"
        change_by_hand(runner, livekit_emulator)
        livekit_emulator.forget_calls()
        return True

    runner.approve = approve
    ran = push(runner)
    assert ran.jobs["review"].conclusion == "success"
    assert ran.jobs["apply"].conclusion == "failure"
    assert writes(livekit_emulator) == []
    assert "::error title=refused" in ran.log


def test_without_the_approval_nothing_is_written(
    runner: WorkflowRunner, livekit_emulator: Emulator
) -> None:
    """The environment's reviewers have the last word."""
    reviewed(runner)
    runner.approve = lambda _: False
    assert push(runner).conclusion == "failure"
    assert writes(livekit_emulator) == []


def test_a_direct_push_is_refused(runner: WorkflowRunner, livekit_emulator: Emulator) -> None:
    """There is no pull request, so nobody has reviewed a plan; the summary has what would be done."""
    ran = push(runner)
    refused(ran, livekit_emulator, "no pull request was merged as commit bbbbbbbbbbbb")
    assert '+ inbound trunk "carrier"' in ran.summary
    assert "allow-unreviewed" in ran.summary


def test_an_unreviewed_plan_is_applied_where_somebody_says_so(
    runner: WorkflowRunner, livekit_emulator: Emulator
) -> None:
    """By hand, with `allow-unreviewed`; without it a run by hand refuses as well."""
    refused(by_hand(runner, **{"allow-unreviewed": False}), livekit_emulator, "no pull request")
    ran = by_hand(runner, **{"allow-unreviewed": True, "max-deletes": ""})
    assert ran.conclusion == "success", ran.log
    assert len(writes(livekit_emulator)) == 3
    assert "Not reviewed in a pull request" in ran.summary


def test_what_is_told_of_a_difference_stays_in_its_fence(
    runner: WorkflowRunner, livekit_emulator: Emulator, configuration: Path
) -> None:
    """Names from the file are text, also where an unreviewed plan is allowed."""
    reviewed(runner)
    evil = '    "</details>@everyone ``` <img>": {numbers: ["+15550100077"], allowed_addresses: [203.0.113.0/24]}\n'
    configuration.write_text(
        CONFIGURATION.replace("  inbound_trunks:\n", f"  inbound_trunks:\n{evil}")
    )
    ran = by_hand(runner, **{"allow-unreviewed": True})
    assert ran.conclusion == "success", ran.log
    told = ran.jobs["review"].summary.partition("Not reviewed in a pull request")[2]
    lines = told.splitlines()
    fence = next(line for line in lines if line.startswith("```"))
    assert fence.startswith("````")
    assert lines[-1] == fence.removesuffix("text")
    (mention,) = {
        number
        for number, line in enumerate(lines)
        if "@everyone ``` <img>" in line and "numbers" in line
    }
    assert mention > lines.index(fence)


def test_a_merged_fork_is_refused(runner: WorkflowRunner, livekit_emulator: Emulator) -> None:
    """Even where it has a run with a plan that fits exactly."""
    reviewed(runner)
    runner.github.pulls[7]["head"]["repo"]["id"] = FORK_ID
    refused(push(runner), livekit_emulator, "pull request #7 comes from a fork")


POISONED: list[dict[str, object]] = [
    {"head_repository": {"id": FORK_ID}},
    {"event": "push"},
    {"path": ".github/workflows/other.yml"},
    {"conclusion": "failure"},
    {"head_sha": "e" * 40},
]


@pytest.mark.parametrize("fields", POISONED)
def test_a_plan_of_an_unexpected_run_is_not_taken(
    runner: WorkflowRunner,
    github: FakeGitHub,
    livekit_emulator: Emulator,
    fields: dict[str, object],
) -> None:
    """A fork, another event, another workflow, a failed run, another commit: each alone is enough."""
    reviewed(runner)
    github.runs[0] |= fields
    refused(push(runner), livekit_emulator, "pull request #7 has no saved plan")


def test_an_artefact_that_claims_another_run_is_not_taken(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """The artefact's own origin is looked at, too."""
    reviewed(runner)
    github.artefacts[0]["workflow_run"]["head_repository_id"] = FORK_ID
    refused(push(runner), livekit_emulator, "pull request #7 has no saved plan")


def test_an_expired_plan_is_refused(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """The message says how to get a new one."""
    reviewed(runner)
    github.artefacts[0]["expired"] = True
    refused(push(runner), livekit_emulator, "run its plan workflow again")


def poison(github: FakeGitHub, change: str, by: str) -> None:
    """Puts a plan that says something else in place of the reviewed one."""
    run = github.runs[0]
    files = github.files_of(run["id"], "plan")
    assert files is not None
    text = files["plan.json"].decode()
    assert change in text
    github.upload(run, "plan", {"plan.json": text.replace(change, by).encode()})


@pytest.mark.parametrize(
    ("change", "by"),
    [
        ("203.0.113.0/24", "0.0.0.0/1"),
        ("CARRIER_SIP_PASSWORD", "LIVEKIT_API_SECRET"),
        ('"env_prefix": ""', '"env_prefix": "STAGING_"'),
    ],
)
def test_a_plan_that_was_tampered_with_is_refused(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator, change: str, by: str
) -> None:
    """Also where nothing that is shown differs: a secret that is taken from another variable."""
    reviewed(runner)
    poison(github, change, by)
    refused(push(runner), livekit_emulator, "the plan of pull request #7 is not what")


@pytest.mark.parametrize("part", ["changes", "calls", "gaps", "project", "host"])
def test_a_plan_that_shows_one_thing_and_does_another_is_refused(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator, part: str
) -> None:
    """What is shown and what is sent are compared each for itself."""
    reviewed(runner)
    run = github.runs[0]
    files = github.files_of(run["id"], "plan")
    assert files is not None
    saved = json.loads(files["plan.json"])
    saved["plan"][part] = saved["plan"][part][:-1] if saved["plan"][part] else [{}]
    github.upload(run, "plan", {"plan.json": json.dumps(saved).encode()})
    refused(push(runner), livekit_emulator, "the plan of pull request #7 is not what")


def test_a_plan_that_says_two_things_is_refused(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """Of a key that stands twice, two readers may believe different ones."""
    reviewed(runner)
    poison(github, '"env_prefix": ""', '"env_prefix": "X_", "env_prefix": ""')
    refused(push(runner), livekit_emulator, "a key stands twice")


def test_a_plan_whose_seal_is_broken_is_refused_by_apply(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """What is no part of the comparison still belongs to the file's digest."""
    reviewed(runner)
    poison(github, '"tool_version": "', '"tool_version": "9')
    ran = push(runner)
    assert ran.conclusion == "failure"
    assert writes(livekit_emulator) == []
    assert "was changed after it was saved" in ran.log


def test_a_plan_without_a_seal_is_approved_as_the_one_that_has_it(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """Whoever takes the seal off a plan gets the plan of the default branch applied, which is the same."""
    reviewed(runner)
    poison(github, '"keyed": true', '"keyed": false')
    assert push(runner).conclusion == "success"
    assert len(writes(livekit_emulator)) == 3


@pytest.mark.parametrize(
    "content", [b"{}", b"not JSON", b"[]", b'{"format": "livekit-reconciler/plan"}']
)
def test_a_plan_that_is_none_is_refused(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator, content: bytes
) -> None:
    """Rubbish in the artefact ends in a sentence."""
    reviewed(runner)
    github.upload(github.runs[0], "plan", {"plan.json": content})
    ran = push(runner)
    refused(ran, livekit_emulator, "pull request #7")
    assert "Traceback" not in ran.log


def test_an_artefact_that_is_no_archive_is_refused(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """It is read in memory, and never unpacked."""
    reviewed(runner)
    github.damage("plan")
    refused(push(runner), livekit_emulator, "holds no readable plan.json")


def test_github_that_does_not_answer_is_no_review(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """Five tries, and then it refuses."""
    reviewed(runner)
    github.fail("GET", "/pulls$", 503, times=99)
    ran = push(runner)
    refused(ran, livekit_emulator, "503")
    tries = [one for one in github.requests if one.path.endswith(f"/{MERGED}/pulls")]
    assert len(tries) == 5


def test_the_newest_plan_of_the_last_commit_counts(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator, configuration: Path
) -> None:
    """A run that was repeated replaces what the first one saw."""
    configuration.write_text(CONFIGURATION.replace("call-", "old-"))
    plan(runner)
    configuration.write_text(CONFIGURATION)
    reviewed(runner)
    assert push(runner).conclusion == "success"
    assert len(writes(livekit_emulator)) == 3


def test_a_plan_made_without_a_key_can_be_the_reviewed_one(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator, configuration: Path
) -> None:
    """Where pull requests get no key at all, the plan against the last apply's snapshot is compared and applied."""
    reviewed(runner)
    assert push(runner).conclusion == "success"
    livekit_emulator.forget_calls()
    configuration.write_text(CONFIGURATION.replace('"+15550100001"', '"+15550100002"'))
    secrets, runner.secrets = runner.secrets, {}
    github.pull(8, "c" * 40)
    assert "compared with the snapshot" in plan(runner, 8).summary
    github.merge(8, "d" * 40)
    runner.secrets = secrets
    ran = push(runner, "d" * 40)
    assert ran.conclusion == "success", ran.log
    assert "Reviewed in #8" in ran.summary
    assert len(writes(livekit_emulator)) == 2


def test_deletions_need_the_limit_that_allows_them(
    runner: WorkflowRunner, livekit_emulator: Emulator, configuration: Path
) -> None:
    """A plan that deletes a kind's last object is refused, until somebody says by hand how many may go."""
    change_by_hand(runner, livekit_emulator)
    livekit_emulator.forget_calls()
    text = CONFIGURATION.replace(
        "project: {name: acme-voice}", "project: {name: acme-voice, unlisted: delete}"
    )
    start, end = text.index("  outbound_trunks:"), text.index("  dispatch_rules:")
    configuration.write_text(f"{text[:start]}  outbound_trunks: {{}}\n{text[end:]}")
    reviewed(runner)
    ran = push(runner)
    assert ran.jobs["apply"].conclusion == "failure"
    assert writes(livekit_emulator) == []
    assert "--max-deletes" in ran.summary
    again = by_hand(runner, **{"allow-unreviewed": False, "max-deletes": "1"})
    assert again.conclusion == "success", again.log
    assert writes(livekit_emulator) == ["DeleteSIPTrunk"]


def test_options_for_plans_do_not_stop_an_apply(
    runner: WorkflowRunner, livekit_emulator: Emulator
) -> None:
    """RECONCILE_ONLY makes a plan of one plane; the saved plan is then applied as it is."""
    runner.environ = {"RECONCILE_ONLY": "sip"}
    reviewed(runner)
    ran = push(runner)
    assert ran.conclusion == "success", ran.log
    assert len(writes(livekit_emulator)) == 3


def test_an_apply_that_fails_half_way_is_red_and_says_what_was_done(
    runner: WorkflowRunner, github: FakeGitHub, livekit_emulator: Emulator
) -> None:
    """The report is in the summary, and a second run refuses: what is left is not what was reviewed."""
    reviewed(runner)
    livekit_emulator.faults.answer("CreateSIPDispatchRule", status=400, times=5)
    ran = push(runner)
    assert ran.jobs["apply"].conclusion == "failure"
    assert "## Apply" in ran.jobs["apply"].summary
    assert github.files_of(ran.id, "snapshot") is not None
    assert github.files_of(ran.id, "backup") is not None
    livekit_emulator.faults.clear()
    livekit_emulator.forget_calls()
    refused(push(runner), livekit_emulator, "the plan of pull request #7 is not what")


def test_a_default_branch_that_cannot_be_planned_is_red(
    runner: WorkflowRunner, configuration: Path, livekit_emulator: Emulator
) -> None:
    """A wrong file, or a server that is away, is neither refused nor applied: it is told."""
    reviewed(runner)
    configuration.write_text("version: 2\n")
    ran = push(runner)
    assert ran.conclusion == "failure"
    assert "::error title=review" in ran.log
    runner.variables = {"LIVEKIT_URL": "http://127.0.0.1:9"}
    configuration.write_text(CONFIGURATION)
    ran = push(runner)
    assert ran.conclusion == "failure"
    assert "127.0.0.1:9" in ran.summary
    assert writes(livekit_emulator) == []


def test_other_branches_are_not_applied(runner: WorkflowRunner, livekit_emulator: Emulator) -> None:
    """A run by hand on a branch does nothing."""
    event = {"repository": runner.repository_payload()}
    ran = runner.run(
        "apply.yml",
        "workflow_dispatch",
        event,
        sha=HEAD,
        branch="feature",
        inputs={"allow-unreviewed": True},
    )
    assert {job.conclusion for job in ran.jobs.values()} == {"skipped"}
    assert writes(livekit_emulator) == []


def test_a_repository_without_a_project_applies_nothing(runner: WorkflowRunner) -> None:
    """Who copies the files has green runs before anything is set up."""
    runner.variables = {}
    ran = push(runner)
    assert ran.conclusion == "success"
    assert {job.conclusion for job in ran.jobs.values()} == {"skipped"}


def test_no_secret_is_told(runner: WorkflowRunner, github: FakeGitHub) -> None:
    """Not in what both jobs print, and not in what they keep."""
    reviewed(runner)
    ran = push(runner)
    told = [ran.log, ran.summary]
    for artefact in ("approved-plan", "backup", "snapshot"):
        files = github.files_of(ran.id, artefact)
        assert files is not None
        told += [content.decode() for content in files.values()]
    tokens = [request.authorization or "" for request in github.requests]
    for secret in (SECRET, runner.secrets["LIVEKIT_API_SECRET"], *filter(None, tokens)):
        assert not [text for text in told if secret.removeprefix("Bearer ") in text]
