"""Runs a command to its end and tells how long it took and how much memory it held at its peak.

Both are read from the kernel for this very child, not for all children together, and the wall time includes starting
Python: that is what a user waits for.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_LAUNCH = Path(__file__).with_name("launch.py")


class CommandFailed(Exception):
    """A measured command exited with a code that was not expected; its time would mean nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one command."""

    seconds: float
    peak_bytes: int
    output: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Several figures: the middle one, and how far they lie apart."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        return cls(statistics.median(figures), min(figures), max(figures))


def run(command: Sequence[str | Path], environment: Mapping[str, str]) -> Run:
    """One measured run; output is kept, so that the caller can check that the command did its work."""
    with TemporaryDirectory(prefix="benchmark-") as folder:
        report, output = Path(folder, "report"), Path(folder, "output")
        launch = [sys.executable, "-I", "-S", _LAUNCH, report, output, *command]
        subprocess.run(launch, env=dict(environment), cwd=folder, check=True)
        figures = json.loads(report.read_text())
        text = output.read_text(errors="replace")
    if figures["exit"] != 0:
        words = " ".join(map(str, command))
        raise CommandFailed(f"{words}: exit {figures['exit']}, not 0\n{text[-2000:]}")
    return Run(figures["seconds"], figures["peak_bytes"], text)
