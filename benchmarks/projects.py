"""How long many projects take: two hundred beside ten, and beside a bare script that reads the same.

Each project has a file, a key and a server of its own that takes 20 ms for every answer. Waiting for one of them is
waiting for all, so what two hundred take longer is what this program does, and that is what is promised to be little.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import generate
from benchmarks.controller import process
from benchmarks.figures import Figure
from benchmarks.measure import CommandFailed, Spread, run
from benchmarks.stub_projects import OBJECTS

_HERE = Path(__file__).parent
_ROOT = _HERE.parent
_RECONCILE = Path(sys.executable).with_name("reconcile")
FEW, MANY = 10, 200
_PROMISE = 2.0
# As many conventions as the rules of a project need.
_TEAMS = 5


def projects(runs: int) -> Iterator[Figure]:
    """The figures of many projects."""
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        ports = folder / "ports"
        environment = _environment({"PYTHONPATH": str(_ROOT)})
        command: list[str | Path] = [sys.executable, _HERE / "stub_projects.py"]
        command += (str(MANY), ports)
        with process(command, environment, folder):
            variables = environment | _keys(_read(ports))
            few, many = _files(folder / "few", FEW), _files(folder / "many", MANY)
            of_few, of_many, bare = [], [], []
            for _ in range(runs + 1):
                bare.append(_bare(many, variables))
                of_few.append(_plan(few, variables))
                of_many.append(_plan(many, variables))
    ten, all_of_them = Spread.of(of_few[1:]), Spread.of(of_many[1:])
    yield Figure(
        f"plan of {MANY} projects, 20 ms each; bare: of {FEW}", "s", all_of_them, ten, _PROMISE
    )
    yield Figure(f"plan of {MANY} projects, 20 ms each", "s", all_of_them, Spread.of(bare[1:]))


def _plan(folder: Path, variables: dict[str, str]) -> float:
    """Seconds of a plan; one that finds a change or an error would make the figure worthless."""
    command: list[str | Path] = [_RECONCILE, "plan", "--projects", folder, "--detailed-exitcode"]
    return run(command, variables).seconds


def _bare(folder: Path, variables: dict[str, str]) -> float:
    done = run([sys.executable, _HERE / "bare_projects.py", folder], variables)
    if done.output.strip() != str(MANY * OBJECTS):
        raise CommandFailed(f"the bare script read {done.output!r}, not {MANY * OBJECTS}")
    return done.seconds


def _files(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        text = generate.configuration(OBJECTS, teams=_TEAMS).replace(
            "  name: benchmark\n", f"  name: p{number:03d}\n  env_prefix: P{number:03d}_\n"
        )
        (folder / f"p{number:03d}.yaml").write_text(text, encoding="utf-8")
    return folder


def _environment(more: dict[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RECONCILE_", "LIVEKIT_"))}
    return kept | more | {generate.PASSWORD_VARIABLE: generate.PASSWORD}


def _keys(ports: list[int]) -> dict[str, str]:
    variables = {}
    for number, port in enumerate(ports):
        prefix = f"P{number:03d}_LIVEKIT_"
        variables[f"{prefix}URL"] = f"http://127.0.0.1:{port}"
        variables[f"{prefix}API_KEY"] = f"key-{number}"
        variables[f"{prefix}API_SECRET"] = f"made-up-secret-number-{number:032d}"
    return variables


def _read(ports: Path) -> list[int]:
    """The ports, once all of them are open."""
    deadline = time.monotonic() + 60.0
    while not (ports.exists() and (text := ports.read_text())):
        if time.monotonic() > deadline:
            raise CommandFailed("the stub of many projects does not start")
        time.sleep(0.05)
    found: list[int] = json.loads(text)
    return found
