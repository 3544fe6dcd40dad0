"""Real workers for tests: each is a process of its own, started here and stopped by its pid.

`Worker` is a context manager around `tests.support.worker`. What its agents did is read off the log that it writes, so
that nothing depends on what LiveKit tells about it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.cli import Server

ROOT = Path(__file__).parents[2]
PATIENCE = 40.0


class Worker:
    """A worker that registers under `name`, "" for an unnamed one. Its agents join after `delay` seconds."""

    def __init__(self, server: Server, name: str, folder: Path, *options: str) -> None:
        self.name = name
        self._server = server
        self._options = options
        self._log = folder / f"worker-{name or 'unnamed'}-{time.monotonic_ns()}.jsonl"
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0
        self._known: list[dict[str, Any]] = []

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Starts it and waits until it is registered."""
        registered = len(self._events("ready"))
        environ = {
            **os.environ,
            "LIVEKIT_URL": self._server.url,
            "LIVEKIT_API_KEY": self._server.api_key,
            "LIVEKIT_API_SECRET": self._server.api_secret,
        }
        with self._log.with_suffix(".err").open("ab") as errors:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.support.worker", self.name),
                    *("--log", str(self._log), *self._options),
                ],
                cwd=ROOT,
                env=environ,
                stdout=errors,
                stderr=errors,
            )
        wait_until(lambda: len(self._events("ready")) > registered, self.complaint)

    def stop(self) -> None:
        """Kills it, and with it all its agents."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def complaint(self) -> str:
        """What it wrote to its standard streams, for the message of a failing test."""
        path = self._log.with_suffix(".err")
        return path.read_text(errors="replace")[-3000:] if path.exists() else "no output"

    def joined(self) -> list[dict[str, Any]]:
        """Every time one of its agents joined a room, those that left included."""
        return self._events("joined")

    def jobs(self) -> list[dict[str, Any]]:
        """Every job that it took."""
        return self._events("job")

    def _events(self, event: str) -> list[dict[str, Any]]:
        if self._log.exists():
            with self._log.open("rb") as log:
                log.seek(self._read)
                for line in log:
                    self._known.append(json.loads(line))
                    self._read += len(line)
        return [one for one in self._known if one["event"] == event]


def wait_until(
    condition: Any, complaint: Any = lambda: "it did not happen", patience: float = PATIENCE
) -> None:
    """Waits for something that has to come true; fails with a complaint where it does not."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.05)
