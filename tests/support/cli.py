"""Runs commands in this process, as a shell would: arguments and environment in, output and exit code out."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from reconciler.cli.main import run

COMMAND = [sys.executable, "-c", "from reconciler.cli.main import main; main()"]
"""`reconcile` in a process of its own."""


class Server(Protocol):
    """What a command has to know of a server, real or emulated."""

    @property
    def url(self) -> str:
        """Where its API is."""
        ...

    @property
    def api_key(self) -> str:
        """The key to it."""
        ...

    @property
    def api_secret(self) -> str:
        """The secret of the key."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Shell:
    """A folder and an environment to run commands in."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def connect(self, server: Any) -> Shell:
        """Points the commands at a server."""
        self.environ |= {
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": server.api_key,
            "LIVEKIT_API_SECRET": server.api_secret,
        }
        return self

    def write(self, name: str, text: str) -> Path:
        """Writes a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: str) -> Ran:
        """Runs `reconcile` with some arguments in the folder."""
        out, err = io.StringIO(), io.StringIO()
        with (
            _environment(self.environ),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run(list(arguments))
        _join_abandoned()
        return Ran(int(code), out.getvalue(), err.getvalue())


def _join_abandoned() -> None:
    """Waits for reads that a command gave up: as a process of its own it would have taken them with it."""
    for thread in threading.enumerate():
        if thread.name.startswith(("observe", "list")):
            thread.join(timeout=10)


@contextlib.contextmanager
def _environment(environ: Mapping[str, str]) -> Iterator[None]:
    """Just these variables, and none of the developer's own that begin with LIVEKIT_ or RECONCILE_."""
    saved = dict(os.environ)
    for name in saved:
        if name.startswith(("LIVEKIT_", "RECONCILE_", "GITHUB_")):
            del os.environ[name]
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)
