"""`review`: whether what the default branch wants now is what was reviewed in its pull request.

It plans the default branch anew, and compares that with the plan that was saved for the pull request: the same
changes, the same calls in the same order, from the same values. Then the reviewed file itself is approved, to be
applied in the next job; a saved plan refuses by itself where one of its objects has changed once more until then. One
that was made without a key, for a fork, has no seal: the plan of this run, which is the same, is approved instead.
Where the two differ, or nobody has reviewed anything, it refuses, unless `allow-unreviewed` says that the summary of
this run is the review.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artefacts import Unreviewed, reviewed_plan
from command import OK, configuration, keep_snapshot, load_plan, reconcile
from github_api import GitHub, GitHubError
from page import fenced
from workflow import BadInput, Step

_MOST_NAMED = 20
_LONGEST_LINE = 300
# Everything that decides what is sent to the server and where it comes from. The rest is comment.
_DECIDES = ("project", "host", "changes", "calls", "gaps")
_SOURCES = ("env_prefix", "era", "files")


def run(step: Step, github: GitHub) -> int:
    """0 where there is an approved plan, or nothing to do."""
    now = step.temp / "plan-now.json"
    now.unlink(missing_ok=True)
    ran = reconcile("plan", *configuration(step), "--format=github", f"--out={now}")
    if ran.code != OK:
        step.output("conclusion", "failed")
        step.annotate("error", "review", "nothing was written: there is no plan without errors")
        if not ran.out.strip():
            step.summary(ran.page)
        return 1
    step.output("mode", "live")
    wanted = load_plan(now)
    if not wanted["plan"].get("calls"):
        return _nothing(step)
    # upload-artifact keeps the name, so that the file lies alone in a folder under the name that the next job knows.
    approved = step.temp / "approved" / "plan.json"
    approved.parent.mkdir(mode=0o700, exist_ok=True)
    approved.unlink(missing_ok=True)
    try:
        told = _take_reviewed(step, github, wanted, approved)
        if not load_plan(approved).get("keyed"):
            # Made where there was no key, so nobody could seal it. Ours is the same, with a seal.
            now.replace(approved)
    except (Unreviewed, GitHubError) as error:
        if not step.is_true("allow_unreviewed"):
            return _refuse(step, str(error))
        now.replace(approved)
        told = (
            "Not reviewed in a pull request, and allowed: the plan above is what will be applied."
        )
        step.annotate("warning", "not reviewed", f"{told} {error}")
        told += f"\n\n{fenced(str(error))}"
    step.summary(f"> {told}")
    step.output("changes", "true")
    step.output("conclusion", "approved")
    step.keep("plan", approved, "approved-plan")
    return 0


def _nothing(step: Step) -> int:
    step.summary("> Nothing to apply: the live project is what the file says.")
    step.output("changes", "false")
    step.output("conclusion", "nothing")
    keep_snapshot(step)
    return 0


def _refuse(step: Step, reason: str) -> int:
    step.output("changes", "true")
    step.output("conclusion", "refused")
    step.summary(
        "> **Refused, nothing was written**: the plan above was not reviewed. To apply it as it is, run this workflow"
        f" by hand with `allow-unreviewed`.\n\n{fenced(reason)}"
    )
    step.annotate("error", "refused", f"nothing was written: {reason}")
    return 1


def _take_reviewed(step: Step, github: GitHub, wanted: Mapping[str, Any], approved: Path) -> str:
    """Puts the reviewed plan in place and says where it is from. Raises `Unreviewed`."""
    reviewed = reviewed_plan(step, github)
    approved.write_bytes(reviewed.data)
    try:
        was = load_plan(approved)
    except BadInput as error:
        raise Unreviewed(f"the plan of pull request #{reviewed.pull_request}: {error}") from error
    if _decisive(was) != _decisive(wanted):
        raise Unreviewed(
            f"the plan of pull request #{reviewed.pull_request} is not what the default branch would do now: the"
            f" branch or the live project has changed since\n{_difference(was['plan'], wanted['plan'])}"
        )
    return f"Reviewed in #{reviewed.pull_request}: the plan of [that run]({reviewed.run_url}) is applied."


def _decisive(saved: Mapping[str, Any]) -> str:
    """As text, in which `true` is not 1."""
    plan = {key: saved["plan"].get(key) for key in _DECIDES}
    return json.dumps([plan, {key: saved.get(key) for key in _SOURCES}], sort_keys=True)


def _difference(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Which changes only one of two plans has, for people."""
    old, new = _changes(was), _changes(now)
    lines = [f"reviewed only: {line}" for line in old if line not in new]
    lines += [f"now only: {line}" for line in new if line not in old]
    if len(lines) > _MOST_NAMED:
        lines = [*lines[:_MOST_NAMED], f"and {len(lines) - _MOST_NAMED} more"]
    return "\n".join(lines) or "the same changes, in another order or by other calls"


def _changes(plan: Mapping[str, Any]) -> list[str]:
    """One line a field. Names and values are JSON in ASCII, so that none can look like something else."""
    lines = []
    for change in _entries(plan, "changes"):
        of = f"{change.get('action')} {change.get('kind')} {json.dumps(change.get('name'))}"
        for field in _entries(change, "fields") or [{}]:
            value = "(sensitive)" if field.get("sensitive") else _value(field.get("after"))
            lines.append(_short(f"{of}: {field.get('path')} = {value}" if field else of))
    return lines


def _entries(holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    entries = holder.get(key)
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _value(value: Any) -> str:
    return json.dumps(value.get("written", value) if isinstance(value, dict) else value)


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 3]}..."
