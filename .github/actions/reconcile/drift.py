"""`drift`: whether the live project still is what the default branch says, told by one issue.

Drift opens the issue or brings it up to date, its end closes it, and an error does neither: that a server cannot be
reached says nothing about what it holds.
"""

from __future__ import annotations

import json
from pathlib import Path

from artefacts import is_running
from command import CHANGES, OK, configuration, keep_snapshot, reconcile
from github_api import GitHub
from issue import close_issues, first_line, put_issue
from page import compose
from workflow import Step

_CHANGES = ("create", "update", "rename", "delete")
# The first look has told whoever else is to be told, and counted itself.
_STATE = Path(".reconcile/drift.json")  # as action.yml has it
_TELLS_PEOPLE = ("RECONCILE_NOTIFY", "RECONCILE_STATE", "RECONCILE_METRICS_FILE")


def run(step: Step, github: GitHub) -> int:
    """0 where the question could be answered, whatever the answer."""
    if is_running(github, step.workflow_file("apply_workflow")):
        told = "an apply is at work: what differs now is not drift"
        step.annotate("notice", "drift", told)
        step.summary(f"> Not looked at: {told}.")
        step.output("conclusion", "skipped")
        return 0
    ran = reconcile("drift", *configuration(step), "--format=github", without=("RECONCILE_STATE",))
    if _STATE.exists():
        step.output("state-file", str(_STATE))
    step.output("changes", "true" if ran.code == CHANGES else "false")
    step.output("mode", "live")
    if ran.code not in (OK, CHANGES):
        step.output("conclusion", "failed")
        step.annotate("error", "drift", "the live project could not be compared: the log says why")
        if not ran.out.strip():
            step.summary(ran.page)
        return 1
    keep_snapshot(step)
    if ran.code == CHANGES:
        title = _title(step)
        made = (
            f"<sub>As seen by [this run]({step.run_url}), which writes this anew each time.</sub>"
        )
        address = put_issue(step, github, title, compose(first_line(step), ran.out, made))
        step.output("conclusion", "drift")
        step.annotate("warning", "drift", f"{title}: {address}")
    else:
        step.output("conclusion", "nothing")
        reason = f"The drift is gone, says [this run]({step.run_url})."
        if close_issues(step, github, reason):
            step.annotate("notice", "drift", "the drift is gone: its issue was closed")
    return 0


def _title(step: Step) -> str:
    """The counts. They are from a second look, because one command prints one format."""
    of = f" of {step.input('name')}" if step.input("name") else ""
    ran = reconcile(
        "drift", *configuration(step), "--format=json", without=_TELLS_PEOPLE, quiet=True
    )
    try:
        summary = json.loads(ran.out)["summary"]
        planes = [summary["sip"], summary["agents"]]
        changed = sum(int(plane[key]) for plane in planes for key in _CHANGES)
        unlisted = sum(int(plane["unlisted"]) for plane in planes)
    except (ValueError, KeyError, TypeError):
        return f"LiveKit drift{of}"
    counts = [_count(changed, "change"), _count(unlisted, "unlisted object")]
    return f"LiveKit drift{of}: {' and '.join(count for count in counts if count)}".rstrip(": ")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""
