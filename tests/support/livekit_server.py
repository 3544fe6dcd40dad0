"""A real livekit-server with its Redis on loopback, for one test session.

`LiveKitServer(version)` is a context manager: it starts a redis-server without persistence and a livekit-server, both
on free loopback ports, waits until they answer, and stops exactly those two processes. It never downloads anything;
`find_binary` says where a server binary is looked for, and `how_to_get_it` what to tell somebody without one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from livekit.protocol import room, sip

from tests.support.missing import ServerMissing
from tests.support.ports import free_port, free_udp_range
from tests.support.raw_client import RawClient

API_KEY = "devkey"
API_SECRET = "a-secret-of-32-characters-or-more"

MAIN_VERSION = "1.9.12"
PATIENCE = 30.0


def cache_folder() -> Path:
    """Where the project's scripts put server binaries."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "livekit-reconciler" / "bin"


def find_binary(version: str = MAIN_VERSION) -> Path | None:
    """The livekit-server of a version: the environment's, the cache's, or (main version only) the one on PATH."""
    named = os.environ.get(_variable(version))
    if named:
        return _existing(named)
    cached = cache_folder() / f"livekit-server-{version}"
    if cached.exists():
        return cached
    return _existing(shutil.which("livekit-server")) if version == MAIN_VERSION else None


def find_redis() -> Path | None:
    """The redis-server to use: the environment's or the one on PATH."""
    return _existing(os.environ.get("REDIS_SERVER_BIN") or shutil.which("redis-server"))


def how_to_get_it(version: str = MAIN_VERSION) -> str:
    """One sentence for somebody whose machine lacks the server or Redis."""
    if find_binary(version) is None:
        return (
            f"no livekit-server {version}: run `tools/get-livekit-server {version}`, which builds one "
            f"with Go, or name one in {_variable(version)}"
        )
    return "no redis-server: run `apt-get install redis-server`, or name one in REDIS_SERVER_BIN"


def _variable(version: str) -> str:
    """The variable that names the binary of a version; the main version's has no suffix."""
    suffix = "" if version == MAIN_VERSION else "_" + version.replace(".", "_")
    return "LIVEKIT_SERVER_BIN" + suffix


def _existing(path: str | None) -> Path | None:
    return Path(path) if path and Path(path).exists() else None


class LiveKitServer:
    """One real server: `url`, `api_key`, `api_secret`, `version`; a context manager that owns both processes."""

    def __init__(self, version: str = MAIN_VERSION, webhook_urls: Sequence[str] = ()) -> None:
        self.version = version
        self.api_key = API_KEY
        self.api_secret = API_SECRET
        self._webhook_urls = tuple(webhook_urls)
        self._folder = Path(tempfile.mkdtemp(prefix="livekit-server-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self.port = 0
        self.redis_port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def redis_url(self) -> str:
        """Another database of its Redis, for whoever needs one as well."""
        return f"redis://127.0.0.1:{self.redis_port}/1"

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        path = self._folder / "livekit.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def __enter__(self) -> LiveKitServer:
        binary, redis = find_binary(self.version), find_redis()
        if binary is None or redis is None:
            raise ServerMissing(how_to_get_it(self.version))
        try:
            self.redis_port = self._start_redis(redis)
            self._start_livekit(binary, self.redis_port)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def empty(self) -> None:
        """Delete all SIP objects and rooms."""
        client = RawClient(self.url, self.api_key, self.api_secret)
        try:
            for trunk in client.call("SIP", "ListSIPTrunk", sip.ListSIPTrunkRequest()).answer.items:
                gone = sip.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id)
                client.call("SIP", "DeleteSIPTrunk", gone)
            rules = client.call("SIP", "ListSIPDispatchRule", sip.ListSIPDispatchRuleRequest())
            for rule in rules.answer.items:
                key = rule.sip_dispatch_rule_id
                client.call(
                    "SIP",
                    "DeleteSIPDispatchRule",
                    sip.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=key),
                )
            rooms = client.call("RoomService", "ListRooms", room.ListRoomsRequest())
            for live in rooms.answer.rooms:
                client.call("RoomService", "DeleteRoom", room.DeleteRoomRequest(room=live.name))
        finally:
            client.close()

    def stop(self) -> None:
        """Ends the two processes this object started, and nothing else."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _spawn(self, command: Sequence[str], log: str) -> subprocess.Popen[bytes]:
        with (self._folder / log).open("wb") as sink:
            process = subprocess.Popen(
                command, stdout=sink, stderr=subprocess.STDOUT, cwd=self._folder
            )
        self._processes.append(process)
        return process

    def _start_redis(self, binary: Path) -> int:
        port = free_port()
        options = {"port": port, "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        command = [str(binary)]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        process = self._spawn([*command, "--dir", str(self._folder)], "redis.log")
        self._wait(process, lambda: _redis_answers(port), "redis.log")
        return port

    def _start_livekit(self, binary: Path, redis_port: int) -> None:
        """Starts it. A port that was free a moment ago may be somebody else's by then: it is tried with others."""
        for is_last in (False, False, True):
            self.port = free_port()
            config = self._folder / "livekit.yaml"
            config.write_text(self._config(redis_port))
            process = self._spawn([str(binary), "--config", str(config)], "livekit.log")
            try:
                self._wait(process, lambda: _http_answers(self.url), "livekit.log")
            except RuntimeError as error:
                if is_last or "address already in use" not in str(error):
                    raise
                self._processes.remove(process)
            else:
                return

    def _config(self, redis_port: int) -> str:
        start, end = free_udp_range()
        lines = [
            f"port: {self.port}",
            "bind_addresses: [127.0.0.1]",
            "rtc:",
            f"  tcp_port: {free_port()}",
            f"  port_range_start: {start}",
            f"  port_range_end: {end}",
            "  use_external_ip: false",
            "  node_ip: 127.0.0.1",
            "redis:",
            f"  address: 127.0.0.1:{redis_port}",
            "keys:",
            f"  {self.api_key}: {self.api_secret}",
        ]
        if self._webhook_urls:
            lines += ["webhook:", f"  api_key: {self.api_key}", "  urls:"]
            lines += [f"    - {url}" for url in self._webhook_urls]
        return "\n".join(lines) + "\n"

    def _wait(self, process: subprocess.Popen[bytes], ready: Callable[[], bool], log: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                text = (self._folder / log).read_text(errors="replace")
                raise RuntimeError(f"{process.args!r} did not get ready; its log:\n{text}")
            time.sleep(0.05)


def _redis_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _http_answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
