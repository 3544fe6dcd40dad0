"""What is measured, and how: each pair of commands in turn, so that a slow moment of the machine hits both.

The first run of each pair warms the caches and is not counted. A plan must find nothing to change and an apply must
arrive at the server as exactly one write for each changed object; anything else ends the benchmark, because the time
of a wrong answer is no figure.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import generate
from benchmarks.figures import Figure
from benchmarks.measure import CommandFailed, Run, Spread, run
from benchmarks.server import SeededServer

_HERE = Path(__file__).parent
_PYTHON = sys.executable
_RECONCILE = Path(sys.executable).with_name("reconcile")
_MIB = 1024 * 1024
CHANGED_OBJECTS = 1_000
# Of reconcile's wall time to the bare script's, by number of objects.
_WALL = {10: 1.2, 10_000: 1.3}
_MEMORY = {10_000: 2.0}
# Ten times the objects may take ten times as long; a tenth on top is what one run differs from the next.
_LINEAR = 1.1


def start_up(runs: int) -> Figure:
    """`reconcile --version` beside importing click."""
    environment = {"PATH": str(_RECONCILE.parent)}
    ours, bare = [], []
    for _ in range(runs + 1):
        bare.append(1000 * run([_PYTHON, "-c", "import click"], environment).seconds)
        ours.append(1000 * run([_RECONCILE, "--version"], environment).seconds)
    return Figure("start: --version", "ms", Spread.of(ours[1:]), Spread.of(bare[1:]), promise=2.0)


def plans(server: SeededServer, sizes: list[int], runs: int) -> Iterator[Figure]:
    """A plan that finds nothing to change, of several sizes: wall time, peak memory, growth."""
    walls: dict[int, tuple[Spread, Spread]] = {}
    for size in sizes:
        ours, bare = _plan_runs(server, size, runs)
        walls[size] = (_seconds(ours), _seconds(bare))
        name = f"no-op plan, {size:,} objects"
        yield Figure(f"{name}: wall", "s", *walls[size], promise=_WALL.get(size))
        yield Figure(f"{name}: memory", "MiB", _memory(ours), _memory(bare), _MEMORY.get(size))
    for small, large in pairwise(sizes):
        if small >= 10_000:
            yield _growth(small, large, walls[small][0], walls[large][0])


def apply(server: SeededServer, runs: int) -> Iterator[Figure]:
    """Writing 1,000 changed objects: how many a second, and how many arrived."""
    ours, bare, counts = [], [], []
    with _file(CHANGED_OBJECTS, changed=True) as path:
        backups = path.parent / "backups"
        command: list[str | Path] = [_RECONCILE, "apply", "-c", path, "--auto-approve"]
        command += ["--backup-dir", backups]
        for _ in range(runs + 1):
            _, bare_run = _written(server, [_PYTHON, _HERE / "bare_apply.py"])
            count, our_run = _written(server, command)
            counts.append(count)
            bare.append(CHANGED_OBJECTS / bare_run.seconds)
            ours.append(CHANGED_OBJECTS / our_run.seconds)
    name = f"apply, {CHANGED_OBJECTS:,} changes"
    yield Figure(f"{name}: rate", "/s", Spread.of(ours[1:]), Spread.of(bare[1:]), 0.8, True)
    exact = Spread.of([float(CHANGED_OBJECTS)])
    yield Figure(f"{name}: writes", "", Spread.of(list(map(float, counts))), exact, promise=1.0)


def _plan_runs(server: SeededServer, size: int, runs: int) -> tuple[list[Run], list[Run]]:
    server.fill(size)
    ours, bare = [], []
    environment = server.environment()
    with _file(size) as path:
        for _ in range(runs + 1):
            bare.append(run([_PYTHON, _HERE / "bare_plan.py", path], environment))
            if bare[-1].output.split() != [str(size), str(size)]:
                raise CommandFailed(f"the bare script read {bare[-1].output!r}, not {size} twice")
            ours.append(run([_RECONCILE, "plan", "-c", path, "--detailed-exitcode"], environment))
    return ours[1:], bare[1:]


def _written(server: SeededServer, command: Sequence[str | Path]) -> tuple[int, Run]:
    server.fill(CHANGED_OBJECTS)
    before = server.writes()
    result = run(command, server.environment())
    written = server.writes() - before
    if written != CHANGED_OBJECTS:
        raise CommandFailed(f"{command}: {written} writes arrived, not {CHANGED_OBJECTS}")
    return written, result


def _growth(small: int, large: int, before: Spread, after: Spread) -> Figure:
    times = large / small
    linear = Spread(before.median * times, before.low * times, before.high * times)
    return Figure(f"growth {small:,} → {large:,}, bare: linear", "s", after, linear, _LINEAR)


def _seconds(runs: list[Run]) -> Spread:
    return Spread.of([one.seconds for one in runs])


def _memory(runs: list[Run]) -> Spread:
    return Spread.of([one.peak_bytes / _MIB for one in runs])


@contextmanager
def _file(size: int, *, changed: bool = False) -> Iterator[Path]:
    with TemporaryDirectory(prefix="benchmark-") as folder:
        path = Path(folder, "dispatch.yaml")
        path.write_text(generate.configuration(size, changed=changed), encoding="utf-8")
        yield path
