"""The pre-commit hook that other repositories use, run by pre-commit itself on a repository of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.repository import ROOT

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
TRUNKS = 'sip:\n  inbound_trunks:\n    carrier: {numbers: ["+15550100001"], allowed_addresses: [203.0.113.7]}\n'
RULES = "sip:\n  dispatch_rules:\n    inbound: {trunks: [carrier], rooms: {individual: {prefix: call-}}}\n"
PROGRAMS = Path(sys.executable).parent


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a repository, with nothing of the developer's own git and pre-commit."""
    environ = {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "HOME": str(folder.parent),
        "PRE_COMMIT_HOME": str(folder.parent / "pre-commit"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
    }
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def commit(folder: Path, **hook: Any) -> subprocess.CompletedProcess[str]:
    """A repository with these files staged, and what pre-commit says of them.

    The hook is the manifest's, from the environment under test instead of one that pre-commit would build.
    """
    (manifest,) = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    local = {**manifest, "language": "system", **hook}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        assert run(folder, *command).returncode == 0
    return run(folder, "pre-commit", "run", "reconcile-validate")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a repository, with a project of two files."""
    config = tmp_path / "repository" / "config"
    config.mkdir(parents=True)
    (config / "trunks.yaml").write_text(f"version: 1\n{TRUNKS}", encoding="utf-8")
    (config / "rules.yaml").write_text(f"version: 1\n{RULES}", encoding="utf-8")
    return config.parent


def test_pre_commit_takes_the_manifest() -> None:
    """Its form is the one that pre-commit documents."""
    done = run(ROOT, "pre-commit", "validate-manifest", str(MANIFEST))
    assert done.returncode == 0, done.stdout


def test_the_hook_is_installed_from_the_package() -> None:
    """pre-commit builds the environment from this repository, and finds the command in it."""
    (hook,) = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    assert hook["language"] == "python"
    assert hook["entry"].split()[0] == "reconcile"


@pytest.mark.slow
def test_several_files_are_one_project(folder: Path) -> None:
    """Two files that changed are checked together: the rule names the other file's trunk."""
    done = commit(folder, args=["-c", "config"])
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("Passed") == 1


@pytest.mark.slow
def test_a_mistake_stops_the_commit(folder: Path) -> None:
    """The finding is shown with its place."""
    path = folder / "config" / "rules.yaml"
    path.write_text(path.read_text().replace("[carrier]", "[carier]"), encoding="utf-8")
    done = commit(folder, args=["-c", "config"])
    assert done.returncode == 1
    assert "config/rules.yaml:4:" in done.stdout
    assert 'did you mean "carrier"?' in done.stdout


@pytest.mark.slow
def test_one_file_is_the_default(folder: Path) -> None:
    """Without arguments the project is config/dispatch.yaml, as everywhere."""
    text = f"version: 1\n{TRUNKS}{RULES.removeprefix('sip:' + chr(10))}"
    (folder / "config" / "dispatch.yaml").write_text(text, encoding="utf-8")
    done = commit(folder)
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


@pytest.mark.slow
def test_other_files_do_not_start_it(folder: Path) -> None:
    """A commit without a file of the project costs nothing."""
    (folder / "config").rename(folder / "elsewhere")
    assert "Skipped" in commit(folder).stdout
