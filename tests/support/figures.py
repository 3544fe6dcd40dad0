"""Figures that tests show, such as how many kills a plan survived: told at the end of a run, and kept for the docs.

A test asks for the fixture `figure` and calls it with a name and a text. With `RECONCILE_FIGURES=FILE` they are written
to FILE, each with its test; figures of tests that did not run stay as they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

FigureTeller = Callable[[str, str], None]
_PREFIX = "figure:"


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> FigureTeller:
    """Tells a figure: its name, lower case with dashes, and what it was, such as `162 of 162 converged`."""
    return lambda name, text: record_property(f"{_PREFIX}{name}", text)


class Figures:
    """Gathers the figures of passed tests; under xdist the controller sees every report."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The figures of one test."""
        if report.when != "call" or not report.passed:
            return
        for name, text in report.user_properties:
            if name.startswith(_PREFIX):
                test = report.nodeid.partition("[")[0]
                self._found[name.removeprefix(_PREFIX)] = {"figure": str(text), "test": test}

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """All figures, and the file of them."""
        for name, told in sorted(self._found.items()):
            terminalreporter.write_line(f"figure {name}: {told['figure']}")
        path = os.environ.get("RECONCILE_FIGURES")
        if path and self._found:
            keep(Path(path), self._found)


def keep(path: Path, found: dict[str, dict[str, str]]) -> None:
    """Writes figures over those of the same names in a file."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    text = json.dumps(before | found, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")
