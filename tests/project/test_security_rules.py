"""What looks for holes in the code: each rule is asked by one program, and no line is excused without a reason."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.repository import ROOT, pyproject, texts

BIN = Path(sys.executable).parent
FOLDERS = ("reconciler", "benchmarks", "demo", "deploy", "tools", ".github/actions")
# Bandit's rules whose number ruff has, but only as a preview: what is asked instead stands in pyproject.toml.
NOT_RUFFS = {"B403", "B404"}


def bandit(*paths: str | Path) -> subprocess.CompletedProcess[str]:
    """Bandit, as `make lint` runs it."""
    command = [BIN / "bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *paths]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_bandit_finds_nothing() -> None:
    """In the program and in all that comes along with it."""
    done = bandit(*FOLDERS)
    assert done.returncode == 0, done.stdout


def test_make_lint_asks_bandit_about_the_same_folders() -> None:
    """What CI runs is what is tested here."""
    makefile = (ROOT / "Makefile").read_text()
    assert f"--recursive {' '.join(FOLDERS)}\n" in makefile
    assert '"$(BANDIT)"' in makefile


HOLES = [
    ("import hashlib\nhashlib.md5(b'')\n", "B324"),
    ("import yaml\nyaml.load('')\n", "B506"),
    ("import ssl\nssl._create_unverified_context()\n", "B323"),
    ("import tarfile\ntarfile.open('a').extractall()\n", "B202"),
    ("# \u202eeman\n", "B613"),
    ("import subprocess\nsubprocess.run('ls', shell=True)\n", "B602"),
]


@pytest.mark.parametrize(("code", "rule"), HOLES, ids=[rule for _, rule in HOLES])
def test_bandit_would_find_a_hole(tmp_path: Path, code: str, rule: str) -> None:
    """So that its silence above proves something."""
    hole = tmp_path / "hole.py"
    hole.write_text(code, encoding="utf-8")
    assert rule in bandit(hole).stdout


def test_what_bandit_leaves_out_is_asked_by_ruff() -> None:
    """A rule that one program does not ask is asked by the other, or ignored there with its reason."""
    listed = subprocess.run(
        [BIN / "ruff", "rule", "--all", "--output-format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    asked = {rule["code"] for rule in json.loads(listed.stdout) if not rule["preview"]}
    assert "S" in pyproject()["tool"]["ruff"]["lint"]["select"]
    left = set(pyproject()["tool"]["bandit"]["skips"])
    assert {f"S{rule[1:]}" for rule in left - NOT_RUFFS} <= asked


def test_nothing_is_excused_from_bandit_line_by_line() -> None:
    """A line that may do what it does says so to ruff; two excuses for one line would drift apart."""
    excuse = re.compile(r"#\s*no" + r"sec\b")
    found = [path for path, text in texts().items() if path.endswith(".py") and excuse.search(text)]
    assert found == []


def test_every_line_that_is_excused_has_a_reason() -> None:
    """`noqa: S…` is followed by why the line is none of what the rule is afraid of."""
    found = [
        f"{path}: {line.strip()}"
        for path, text in texts().items()
        if path.endswith(".py") and not path.startswith("tests/")
        for line in text.splitlines()
        if re.search(r"noqa: S\d+(, *S\d+)*\s*$", line)
    ]
    assert found == []
