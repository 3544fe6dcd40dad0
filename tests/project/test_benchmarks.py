"""The benchmark measures what it says: the right process, the right direction of better, a project that is valid."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import yaml

from benchmarks import generate
from benchmarks.figures import Figure, table
from benchmarks.measure import CommandFailed, Spread, run
from tests.project.repository import ROOT

MIB = 1024 * 1024


def figure(ours: float, bare: float, promise: float | None, more_is_better: bool = False) -> Figure:
    """A figure of one run each."""
    return Figure("f", "s", Spread.of([ours]), Spread.of([bare]), promise, more_is_better)


def test_memory_is_that_of_the_command_alone() -> None:
    """A large command is large, and a small one is not as large as the process that measures it."""
    ballast = bytearray(100 * MIB)
    small = run([sys.executable, "-S", "-c", ""], os.environ)
    large = run([sys.executable, "-S", "-c", f"bytearray({200 * MIB})"], os.environ)
    assert len(ballast) > small.peak_bytes
    assert large.peak_bytes > 200 * MIB


def test_a_failing_command_is_not_a_figure() -> None:
    """Its time is thrown away, and its output told."""
    with pytest.raises(CommandFailed, match=r"(?s)exit 3.*went wrong"):
        run([sys.executable, "-c", "print('went wrong'); raise SystemExit(3)"], os.environ)


@pytest.mark.parametrize(
    ("ours", "bare", "promise", "more_is_better", "kept"),
    [
        (1.2, 1.0, 1.3, False, True),
        (1.4, 1.0, 1.3, False, False),
        (90.0, 100.0, 0.8, True, True),
        (70.0, 100.0, 0.8, True, False),
        (99.0, 1.0, None, False, True),
    ],
)
def test_a_promise_bounds_the_right_side(
    ours: float, bare: float, promise: float | None, more_is_better: bool, kept: bool
) -> None:
    """Times may not grow beyond the promise, and rates may not fall below it."""
    assert figure(ours, bare, promise, more_is_better).kept is kept


def test_the_table_has_a_line_for_each_figure_and_marks_what_is_broken() -> None:
    """A heading, a rule, and the figures in the order they were measured."""
    lines = table([figure(1.0, 1.0, 1.3), figure(2.0, 1.0, 1.3)]).splitlines()
    assert len(lines) == 4
    assert lines[2].endswith("kept")
    assert lines[3].endswith("BROKEN")


@pytest.mark.parametrize("size", [1, 10, 1_000])
def test_a_made_up_project_has_the_promised_size_and_share(size: int) -> None:
    """The file has exactly that many objects, and every rule a trunk of its own."""
    sip = yaml.safe_load(generate.configuration(size))["sip"]
    assert sum(len(objects) for objects in sip.values()) == size
    trunks = [rule["trunks"] for rule in sip["dispatch_rules"].values()]
    assert len({name for (name,) in trunks}) == len(trunks)
    assert all(name in sip["inbound_trunks"] for (name,) in trunks)
    numbers = [n for trunk in sip["inbound_trunks"].values() for n in trunk["numbers"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.usefixtures("livekit_server")  # skips, or insists on a server, as all such tests do
def test_the_benchmark_runs_on_a_real_server() -> None:
    """A plan of the made-up project finds no change, and an apply is exactly one write an object.

    The promises about time are not checked here: a machine that runs tests is no place to measure.
    """
    command = [sys.executable, "-m", "benchmarks", "--sizes", "10", "--runs", "1"]
    command += ["--seconds", "1", "--rooms", "50"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for figure_name in (
        "start",
        "no-op plan, 10 objects",
        "apply, 1,000 changes: writes",
        "plan of 200 projects",
        "webhook to dispatch",
        "resync of 50 rooms",
        "two processes on Redis",
    ):
        assert figure_name in done.stdout
