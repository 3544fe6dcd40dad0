"""What all tests share: real servers for those that need one, the count of those tests, and no way off this machine.

A test that talks to a real livekit-server is marked `real` and gets one through a fixture. Where no server is at
hand it is skipped with a sentence that says how to get one, unless `RECONCILE_REQUIRE_REAL=1` makes that a failure.
The session says at its end how many such tests passed, and fails if they were fewer than `RECONCILE_MIN_REAL`.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from reconciler.emulator import pytest_plugin
from tests.support.figures import Figures, figure
from tests.support.livekit_server import LiveKitServer
from tests.support.missing import ServerMissing, missing
from tests.support.postgres import PostgresServer
from tests.support.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.terminal import TerminalReporter

__all__ = ["figure"]  # fixtures that stand elsewhere

_Server = TypeVar("_Server", LiveKitServer, RedisServer, PostgresServer)
_IS_REAL = "is_real"
_passed_real = pytest.StashKey[int]()


# --- no way off this machine


class NetworkBlocked(RuntimeError):
    """A test tried to reach something that is not this machine."""


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of this process may go to loopback and to local sockets only."""
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise NetworkBlocked(f"tests may not connect to {address[0]}")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


# --- real servers


def _running(server: _Server) -> Iterator[_Server]:
    try:
        server.__enter__()
    except ServerMissing as error:
        missing(error)
    try:
        yield server
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def livekit_server() -> Iterator[LiveKitServer]:
    """A real livekit-server 1.9.12 with its Redis, one for each test process."""
    yield from _running(LiveKitServer("1.9.12"))


@pytest.fixture(scope="session")
def livekit_server_184() -> Iterator[LiveKitServer]:
    """A real livekit-server 1.8.4 with its Redis, one for each test process."""
    yield from _running(LiveKitServer("1.8.4"))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real Redis, one for each test process."""
    yield from _running(RedisServer())


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL, one for each test process."""
    yield from _running(PostgresServer())


@pytest.fixture
def real_project(livekit_server: LiveKitServer) -> LiveKitServer:
    """The real 1.9.12 server without any SIP object or room."""
    livekit_server.empty()
    return livekit_server


@pytest.fixture
def real_project_184(livekit_server_184: LiveKitServer) -> LiveKitServer:
    """The real 1.8.4 server without any SIP object or room."""
    livekit_server_184.empty()
    return livekit_server_184


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Whether a test is a real one goes with its report; the server's last words go with its failure."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    # Not by keyword: a folder's name is a keyword, too. An attribute survives the way from a test process to pytest's.
    setattr(report, _IS_REAL, item.get_closest_marker("real") is not None)
    if report.when == "call" and report.failed:
        for server in getattr(item, "funcargs", {}).values():
            if isinstance(server, LiveKitServer):
                report.sections.append((f"livekit-server {server.version}", server.log[-4000:]))
    return report  # type: ignore[return-value]


# --- how many tests ran against a real server


def pytest_addoption(parser: pytest.Parser) -> None:
    """The smallest number of real tests that makes a session complete."""
    parser.addoption(
        "--min-real",
        type=int,
        default=int(os.environ.get("RECONCILE_MIN_REAL") or 0),
        metavar="N",
        help="fail unless N tests against a real livekit-server passed (also RECONCILE_MIN_REAL)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Count from zero; load the plugin that users get, unless the package is installed and pytest has it already."""
    config.stash[_passed_real] = 0
    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin, "reconciler.emulator.pytest_plugin")
    config.pluginmanager.register(_RealCount(config), "reconciler-real-count")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Figures(), "reconciler-figures")


class _RealCount:
    """Counts passed tests with the marker; under xdist the controller sees every report, so it counts for all."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One more, if a real test passed."""
        if report.when == "call" and report.passed and getattr(report, _IS_REAL, False):
            self._config.stash[_passed_real] += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Too few real tests make the session fail, even if nothing else did."""
        if self._is_worker() or not self._too_few():
            return
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """The line that says how much of the truth was real."""
        terminalreporter.write_line(
            f"tests against a real livekit-server: {self._config.stash[_passed_real]}"
        )
        if self._too_few():
            least = self._config.getoption("min_real")
            terminalreporter.write_line(f"too few: at least {least} are required", red=True)

    def _too_few(self) -> bool:
        least: int = self._config.getoption("min_real")
        return self._config.stash[_passed_real] < least

    def _is_worker(self) -> bool:
        return hasattr(self._config, "workerinput")
