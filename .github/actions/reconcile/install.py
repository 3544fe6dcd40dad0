"""Puts `reconcile` in place: from where the step says, else this action's own checkout, else the package index.

What is there already in the right version, as in a container or on a runner of one's own, is taken as it is. Whether
it is there, and with what, is asked of the `reconcile` on PATH, which is the one that runs afterwards: it may belong to
another Python than this one.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from workflow import child_environment

PACKAGE = "livekit-reconciler"
VERSION = "0.1.0"
"""What goes with these scripts."""
WRONG_USAGE = 64
"""Exit code of `reconcile` for options that are none."""


def requirement(version: str, install: str, action: Path, extras: str = "") -> list[str]:
    """The arguments for pip; none where the right `reconcile` is on PATH."""
    if install:
        return shlex.split(install)
    if _installed() == (version or VERSION) and (not extras or _can_notify()):
        return []
    source = action.parents[2] if len(action.parents) > 2 else action
    if not version and _is_source(source):
        return [f"{source}{extras}"]
    return [f"{PACKAGE}{extras}=={version or VERSION}"]


def _installed() -> str | None:
    """The version of the `reconcile` on PATH."""
    if shutil.which("reconcile") is None:
        return None
    done = _ask("--version")
    return done.stdout.split()[-1] if done.returncode == 0 and done.stdout.strip() else None


def _can_notify() -> bool:
    """Whether it has the library for messages: without that, a target is an error before the other option is one."""
    done = _ask("drift", "--notify", "json://127.0.0.1", "--after", "0")
    return done.returncode == WRONG_USAGE


def _ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = child_environment()
    environ.pop("RECONCILE_NOTIFY", None)  # nobody is to be told of a question
    return subprocess.run(
        ["reconcile", *arguments], capture_output=True, text=True, check=False, env=environ
    )


def _is_source(folder: Path) -> bool:
    """Whether a folder is a checkout of this project, as where the action is used by its repository's name."""
    try:
        content = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    project = content.get("project")
    return isinstance(project, dict) and project.get("name") == PACKAGE


def main() -> int:
    """The exit code of pip."""
    environ = os.environ
    action = Path(__file__).resolve().parent
    tells_people = environ.get("INPUT_COMMAND") == "drift" and environ.get("RECONCILE_NOTIFY")
    wanted = requirement(
        environ.get("INPUT_VERSION", "").strip(),
        environ.get("INPUT_INSTALL", "").strip(),
        action,
        "[notify]" if tells_people else "",
    )
    if not wanted:
        sys.stdout.write("reconcile is there already\n")
        return 0
    options = ["--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, *wanted]
    return subprocess.run(command, env=child_environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
