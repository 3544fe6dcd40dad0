"""The promises of the test session itself: what happens without a server, and what is counted."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

# One test on both servers, so one of two is real.
ONE = "tests/real/test_livekit_behaviour.py::test_names_are_not_unique"
COUNT = "tests against a real livekit-server: "


def _session(*options: str, **environment: str) -> tuple[int, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECONCILE_", "PYTEST_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, ONE],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def without_server(tmp_path: Path) -> dict[str, str]:
    """An environment in which no livekit-server is found."""
    return {
        "XDG_CACHE_HOME": str(tmp_path),
        "PATH": str(tmp_path),
        "LIVEKIT_SERVER_BIN": str(tmp_path / "missing"),
    }


def test_without_a_server_real_tests_are_skipped(without_server: dict[str, str]) -> None:
    """The reason says how to get one; everything else runs."""
    status, text = _session(**without_server)
    assert status == 0
    assert "1 passed, 1 skipped" in text
    assert "no livekit-server 1.9.12: run `tools/get-livekit-server 1.9.12`" in text
    assert COUNT + "0" in text


def test_without_a_server_a_session_that_requires_one_fails(
    without_server: dict[str, str],
) -> None:
    """`RECONCILE_REQUIRE_REAL=1` turns the skip into an error."""
    status, text = _session(RECONCILE_REQUIRE_REAL="1", **without_server)
    assert status == 1
    assert "1 passed, 1 error" in text


def test_too_few_real_tests_fail_a_session(without_server: dict[str, str]) -> None:
    """`RECONCILE_MIN_REAL` makes skipped tests count against the session."""
    status, text = _session(RECONCILE_MIN_REAL="1", **without_server)
    assert status == 1
    assert "too few: at least 1 are required" in text


@pytest.mark.real
@pytest.mark.usefixtures("livekit_server")
@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_passed_real_tests_are_counted(options: tuple[str, ...]) -> None:
    """Only tests that did run against a real server count, in one process or in several."""
    status, text = _session(*options, RECONCILE_MIN_REAL="1")
    assert (status, COUNT + "1\n" in text) == (0, True), text
    status, text = _session(*options, RECONCILE_MIN_REAL="2")
    assert (status, "too few: at least 2 are required" in text) == (1, True), text


@pytest.mark.parametrize("address", ["192.0.2.1", "example.invalid"])
def test_tests_cannot_leave_this_machine(address: str) -> None:
    """A connection beyond loopback is an error before any packet is sent."""
    with socket.socket() as client, pytest.raises(RuntimeError, match="may not connect"):
        client.connect((address, 80))
