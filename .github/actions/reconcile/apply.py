"""`apply`: carries out the plan that `review` approved in the same run, or is refused by it."""

from __future__ import annotations

from pathlib import Path

from command import OK, REFUSED, configuration, keep_snapshot, load_plan, reconcile
from github_api import GitHub
from workflow import BadInput, Step

# A saved plan is applied as it is; these would ask for another one.
_MAKE_ANOTHER_PLAN = ("RECONCILE_ONLY", "RECONCILE_WRITE_SECRETS")
_CONCLUSIONS = {OK: "applied", REFUSED: "refused"}


def run(step: Step, github: GitHub) -> int:
    """0 where everything was done."""
    file = Path(step.input("approved_plan"))
    if not file.is_file():
        raise BadInput("there is no approved plan: `apply` comes after `review` in the same run")
    load_plan(file)
    backups = step.temp / step.called("backups")
    limits = [f"--max-deletes={step.input('max_deletes')}"] if step.input("max_deletes") else []
    ran = reconcile(
        "apply",
        str(file),
        *configuration(step),
        "--format=github",
        f"--backup-dir={backups}",
        *limits,
        without=_MAKE_ANOTHER_PLAN,
    )
    conclusion = _CONCLUSIONS.get(ran.code, "failed")
    step.output("conclusion", conclusion)
    step.output("changes", "true")
    step.summary(ran.page)
    # Also where the apply broke off: that is when somebody wants to go back.
    for backup in sorted(backups.glob("*.json")):
        step.keep("backup", backup, "backup")
    if conclusion == "refused":
        step.annotate("error", "refused", "nothing was written: the plan does not fit any more")
    elif conclusion == "failed":
        step.annotate("error", "apply", "not everything was done: the summary says what was")
    if conclusion != "refused":
        keep_snapshot(step)
    return 0 if ran.code == OK else 1
