"""Runs `reconcile` and says what came of it. Its notes and annotations go on to the log, its data is returned."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from page import fenced
from workflow import BadInput, Step, child_environment

OK, ERROR, CHANGES, REFUSED = 0, 1, 2, 3
_ANNOTATION = re.compile(r"::(error|warning|notice)( [^:\n]*)?::")
_APART = "\N{ZERO WIDTH SPACE}"


class Ran(NamedTuple):
    """Exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def page(self) -> str:
        """The data where there is any, else what went wrong, as Markdown."""
        if self.out.strip():
            return self.out.strip()
        told = "\n".join(line for line in self.err.splitlines() if not line.startswith("::"))
        return f"**Nothing could be read or compared.**\n\n{fenced(told)}"


def reconcile(*arguments: str, without: tuple[str, ...] = (), quiet: bool = False) -> Ran:
    """Runs `reconcile`; `without` are variables that it must not see, `quiet` keeps its notes out of the log."""
    environ = child_environment()
    for name in without:
        environ.pop(name, None)
    try:
        done = subprocess.run(
            ["reconcile", *arguments],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise BadInput(
            "reconcile is not on PATH: the step before should have put it there"
        ) from error
    if not quiet:
        sys.stderr.write(for_the_log(done.stderr))
        sys.stderr.flush()
    return Ran(done.returncode, done.stdout, done.stderr)


def for_the_log(text: str) -> str:
    """Lines for the log of a job, in which nothing but an annotation is a command to the runner.

    A line that starts with two colons is one, and so is what follows `##[` anywhere. Names in the lines may come from a
    pull request: something that cannot be seen keeps them from being read so.
    """
    lines = text.replace("##[", f"##{_APART}[").splitlines(keepends=True)
    return "".join(line if _is_harmless(line) else f"{_APART}{line.lstrip()}" for line in lines)


def _is_harmless(line: str) -> bool:
    return not line.lstrip().startswith("::") or _ANNOTATION.match(line) is not None


def configuration(step: Step) -> tuple[str, ...]:
    """The options that name the configuration."""
    paths = [line.strip() for line in step.input("config").splitlines() if line.strip()]
    return tuple(f"--config={path}" for path in paths)


def has_key(step: Step) -> bool:
    """Whether this run was given the key of a live project. Forks and Dependabot are not."""
    prefix = step.input("env_prefix")
    names = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
    return all(step.environ.get(f"{prefix}{name}", "").strip() for name in names)


def keep_snapshot(step: Step) -> None:
    """Takes a snapshot, for plans without a key. Where that fails nothing else does: it is a courtesy."""
    if not step.is_true("upload_snapshot"):
        return
    file = step.temp / "snapshot.json"
    if reconcile("snapshot", str(file), *configuration(step)).code == OK:
        step.keep("snapshot", file, "snapshot")
    else:
        step.annotate("warning", "snapshot", "no snapshot was taken: the log says why")


def load_plan(file: Path) -> Mapping[str, Any]:
    """The content of a saved plan. Raises `BadInput` where it is none."""
    try:
        content = json.loads(file.read_bytes(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file.name} is not a saved plan: {error}") from error
    if not isinstance(content, dict) or content.get("format") != "livekit-reconciler/plan":
        raise BadInput(f"{file.name} is not a saved plan")
    if not isinstance(content.get("plan"), dict):
        raise BadInput(f"{file.name} is a damaged plan")
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once: of a key that stands twice two readers may see different values."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
