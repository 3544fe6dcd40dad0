"""The GitLab jobs: valid, and their very scripts run against a GitLab and a LiveKit on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from reconciler.emulator.server import Emulator
from tests.github.conftest import CONFIGURATION
from tests.project.repository import ROOT
from tests.support.cli import Shell
from tests.support.project import SECRET

FILE = ROOT / "deploy" / "gitlab" / "reconcile.gitlab-ci.yml"
TOKEN = "glpat-never-to-be-shown"
ME, SOMEBODY = 1, 2
WRITES = ("Create", "Update", "Delete")


@dataclass(slots=True)
class FakeGitLab:
    """The notes of one merge request, for the holder of the token."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    fails: int = 0
    url: str = ""

    def note(self, body: str, author: int = ME) -> dict[str, Any]:
        """A note that is there already."""
        note = {"id": len(self.notes) + 1, "body": body, "author": {"id": author}}
        self.notes.append(note)
        return note

    def answer(self, method: str, target: str, token: str | None, body: Any) -> tuple[int, Any]:
        """Status and content."""
        parts = urlsplit(target)
        notes = "/api/v4/projects/5/merge_requests/7/notes"
        if token != TOKEN:
            return 401, {"message": "401 Unauthorized"}
        if self.fails:
            return self.fails, {"message": "made to fail"}
        if (method, parts.path) == ("GET", "/api/v4/user"):
            return 200, {"id": ME}
        if (method, parts.path) == ("GET", notes):
            query = parse_qs(parts.query)
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, self.notes[(page - 1) * size : page * size]
        if (method, parts.path) == ("POST", notes):
            return 201, self.note(body["body"])
        for note in self.notes:
            if (method, parts.path) == ("PUT", f"{notes}/{note['id']}"):
                note |= body
                return 200, note
        return 404, {}


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    """A GitLab that listens."""
    gitlab = FakeGitLab()

    class Handler(BaseHTTPRequestHandler):
        """Passes requests on."""

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("PRIVATE-TOKEN")
            status, content = gitlab.answer(self.command, self.path, token, body)
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815  # the names that http.server looks for

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    gitlab.url = f"http://127.0.0.1:{server.server_port}/api/v4"
    yield gitlab
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(slots=True)
class Jobs:
    """Runs jobs of the file in one folder, as a runner with the container's shell would."""

    folder: Path
    environ: dict[str, str]

    def run(self, name: str) -> tuple[int, str]:
        """Exit code and log of a job."""
        content = yaml.safe_load(FILE.read_text())
        job = {**content[content[name]["extends"]], **content[name]}
        script = "\n".join([*job["before_script"], *job["script"]])
        variables = {key: str(value) for key, value in job["variables"].items()}
        done = subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=self.folder,
            env=variables | self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture
def jobs(tmp_path: Path, gitlab: FakeGitLab, livekit_emulator: Emulator) -> Jobs:
    """A checkout of a repository that has copied the two files, in a pipeline of a merge request."""
    folder = tmp_path / "checkout"
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "dispatch.yaml").write_text(CONFIGURATION)
    shutil.copytree(FILE.parent, folder / "deploy" / "gitlab")
    return Jobs(
        folder,
        {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "CI_API_V4_URL": gitlab.url,
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "7",
            "GITLAB_TOKEN": TOKEN,
            "LIVEKIT_URL": livekit_emulator.url,
            "LIVEKIT_API_KEY": livekit_emulator.api_key,
            "LIVEKIT_API_SECRET": livekit_emulator.api_secret,
            "CARRIER_SIP_PASSWORD": SECRET,
        },
    )


def test_the_jobs_match_gitlabs_schema() -> None:
    """The JSON schema of pipelines."""
    check = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [check, "--builtin-schema", "vendor.gitlab-ci", FILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_an_apply_is_a_button_on_the_default_branch_and_never_runs_twice_at_once() -> None:
    """By hand, in a resource group, with the plan of its own pipeline."""
    job = yaml.safe_load(FILE.read_text())["reconcile:apply"]
    assert job["resource_group"] == "livekit"
    assert job["needs"] == ["reconcile:plan-default"]
    assert [rule["when"] for rule in job["rules"]] == ["manual"]
    assert all("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"] for rule in job["rules"])


def test_a_merge_request_gets_one_note(jobs: Jobs, gitlab: FakeGitLab) -> None:
    """Written anew in place, behind more than a page of other notes; somebody else's is left alone."""
    marker = "<!-- livekit-reconciler:plan:acme-voice -->"
    gitlab.note(f"{marker}\nall is well", SOMEBODY)
    for number in range(120):
        gitlab.note(f"remark {number}")
    assert jobs.run("reconcile:plan")[0] == 0
    assert jobs.run("reconcile:plan")[0] == 0
    own = [note["body"] for note in gitlab.notes[121:]]
    assert len(own) == 1
    assert own[0].startswith(marker)
    assert '+ inbound trunk "carrier"' in own[0]
    assert gitlab.notes[0]["body"] == f"{marker}\nall is well"


def test_a_broken_file_fails_and_takes_over_the_note(jobs: Jobs, gitlab: FakeGitLab) -> None:
    """The note of the good plan says what is wrong now, and is the plan's again afterwards."""
    file = jobs.folder / "config" / "dispatch.yaml"
    jobs.run("reconcile:plan")
    file.write_text(CONFIGURATION.replace("trunks: [carrier]", "trunks: [carier]"))
    code, log = jobs.run("reconcile:plan")
    assert code == 1
    assert "carier" in log
    (note,) = gitlab.notes
    assert "carier" in note["body"]
    file.write_text(CONFIGURATION)
    assert jobs.run("reconcile:plan")[0] == 0
    (note,) = gitlab.notes
    assert "carier" not in note["body"]


@pytest.mark.parametrize("status", [403, 500])
def test_a_note_that_cannot_be_written_fails_nothing(
    jobs: Jobs, gitlab: FakeGitLab, status: int
) -> None:
    """The log has the plan, and says so."""
    gitlab.fails = status
    code, log = jobs.run("reconcile:plan")
    assert code == 0, log
    assert "no note was written" in log
    assert '+ inbound trunk "carrier"' in log
    del jobs.environ["GITLAB_TOKEN"]
    code, log = jobs.run("reconcile:plan")
    assert code == 0
    assert "GITLAB_TOKEN not set" in log


def test_a_fork_has_its_file_checked(jobs: Jobs, gitlab: FakeGitLab) -> None:
    """Without a key nothing is an error but a wrong file."""
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "GITLAB_TOKEN"):
        del jobs.environ[name]
    code, log = jobs.run("reconcile:plan")
    assert code == 0, log
    assert gitlab.notes == []
    (jobs.folder / "config" / "dispatch.yaml").write_text("version: 2\n")
    assert jobs.run("reconcile:plan")[0] == 1


def test_the_button_applies_the_plan_that_was_shown(jobs: Jobs, livekit_emulator: Emulator) -> None:
    """Just that, and only once."""
    code, log = jobs.run("reconcile:plan-default")
    assert code == 0
    assert '+ inbound trunk "carrier"' in log
    (jobs.folder / "config" / "dispatch.yaml").write_text("version: 2\n")
    assert jobs.run("reconcile:apply")[0] == 0
    written = [call for call in livekit_emulator.calls if call.method.startswith(WRITES)]
    assert len(written) == 3
    (kept,) = yaml.safe_load(FILE.read_text())["reconcile:apply"]["artifacts"]["paths"]
    assert len(list((jobs.folder / kept).glob("*.json"))) == 1
    code, log = jobs.run("reconcile:apply")
    assert code == 3
    assert "applied already" in log


def test_drift_fails_its_pipeline(jobs: Jobs, livekit_emulator: Emulator) -> None:
    """2 is drift, 0 none, and 1 an error, which is not the same."""
    assert jobs.run("reconcile:drift")[0] == 2
    shell = Shell(jobs.folder).connect(livekit_emulator)
    shell.environ["CARRIER_SIP_PASSWORD"] = SECRET
    assert shell.run("apply", "--auto-approve").code == 0
    assert jobs.run("reconcile:drift")[0] == 0
    jobs.environ["LIVEKIT_URL"] = "http://127.0.0.1:9"
    assert jobs.run("reconcile:drift")[0] == 1


def test_no_secret_is_told(jobs: Jobs, gitlab: FakeGitLab) -> None:
    """Not in a log, and not in the note."""
    logs = [jobs.run(name)[1] for name in ("reconcile:plan", "reconcile:plan-default")]
    gitlab.fails = 401
    logs += [jobs.run(name)[1] for name in ("reconcile:plan", "reconcile:apply")]
    told = [*logs, *(note["body"] for note in gitlab.notes)]
    for secret in (SECRET, TOKEN, jobs.environ["LIVEKIT_API_SECRET"]):
        assert not [text for text in told if secret in text]
