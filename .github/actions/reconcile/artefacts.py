"""Artefacts of other runs, and which of them may be believed.

Anybody who can open a pull request can make a run that uploads a file called `plan` or `snapshot`. What tells such a
file from ours is where its run came from: a run whose head is in a fork is never believed, and neither is one of
another workflow file, branch or event than the file is expected from.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

from github_api import GitHub, GitHubError
from workflow import Step

LARGEST_FILE = 64 * 1024 * 1024
_OF_THE_DEFAULT_BRANCH = frozenset({"push", "schedule", "workflow_dispatch"})


class Unreviewed(Exception):
    """There is no plan that somebody has reviewed; the message says why."""


class Reviewed(NamedTuple):
    """A plan as the pull request showed it."""

    pull_request: int
    run_url: str
    data: bytes


def last_snapshot(step: Step, github: GitHub) -> bytes | None:
    """The newest snapshot that a run on the default branch has left, or None."""
    for artefact in github.pages("/actions/artifacts", "artifacts", name=step.called("snapshot")):
        head = artefact.get("workflow_run") or {}
        if (
            artefact.get("expired")
            or not _is_of_repository(step, head)
            or head.get("head_branch") != step.default_branch
        ):
            continue
        run = github.get(f"/actions/runs/{int(head['id'])}")
        if run.get("event") in _OF_THE_DEFAULT_BRANCH and _is_own_run(step, run):
            return _file(github, artefact, "snapshot.json")
    return None


def reviewed_plan(step: Step, github: GitHub) -> Reviewed:
    """The plan of the pull request that was merged as the commit of this run. Raises `Unreviewed`."""
    pull = _merged(step, github)
    number = int(pull["number"])
    source = pull["head"].get("repo") or {}
    if source.get("id") != step.repository_id:
        raise Unreviewed(
            f"pull request #{number} comes from a fork: plans made there are not taken"
        )
    for run in _plan_runs(step, github, str(pull["head"]["sha"])):
        for artefact in github.pages(f"/actions/runs/{int(run['id'])}/artifacts", "artifacts"):
            if artefact.get("name") != step.called("plan") or artefact.get("expired"):
                continue
            if not _is_of_repository(step, artefact.get("workflow_run") or {}):
                continue
            return Reviewed(
                number, str(run.get("html_url", "")), _file(github, artefact, "plan.json")
            )
    raise Unreviewed(
        f"pull request #{number} has no saved plan for its last commit: it was never made, has no changes, or has"
        " expired; run its plan workflow again"
    )


def is_running(github: GitHub, workflow: str) -> bool:
    """Whether a run of another workflow is at work right now. One that waits for an approval is not."""
    try:
        runs = github.get(f"/actions/workflows/{workflow}/runs", status="in_progress", per_page=1)
    except GitHubError as error:
        if error.is_forbidden:
            return False  # there is no such workflow, or nobody lets us look
        raise
    return bool(runs.get("total_count"))


def _merged(step: Step, github: GitHub) -> Mapping[str, Any]:
    for pull in github.pages(f"/commits/{step.sha}/pulls"):
        if (
            pull.get("merged_at")
            and pull.get("merge_commit_sha") == step.sha
            and pull["base"].get("ref") == step.default_branch
        ):
            found: Mapping[str, Any] = pull
            return found
    raise Unreviewed(f"no pull request was merged as commit {step.sha[:12]}")


def _plan_runs(step: Step, github: GitHub, head: str) -> list[Mapping[str, Any]]:
    """The successful runs of the plan workflow on that head, the newest first."""
    workflow = step.workflow_file("plan_workflow")
    runs = github.pages(
        f"/actions/workflows/{workflow}/runs",
        "workflow_runs",
        event="pull_request",
        head_sha=head,
        status="success",
    )
    own = [
        run
        for run in runs
        if run.get("event") == "pull_request"
        and run.get("head_sha") == head
        and run.get("conclusion") == "success"
        and str(run.get("path", "")).partition("@")[0] == f".github/workflows/{workflow}"
        and _is_own_run(step, run)
    ]
    return sorted(own, key=lambda run: str(run.get("run_started_at", "")), reverse=True)


def _is_own_run(step: Step, run: Mapping[str, Any]) -> bool:
    ids = [(run.get(key) or {}).get("id") for key in ("repository", "head_repository")]
    return ids == [step.repository_id, step.repository_id]


def _is_of_repository(step: Step, run: Mapping[str, Any]) -> bool:
    return [run.get("repository_id"), run.get("head_repository_id")] == [step.repository_id] * 2


def _file(github: GitHub, artefact: Mapping[str, Any], name: str) -> bytes:
    """One file of an artefact. It is read and never unpacked, so that no path in it leads anywhere."""
    data = github.download(f"/actions/artifacts/{int(artefact['id'])}/zip")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(name) as file:
            content = file.read(LARGEST_FILE + 1)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError) as error:
        raise GitHubError(
            f"the artefact {artefact.get('name')} holds no readable {name}", 422
        ) from error
    if len(content) > LARGEST_FILE:
        raise GitHubError(f"{name} in the artefact is larger than 64 MiB", 413)
    return content
