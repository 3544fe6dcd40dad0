"""The import contracts hold, and they bite: each kind of forbidden import, tried out on a copy, is found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.repository import ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter's verdict on the package in a folder."""
    command: list[str | Path] = [LINT_IMPORTS, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_hold() -> None:
    """Nobody imports whom they should not know."""
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


FORBIDDEN = [
    ("sip", "import reconciler.agents", "Two planes, no bridge"),
    ("agents", "import reconciler.sip", "Two planes, no bridge"),
    ("core", "import yaml", "The diff is pure"),
    ("compose", "import asyncio", "The diff is pure"),
    ("planning.plan", "import yaml", "The diff is pure"),
    ("render", "import logging", "The diff is pure"),
    ("core", "import reconciler.sip", "Layers"),
    ("pipeline", "from livekit import api", "LiveKit's client"),
    ("cli", "import jwt", "LiveKit's client"),
    ("emulator", "import urllib3", "HTTP leaves the process"),
    ("config", "import reconciler.cli", "Layers"),
    ("controller", "import sqlalchemy", "SQL is written"),
    ("cli", "import alembic", "SQL is written"),
    ("cli", "import apprise", "Messages leave the process"),
    ("alerting.decide", "import logging", "The diff is pure"),
]


@pytest.mark.parametrize(("place", "line", "contract"), FORBIDDEN)
def test_a_forbidden_import_is_found(tmp_path: Path, place: str, line: str, contract: str) -> None:
    """One line in the wrong place breaks the contract that is meant to forbid it."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "reconciler", tmp_path / "reconciler")
    package = tmp_path.joinpath("reconciler", *place.split("."))
    module = package / "intruder.py" if package.is_dir() else package.with_suffix(".py")
    text = module.read_text() if module.exists() else ""
    module.write_text(f"{text}\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert re.search(rf"^{contract}.* BROKEN$", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("module", ["diff.py", "objects.py", "ownership.py", "safety.py"])
def test_the_differ_knows_no_field_of_livekit(module: str) -> None:
    """What differs is found without knowing what a trunk, a rule, a room or an agent is."""
    words = re.compile(r"livekit|sip|trunk|dispatch|room|agent|twirp", re.IGNORECASE)
    found = words.findall((ROOT / "reconciler" / "core" / module).read_text())
    assert found == []
