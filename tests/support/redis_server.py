"""A real redis-server on loopback for tests, with a folder and a port of its own, started and stopped by this process.

It keeps nothing on disk: started again, it is empty, which is the worst that can happen to those who rely on it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from tests.support.livekit_server import find_redis
from tests.support.missing import ServerMissing
from tests.support.ports import free_port

PATIENCE = 30.0


class RedisServer:
    """A server; a context manager that owns the process. `port` is where it listens."""

    def __init__(self, password: str = "") -> None:
        self.port = free_port()
        self._password = password
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts it empty, on the port that it had before."""
        binary = find_redis()
        if binary is None:
            raise ServerMissing("no redis-server: run `apt-get install redis-server`")
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        if self._password:
            options["requirepass"] = self._password
        command = [str(binary), "--dir", str(self._folder)]
        for name, value in options.items():
            command += [f"--{name}", value]
        with (self._folder / "redis.log").open("ab") as sink:
            self._process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "redis.log").read_text(errors="replace"))
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends it at once; nothing is kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Ends it and removes its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def command(self, *words: str) -> bytes:
        """The first part of the answer to one command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65_536)

    def _answers(self) -> bool:
        try:
            return self.command("PING").startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False
