"""Processes that do something at the same time: started together, begun together, ended with the test.

Each is a module that is run (`tests.controller.party`, `tests.journal.party`). It says "ready", waits for a line on
stdin, and says what it does as JSON, a line each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.project.repository import ROOT


class Party:
    """One such process."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> Any:
        """The next thing it says; None when it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def go(self) -> None:
        """Lets it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Ends it, and lets go of its pipes."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def parties(module: str, *parts: tuple[str, ...]) -> Iterator[list[Party]]:
    """Processes that are ready to begin, one for each list of arguments."""
    started = [Party(module, *part) for part in parts]
    try:
        for party in started:
            said = party.hear()
            assert said == "ready", said
        yield started
    finally:
        for party in started:
            party.close()
