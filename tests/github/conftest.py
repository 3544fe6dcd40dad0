"""A repository that has copied the action and the workflows, a GitHub for it, and a LiveKit to plan against."""

from __future__ import annotations

import contextlib
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.emulator.server import Emulator
from tests.project.repository import ROOT
from tests.support.canaries import Canaries
from tests.support.github import FakeGitHub
from tests.support.project import SECRET
from tests.support.workflow_runner import WorkflowRunner

CONFIGURATION = """\
version: 1
project: {name: acme-voice}
sip:
  inbound_trunks:
    carrier:
      numbers: ["+15550100001"]
      allowed_addresses: ["203.0.113.0/24"]
  outbound_trunks:
    carrier-out:
      address: acme.sip.carrier.example
      numbers: ["+15550100001"]
      auth: {username: acme, password: {env: CARRIER_SIP_PASSWORD}}
  dispatch_rules:
    inbound-calls:
      trunks: [carrier]
      rooms: {individual: {prefix: call-}}
agents:
  names:
    telephony: {agent_name: acme-telephony}
  rooms:
    - {prefix: call-, agents: [telephony], dispatch: sip}
"""


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """An empty repository on a GitHub of its own."""
    with FakeGitHub() as github:
        yield github


def copied_files(folder: Path) -> Path:
    """A stranger's repository with what docs/github.md says to copy, and an empty folder for the configuration."""
    shutil.copytree(
        ROOT / ".github" / "actions",
        folder / ".github" / "actions",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(ROOT / ".github" / "workflows", folder / ".github" / "workflows")
    (folder / "config").mkdir()
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The files of a stranger's repository: a configuration, and what is copied."""
    folder = copied_files(tmp_path / "repository")
    (folder / "config" / "dispatch.yaml").write_text(CONFIGURATION)
    return folder


@pytest.fixture
def runner(
    github: FakeGitHub, repository: Path, livekit_emulator: Emulator, tmp_path: Path
) -> Iterator[WorkflowRunner]:
    """Runs the workflows, with the key of an emulated LiveKit among the repository's secrets, which do not come out."""
    work = tmp_path / "runner"
    work.mkdir()
    made = WorkflowRunner(
        github,
        repository,
        work,
        secrets={
            "LIVEKIT_API_KEY": livekit_emulator.api_key,
            "LIVEKIT_API_SECRET": livekit_emulator.api_secret,
            "CARRIER_SIP_PASSWORD": SECRET,
        },
        variables={"LIVEKIT_URL": livekit_emulator.url},
    )
    yield made
    secrets = {SECRET, livekit_emulator.api_secret, "ghs_token"}  # as all tokens of jobs begin
    canaries = Canaries(cores={one: one for one in secrets}, values={one: one for one in secrets})
    assert [
        found for text in _all_that_came_out(made, github) for found in canaries.found_in(text)
    ] == []


def _all_that_came_out(runner: WorkflowRunner, github: FakeGitHub) -> Iterator[str | bytes]:
    """Logs, summaries and outputs of all jobs, the files that they left, and what GitHub was told."""
    for run in runner.ran:
        yield run.log
        for job in run.jobs.values():
            yield repr((job.summary, job.outputs, job.steps))
    for artefact in github.artefacts:
        with contextlib.suppress(zipfile.BadZipFile):  # a test has damaged it
            files = github.files_of(artefact["workflow_run"]["id"], artefact["name"]) or {}
            yield from files.values()
    yield repr((github.issues, github.comments))


@pytest.fixture
def configuration(repository: Path) -> Path:
    """The configuration in the repository."""
    return repository / "config" / "dispatch.yaml"
