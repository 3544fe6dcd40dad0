"""Runs workflows as GitHub's runner would: the very scripts in them, against a GitHub and a LiveKit on loopback.

    runner = WorkflowRunner(github, repository, secrets={…}, variables={…})
    ran = runner.run("plan.yml", "pull_request", runner.pull_request_event(7))
    ran.conclusion, ran.jobs["plan"].summary, ran.jobs["plan"].log

Steps with `run:` are run by bash, local composite actions step by step. Actions of others are stood in for by a few
lines each; one that is not known is an error. Every job gets a token with just the permissions that it declares, and a
run for a fork's pull request gets neither secrets nor variables nor a right to write, as on GitHub. Nothing is masked
in the log.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.expressions import Expressions
from tests.support.github import REPOSITORY, REPOSITORY_ID, FakeGitHub

SUMMARY_LIMIT = 1024 * 1024


@dataclass(slots=True)
class JobRun:
    """What a job left behind. `conclusion` is success, failure or skipped."""

    conclusion: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""
    steps: dict[str, Any] = field(default_factory=dict)
    environment: str = ""


@dataclass(slots=True)
class WorkflowRun:
    """What a run left behind."""

    id: int
    conclusion: str
    jobs: dict[str, JobRun]

    @property
    def log(self) -> str:
        """The logs of all jobs."""
        return "".join(job.log for job in self.jobs.values())

    @property
    def summary(self) -> str:
        """The summaries of all jobs."""
        return "".join(job.summary for job in self.jobs.values())


@dataclass(slots=True)
class WorkflowRunner:
    """Runs the workflows of a folder that stands for the repository; `approve` is asked about each environment."""

    github: FakeGitHub
    repository: Path
    work: Path
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    approve: Callable[[str], bool] = lambda _: True
    cache: dict[str, bytes] = field(default_factory=dict)
    ran: list[WorkflowRun] = field(default_factory=list)
    _jobs: int = 0

    # --- events

    def repository_payload(self) -> dict[str, Any]:
        """What every event says about the repository."""
        return {
            "id": REPOSITORY_ID,
            "full_name": REPOSITORY,
            "default_branch": self.github.default_branch,
        }

    def pull_request_event(self, number: int) -> dict[str, Any]:
        """The event of an open pull request of the fake GitHub."""
        pull = self.github.pulls[number]
        return {
            "action": "synchronize",
            "number": number,
            "pull_request": pull,
            "repository": self.repository_payload(),
        }

    def push_event(self, sha: str) -> dict[str, Any]:
        """A push to the default branch."""
        ref = f"refs/heads/{self.github.default_branch}"
        return {"ref": ref, "after": sha, "repository": self.repository_payload()}

    # --- runs

    def run(
        self,
        workflow: str,
        event_name: str,
        event: Mapping[str, Any],
        *,
        sha: str = "",
        branch: str = "",
        inputs: Mapping[str, Any] | None = None,
    ) -> WorkflowRun:
        """Runs all jobs of a workflow file, each after those that it needs."""
        content = yaml.safe_load((self.repository / ".github/workflows" / workflow).read_text())
        triggers = content[True]  # YAML reads `on` as a flag
        assert event_name in triggers, f"{workflow} does not run on {event_name}"
        pull = event.get("pull_request") or {}
        source = (pull.get("head") or {}).get("repo", {"id": REPOSITORY_ID})
        run = self.github.run(
            workflow,
            event_name,
            head_sha=pull["head"]["sha"] if pull else sha,
            head_branch=pull["head"]["ref"] if pull else branch or self.github.default_branch,
            head_repository=source,
        )
        started = _Run(self, workflow, content, event_name, event, run, sha, inputs or {})
        jobs: dict[str, JobRun] = {}
        for name in content["jobs"]:
            jobs[name] = started.job(name, jobs)
        failed = any(job.conclusion == "failure" for job in jobs.values())
        run |= {"status": "completed", "conclusion": "failure" if failed else "success"}
        self.ran.append(WorkflowRun(run["id"], run["conclusion"], jobs))
        return self.ran[-1]

    def new_folder(self, what: str) -> Path:
        """A folder that nobody has used."""
        self._jobs += 1
        folder = self.work / f"{what}-{self._jobs}"
        folder.mkdir(parents=True)
        return folder


@dataclass(slots=True)
class _Run:
    """One run: what its jobs share."""

    runner: WorkflowRunner
    workflow: str
    content: Mapping[str, Any]
    event_name: str
    event: Mapping[str, Any]
    run: dict[str, Any]
    sha: str
    inputs: Mapping[str, Any]

    @property
    def is_of_fork(self) -> bool:
        return bool(self.run["head_repository"].get("id") != REPOSITORY_ID)

    def job(self, name: str, others: Mapping[str, JobRun]) -> JobRun:
        definition = self.content["jobs"][name]
        needs = definition.get("needs", [])
        needed = {one: others[one] for one in ([needs] if isinstance(needs, str) else needs)}
        permissions = definition.get("permissions", self.content.get("permissions"))
        assert isinstance(permissions, dict), f"{name} declares no permissions"
        if self.is_of_fork:
            permissions = dict.fromkeys(permissions, "read")
        token = self.runner.github.token(permissions)
        contexts = self._contexts(token, needed)
        expressions = Expressions(
            contexts, failed=any(job.conclusion != "success" for job in needed.values())
        )
        ran = JobRun(environment=str(definition.get("environment", "")))
        if not expressions.condition(definition.get("if")):
            ran.conclusion = "skipped"
            return ran
        if ran.environment and not self.runner.approve(ran.environment):
            ran.conclusion = "failure"
            ran.log = "not approved\n"
            return ran
        _Job(self, ran, contexts, definition).carry_out()
        return ran

    def _contexts(self, token: str, needed: Mapping[str, JobRun]) -> dict[str, Any]:
        secrets = {} if self.is_of_fork else dict(self.runner.secrets)
        branch = self.run["head_branch"]
        number = (self.event.get("pull_request") or {}).get("number")
        return {
            "github": {
                "token": token,
                "event": self.event,
                "event_name": self.event_name,
                "repository": REPOSITORY,
                "sha": self.sha or f"merge-of-{self.run['head_sha']}",
                "ref_name": f"{number}/merge" if number else branch,
                "run_id": self.run["id"],
                "run_attempt": 1,
            },
            "secrets": secrets | {"GITHUB_TOKEN": token},
            "vars": {} if self.is_of_fork else dict(self.runner.variables),
            "inputs": dict(self.inputs),
            "needs": {
                name: {"outputs": job.outputs, "result": job.conclusion}
                for name, job in needed.items()
            },
            "runner": {"os": "Linux", "arch": "X64"},
        }


@dataclass(slots=True)
class _Job:
    """One job: its folders, and its steps one after another."""

    of: _Run
    ran: JobRun
    contexts: dict[str, Any]
    definition: Mapping[str, Any]
    workspace: Path = field(init=False)
    temp: Path = field(init=False)

    def carry_out(self) -> None:
        self.workspace = self.of.runner.new_folder("workspace")
        self.temp = self.of.runner.new_folder("temp")
        self.contexts["runner"] = {**self.contexts["runner"], "temp": str(self.temp)}
        environ = self._environment()
        failed = self.steps(self.definition["steps"], self.contexts, environ, self.ran.steps)
        self.ran.conclusion = "failure" if failed else "success"
        expressions = Expressions({**self.contexts, "steps": self.ran.steps})
        self.ran.outputs = {
            name: expressions.fill(text)
            for name, text in self.definition.get("outputs", {}).items()
        }

    def _environment(self) -> dict[str, str]:
        github = self.contexts["github"]
        event = self.temp / "event.json"
        event.write_text(json.dumps(github["event"]))
        own = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.of.runner.github.url,
            "GITHUB_API_RETRY_WAIT": "0.01",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REPOSITORY_ID": str(REPOSITORY_ID),
            "GITHUB_EVENT_NAME": github["event_name"],
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_SHA": github["sha"],
            "GITHUB_REF_NAME": github["ref_name"],
            "GITHUB_RUN_ID": str(github["run_id"]),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            "HOME": str(self.temp),
            "LANG": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        return own | dict(self.of.runner.environ)

    def steps(
        self,
        steps: list[Mapping[str, Any]],
        contexts: Mapping[str, Any],
        environ: Mapping[str, str],
        results: dict[str, Any],
    ) -> bool:
        """Runs steps; whether one has failed. `results` is their `steps` context."""
        failed = False
        for step in steps:
            expressions = Expressions({**contexts, "steps": results, "env": environ}, failed)
            if not expressions.condition(step.get("if")):
                continue
            inside = dict(environ) | {
                name: expressions.fill(text) for name, text in step.get("env", {}).items()
            }
            outputs: dict[str, str] = {}
            if "run" in step:
                assert "${{" not in step["run"], (
                    "an expression in a script is how injections happen"
                )
                ok = self._script(step["run"], inside, outputs)
            else:
                with_ = {
                    name: expressions.fill(text) for name, text in step.get("with", {}).items()
                }
                ok = self._use(step["uses"], with_, contexts, inside, outputs)
            if "id" in step:
                results[step["id"]] = {
                    "outputs": outputs,
                    "outcome": "success" if ok else "failure",
                }
            failed = failed or not ok
        return failed

    def _script(self, script: str, environ: Mapping[str, str], outputs: dict[str, str]) -> bool:
        folder = self.of.runner.new_folder("step")
        output, summary = folder / "output", folder / "summary"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.workspace,
            env={**environ, "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.ran.log += done.stdout
        if summary.exists():
            text = summary.read_text()
            assert len(text.encode()) <= SUMMARY_LIMIT
            self.ran.summary += text
        if output.exists():
            for line in output.read_text().splitlines():
                name, equals, value = line.partition("=")
                assert equals, f"not an output: {line}"
                outputs[name] = value
        return done.returncode == 0

    def _use(
        self,
        uses: str,
        with_: Mapping[str, str],
        contexts: Mapping[str, Any],
        environ: Mapping[str, str],
        outputs: dict[str, str],
    ) -> bool:
        if uses.startswith("./"):
            return self._composite(self.workspace / uses, with_, contexts, environ, outputs)
        stand_in = _ACTIONS.get(uses.partition("@")[0])
        assert stand_in is not None, f"nothing stands in for {uses}"
        try:
            stand_in(self, with_)
        except _StepFailed as error:
            self.ran.log += f"##[error]{error}\n"
            return False
        return True

    def _composite(
        self,
        folder: Path,
        with_: Mapping[str, str],
        contexts: Mapping[str, Any],
        environ: Mapping[str, str],
        outputs: dict[str, str],
    ) -> bool:
        action = yaml.safe_load((folder / "action.yml").read_text())
        declared = action["inputs"]
        assert set(with_) <= set(declared), f"unknown inputs: {set(with_) - set(declared)}"
        outer = Expressions(contexts)
        inputs = {
            name: with_.get(name, outer.fill(one.get("default", "")))
            for name, one in declared.items()
        }
        missing = [
            name for name, one in declared.items() if one.get("required") and name not in with_
        ]
        assert not missing, f"missing inputs: {missing}"
        inside = {
            "github": {**contexts["github"], "action_path": str(folder)},
            "inputs": inputs,
            "runner": contexts["runner"],
        }
        results: dict[str, Any] = {}
        path = {"GITHUB_ACTION_PATH": str(folder)}
        failed = self.steps(action["runs"]["steps"], inside, {**environ, **path}, results)
        expressions = Expressions({**inside, "steps": results})
        outputs |= {name: expressions.fill(one["value"]) for name, one in action["outputs"].items()}
        return not failed


# ---------------------------------------------------------------------------------------------------------------------
# What stands in for the actions of others
# ---------------------------------------------------------------------------------------------------------------------


class _StepFailed(Exception):
    pass


def _checkout(job: _Job, with_: Mapping[str, str]) -> None:
    assert with_["persist-credentials"] == "false"
    shutil.copytree(job.of.runner.repository, job.workspace, dirs_exist_ok=True, symlinks=True)


def _setup_python(job: _Job, with_: Mapping[str, str]) -> None:
    assert with_["python-version"]


def _upload(job: _Job, with_: Mapping[str, str]) -> None:
    path = Path(with_["path"])
    assert int(with_["retention-days"]) <= 90
    if not path.is_file():
        raise _StepFailed(f"no files were found with the provided path: {path}")
    github = job.of.runner.github
    if with_.get("overwrite") != "true" and github.files_of(job.of.run["id"], with_["name"]):
        raise _StepFailed(f"an artifact with the name {with_['name']} exists already")
    github.upload(job.of.run, with_["name"], {path.name: path.read_bytes()})


def _download(job: _Job, with_: Mapping[str, str]) -> None:
    files = job.of.runner.github.files_of(job.of.run["id"], with_["name"])
    if files is None:
        raise _StepFailed(f"artifact not found for name: {with_['name']}")
    for name, content in files.items():
        target = Path(with_["path"]) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _restore(job: _Job, with_: Mapping[str, str]) -> None:
    cache = job.of.runner.cache
    for key in reversed(cache):
        if key == with_["key"] or key.startswith(with_["restore-keys"]):
            target = job.workspace / with_["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(cache[key])
            return


def _save(job: _Job, with_: Mapping[str, str]) -> None:
    """What is saved under a key stays so: a second time is no error, and saves nothing."""
    job.of.runner.cache.setdefault(with_["key"], (job.workspace / with_["path"]).read_bytes())


_ACTIONS: dict[str, Callable[[_Job, Mapping[str, str]], None]] = {
    "actions/checkout": _checkout,
    "actions/setup-python": _setup_python,
    "actions/cache/restore": _restore,
    "actions/cache/save": _save,
    "actions/upload-artifact": _upload,
    "actions/download-artifact": _download,
}
