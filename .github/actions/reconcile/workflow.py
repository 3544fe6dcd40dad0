"""What the runner of a workflow gives to a step, and what it takes from it.

Inputs, the event and the places of files come from the environment; outputs, the summary and annotations go where
the runner looks for them. No GitHub API and no `reconcile` in here.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9._-]{0,40}")
_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|")
_WORKFLOW_FILE = re.compile(r"[A-Za-z0-9._-]+\.ya?ml")


class BadInput(Exception):
    """An input of the action, or a variable of the runner, cannot be used."""


@dataclass(frozen=True, slots=True)
class Step:
    """The surroundings of one step. `event` is the payload that GitHub sent, `temp` a folder that only this job has."""

    environ: Mapping[str, str]
    event: Mapping[str, Any]
    temp: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Step:
        """The step that this process is. Raises `BadInput` where it is none."""
        for name in (
            "GITHUB_REPOSITORY",
            "GITHUB_REPOSITORY_ID",
            "GITHUB_EVENT_PATH",
            "RUNNER_TEMP",
        ):
            if not environ.get(name):
                raise BadInput(f"{name} is not set: this runs as a step of a workflow")
        temp = Path(environ["RUNNER_TEMP"]) / "reconcile"
        temp.mkdir(mode=0o700, parents=True, exist_ok=True)
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        step = cls(environ, event, temp)
        if not _NAME.fullmatch(step.input("name")):
            raise BadInput("`name` has letters, digits, dots, hyphens and underscores, at most 40")
        if not _PREFIX.fullmatch(step.input("env_prefix")):
            raise BadInput("`env-prefix` is the beginning of a variable's name, such as STAGING_")
        return step

    def input(self, name: str) -> str:
        """An input of the action, without the space around it; empty where there is none."""
        return self.environ.get(f"INPUT_{name.upper()}", "").strip()

    def is_true(self, name: str) -> bool:
        """Whether an input says `true`. Raises `BadInput` where it says neither that nor `false`."""
        value = self.input(name) or "false"
        if value not in ("true", "false"):
            raise BadInput(f"`{name.replace('_', '-')}` is true or false")
        return value == "true"

    def workflow_file(self, name: str) -> str:
        """The file name of a workflow. Raises `BadInput` where it is a path or something else."""
        value = self.input(name)
        if not _WORKFLOW_FILE.fullmatch(value):
            raise BadInput(f"`{name.replace('_', '-')}` is a file name such as plan.yml")
        return value

    def called(self, what: str) -> str:
        """The name of an artefact, a marker or the like; it has the project's in it, if that has one."""
        return f"{what}-{self.input('name')}" if self.input("name") else what

    @property
    def repository(self) -> str:
        """Owner and name."""
        return self.environ["GITHUB_REPOSITORY"]

    @property
    def repository_id(self) -> int:
        """By which a fork is told from the repository: names can change hands."""
        return int(self.environ["GITHUB_REPOSITORY_ID"])

    @property
    def default_branch(self) -> str:
        """What is applied, and what is watched."""
        return str(self.event["repository"]["default_branch"])

    @property
    def pull_request(self) -> int | None:
        """The number of the pull request that this run is about."""
        pull = self.event.get("pull_request")
        return int(pull["number"]) if isinstance(pull, dict) else None

    @property
    def is_of_fork(self) -> bool:
        """Whether the pull request comes from another repository: nothing that it makes is believed later."""
        pull = self.event.get("pull_request")
        if not isinstance(pull, dict):
            return False
        source = pull["head"].get("repo")
        return not isinstance(source, dict) or source.get("id") != self.repository_id

    @property
    def commit(self) -> str:
        """The commit that people know: the head of a pull request, not its trial merge."""
        pull = self.event.get("pull_request")
        return str(pull["head"]["sha"]) if isinstance(pull, dict) else self.sha

    @property
    def sha(self) -> str:
        """The commit that is checked out."""
        return self.environ.get("GITHUB_SHA", "")

    @property
    def run_url(self) -> str:
        """Where this run is to be seen."""
        server = self.environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{self.repository}/actions/runs/{self.environ.get('GITHUB_RUN_ID', '')}"

    def output(self, name: str, value: str) -> None:
        """An output of the step; one line."""
        if "\n" in value or "\r" in value:
            raise BadInput(f"the output {name} has more than one line")
        self._append("GITHUB_OUTPUT", f"{name}={value}\n")

    def summary(self, text: str) -> None:
        """Markdown for the page of the run."""
        self._append("GITHUB_STEP_SUMMARY", f"{text}\n")

    def keep(self, what: str, file: Path, artefact: str) -> None:
        """Tells the action to upload a file: `what` is plan, backup or snapshot."""
        self.output(f"{what}-file", str(file))
        self.output(f"{what}-artefact", self.called(artefact))

    @staticmethod
    def annotate(level: str, title: str, text: str) -> None:
        """An annotation of the run: error, warning or notice. Whatever is in it, it stays one line."""
        sys.stderr.write(f"::{level} title={_escaped(title, ':,')}::{_escaped(text)}\n")
        sys.stderr.flush()

    def _append(self, variable: str, text: str) -> None:
        path = self.environ.get(variable)
        if path:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(text)


def _escaped(text: str, special: str = "") -> str:
    text = "".join(
        f"%{ord(char):02X}" if char in f"%\r\n{special}" else char if char.isprintable() else " "
        for char in text
    )
    return text[:4000]


def child_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for programs that have no business with GitHub: without inputs, the token among them."""
    secret = ("GITHUB_TOKEN", "GH_TOKEN")
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(("INPUT_", "ACTIONS_")) and name not in secret
    }
