"""Runs the command of one step: `plan`, `review`, `apply` or `drift`.

Only the standard library is used, so that the files can be copied into any repository and run by any Python from 3.11
on. What is wrong ends in one annotation, never in a traceback that could show a variable.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import apply
import drift
import plan
import review
from github_api import GitHub, GitHubError
from workflow import BadInput, Step

COMMANDS: dict[str, Callable[[Step, GitHub], int]] = {
    "plan": plan.run,
    "review": review.run,
    "apply": apply.run,
    "drift": drift.run,
}


def main() -> int:
    """The exit code of the step: 0, or 1 where the job has to be red."""
    try:
        step = Step.of(os.environ)
        command = COMMANDS.get(step.input("command"))
        if command is None:
            raise BadInput(f"`command` is one of {', '.join(COMMANDS)}")
        return command(step, GitHub.of(step))
    except (BadInput, GitHubError, OSError) as error:
        Step.annotate("error", "reconcile", str(error))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        what = f"{type(error).__name__}: {error}"
        Step.annotate("error", "reconcile", f"the event or an answer has an odd form: {what}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
