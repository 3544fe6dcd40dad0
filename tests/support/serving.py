"""`reconcile serve` as a process of its own, as an operator runs it: started, killed, started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.support.cli import COMMAND, Server
from tests.support.workers import wait_until


class Serving:
    """One project's controller in `folder`, which holds its configuration and its journal.

    The port stays the same over restarts, because LiveKit is told once where its webhooks go.
    """

    def __init__(self, server: Server, folder: Path, port: int, *options: str) -> None:
        self.folder = folder
        self.port = port
        self._options = options
        self._environ = {
            **os.environ,
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": server.api_key,
            "LIVEKIT_API_SECRET": server.api_secret,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Serving:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, wait: bool = True) -> None:
        """Starts it; with `wait` until it is ready."""
        with (self.folder / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, "serve", "--port", str(self.port), *self._options],
                cwd=self.folder,
                env=self._environ,
                stdout=log,
                stderr=log,
            )
        if wait:
            wait_until(lambda: self.get("/readyz")[0] == 200, self.log)

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is written."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=30)
        self._process = None
        return code

    def log(self) -> str:
        """What it wrote so far."""
        path = self.folder / "serve.log"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    def get(self, path: str) -> tuple[int, str]:
        """A page; status 0 while nobody listens."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - loopback
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same project."""
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def history(self, room: str) -> list[dict[str, Any]]:
        """The entries of a room, session by session."""
        ran = self.command("history", room, "--format", "json", *self._journal())
        assert ran.returncode == 0, ran.stderr
        sessions: list[dict[str, Any]] = json.loads(ran.stdout)["sessions"]
        return [entry for session in sessions for entry in session["entries"]]

    def steps(self, room: str) -> list[str]:
        """What happened in a room, in a word each."""
        return [entry["step"] for entry in self.history(room)]

    def _journal(self) -> Sequence[str]:
        if "--journal" not in self._options:
            return ()
        at = self._options.index("--journal")
        return self._options[at : at + 2]
