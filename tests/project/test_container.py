"""The container image, as far as it can be shown without an engine: its file is linted, and its steps are run here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.installation import make_environment, run
from tests.project.repository import ROOT
from tests.support.missing import missing

CONTAINERFILE = ROOT / "Containerfile"
_CONTINUED = re.compile(r"\\\n\s*")
_NO_INDEX = ("No matching distribution", "Could not find a version", "NewConnectionError")


def instructions() -> list[tuple[str, str]]:
    """The instructions of the file in order, comments left out."""
    text = "".join(
        line
        for line in CONTAINERFILE.read_text(encoding="utf-8").splitlines(keepends=True)
        if not line.startswith("#")
    )
    lines = _CONTINUED.sub("", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, from behind its FROM."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        elif found:
            found[-1].append((word, rest))
    return found


def test_the_linter_finds_nothing() -> None:
    """hadolint knows what goes wrong in such files, and the shell in them."""
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, CONTAINERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_does_not_run_as_root() -> None:
    """The user is a number, because a cluster cannot see whether a name is root's."""
    users = [rest for word, rest in stages()[-1] if word == "USER"]
    assert users == ["10001:10001"]


def test_every_base_can_be_pinned() -> None:
    """Both stages stand on one base, which is an argument with a default that names a version."""
    bases = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert set(bases) == {"${PYTHON}"}
    (default,) = (rest for word, rest in instructions() if word == "ARG")
    assert re.fullmatch(r"PYTHON=docker\.io/library/python:3\.\d+-slim-\w+", default)


def test_what_is_copied_is_sent_to_the_builder() -> None:
    """Each source of a COPY is let through by the list of what is ignored, and nothing else is."""
    text = (ROOT / ".containerignore").read_text(encoding="utf-8")
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8") == text
    let_through = set(re.findall(r"^!(.+)$", text, re.MULTILINE))
    copied = {source.split("/")[0] for source, _ in copies()}
    assert copied == let_through


def copies() -> list[tuple[str, str]]:
    """What the first stage copies out of the repository, and where to."""
    return [
        (source, target)
        for word, rest in stages()[0]
        if word == "COPY"
        for *sources, target in [rest.split()]
        for source in sources
    ]


@pytest.mark.slow
def test_the_steps_of_the_image_make_a_reconcile_that_runs(tmp_path: Path) -> None:
    """The RUN lines of the build stage, with folders of their own: hashes hold, and the command starts.

    This one installs from the package index, as the build of the image does.
    """
    source, target, wheels = tmp_path / "source", tmp_path / "reconcile", tmp_path / "wheels"
    for name, place in copies():
        below = source / place / (Path(name).name if place.endswith("/") else "")
        below.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, below, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, below)
    python = make_environment(tmp_path / "base")
    for word, rest in stages()[0]:
        if word != "RUN":
            continue
        line = rest.replace("/app", str(target)).replace("/wheels", str(wheels))
        path = f"{python.parent}:/usr/bin:/bin"
        done = run("sh", "-c", line, cwd=source, PATH=path, PIP_NO_COMPILE="1")
        if any(word in done.stderr for word in _NO_INDEX):
            missing("no package index is in reach of pip")
        assert done.returncode == 0, done.stderr
    ran = run(target / "bin" / "reconcile", "validate", "-c", ROOT / "config", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    needs = "alembic, apprise, prometheus_client, psycopg, redis, ruamel.yaml, sqlalchemy"
    extras = run(target / "bin" / "python", "-c", f"import {needs}", cwd=tmp_path)
    assert extras.returncode == 0, extras.stderr
