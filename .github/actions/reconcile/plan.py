"""`plan`: what a pull request would change, told in a comment, in the summary and at the lines of the file.

With a key it plans against the live project and saves the plan, to be applied after the merge. Without one, as in a
fork, it plans against the last snapshot of the default branch, and without that it checks the file and its routing
tests. A missing secret or a read-only token is no error; a wrong file always is.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

from artefacts import last_snapshot
from command import OK, Ran, configuration, has_key, load_plan, reconcile
from comment import first_line, put_comment
from github_api import GitHub, GitHubError
from page import compose
from workflow import Step

_SNAPSHOT = (
    "> This run has no key to the live project: it was compared with the snapshot of {taken_at}."
)
_NO_SNAPSHOT = (
    "> This run has no key to the live project, and there is no snapshot of it yet: the file and its routing tests"
    " were checked."
)


class _Outcome(NamedTuple):
    ran: Ran
    mode: str
    note: str
    saved: Path | None


def run(step: Step, github: GitHub) -> int:
    """The exit code: that of the plan, whatever came of the comment."""
    outcome = _live(step) if has_key(step) else _without_key(step, github)
    failed = outcome.ran.code != OK
    if failed and not outcome.ran.out.strip():
        step.summary(outcome.ran.page)
    step.output("mode", outcome.mode)
    step.output("conclusion", "failed" if failed else "planned")
    if outcome.saved is not None and outcome.saved.exists():
        changes = bool(load_plan(outcome.saved)["plan"].get("calls"))
        step.output("changes", "true" if changes else "false")
        if not step.is_of_fork:
            step.keep("plan", outcome.saved, "plan")
    if outcome.note:
        step.summary(outcome.note)
    if step.pull_request is not None:
        _comment(step, github, step.pull_request, outcome)
    return 1 if failed else 0


def _live(step: Step) -> _Outcome:
    saved = _place(step)
    ran = reconcile("plan", *configuration(step), "--format=github", f"--out={saved}")
    return _Outcome(ran, "live", "", saved)


def _place(step: Step) -> Path:
    """Where the plan is saved; the artefact has it under this name."""
    file = step.temp / "plan.json"
    file.unlink(missing_ok=True)
    return file


def _without_key(step: Step, github: GitHub) -> _Outcome:
    snapshot = _snapshot(step, github)
    # A run without a key looks at no server, whatever half of the settings it was given.
    if snapshot is None:
        # Of this command the annotations are the data, so that the text for people takes a second look at the file.
        sys.stderr.write(reconcile("validate", *configuration(step), "--format=github").out)
        ran = reconcile("validate", *configuration(step), "--format=markdown", quiet=True)
        step.summary(ran.out)
        return _Outcome(ran, "none", _NO_SNAPSHOT, None)
    taken_at, file = snapshot
    saved = _place(step)
    ran = reconcile(
        "plan", *configuration(step), f"--live={file}", "--format=github", f"--out={saved}"
    )
    return _Outcome(ran, "snapshot", _SNAPSHOT.format(taken_at=taken_at), saved)


def _snapshot(step: Step, github: GitHub) -> tuple[str, Path] | None:
    """When it was taken, and the file; None where there is none that can be used."""
    try:
        data = last_snapshot(step, github)
    except GitHubError as error:
        step.annotate("warning", "snapshot", f"the last snapshot could not be fetched: {error}")
        return None
    if data is None:
        return None
    file = step.temp / "last-snapshot.json"
    file.write_bytes(data)
    if reconcile("show", str(file), "--format=json", quiet=True).code != OK:
        step.annotate("warning", "snapshot", "the last snapshot cannot be read by this version")
        return None
    taken_at = str(json.loads(data).get("taken_at", ""))
    return (taken_at if re.fullmatch(r"[0-9T:+.Z-]+", taken_at) else "some time ago"), file


def _comment(step: Step, github: GitHub, pull_request: int, outcome: _Outcome) -> None:
    made = f"<sub>For {step.commit[:12]}, by [this run]({step.run_url}).</sub>"
    try:
        put_comment(
            step,
            github,
            pull_request,
            compose(first_line(step), outcome.ran.page, outcome.note, made),
        )
    except GitHubError as error:
        level = "notice" if error.is_forbidden else "warning"
        step.annotate(level, "comment", f"no comment was written, the summary has it all: {error}")
