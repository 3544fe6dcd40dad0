"""A real server behind a network that breaks: answers and requests lost, an interrupt, and nothing twice.

Lost calls and kills at every single call are in `tests/boundaries`; here are the cases that need a closer look.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.apply import Outcome
from reconciler.errors import ApiError, Unreachable
from tests.support.objects import (
    change_inbound,
    create_outbound,
    create_rule,
    inbound_trunks,
    rules,
)
from tests.support.project import SECRET, Project
from tests.support.recording import RecordingProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.livekit_server import LiveKitServer
    from tests.support.raw_client import RawClient

pytestmark = pytest.mark.real

NUMBER, OTHER = "+15550100001", "+15550100002"
AUTH = {"username": "acme", "password": {"env": "SIP_PASSWORD"}}


@pytest.fixture
def project(real_project: LiveKitServer, tmp_path: Path) -> Project:
    """An empty project on the real server."""
    return Project(real_project, tmp_path)


@pytest.fixture
def proxy(project: Project) -> Iterator[RecordingProxy]:
    """The way from the project to its server, which tests break."""
    with RecordingProxy(project.server.url) as proxy:
        project.environ["LIVEKIT_URL"] = proxy.url
        yield proxy


@pytest.fixture
def client(project: Project) -> Iterator[RawClient]:
    """Somebody else with a key to the same project, past the proxy."""
    client = project.client()
    yield client
    client.close()


def _everything(trunks: int = 3) -> dict[str, Any]:
    """Inbound trunks, outbound trunks and rules, some waiting for others."""
    numbers = [f"+1555010{n:04}" for n in range(trunks)]
    return {
        "sip": {
            "inbound_trunks": {
                f"in{n}": {"numbers": [number], "auth": AUTH, "headers": {"X-Site": str(n)}}
                for n, number in enumerate(numbers)
            },
            "outbound_trunks": {
                f"out{n}": {"address": "sip.example", "numbers": [number], "auth": AUTH}
                for n, number in enumerate(numbers)
            },
            "dispatch_rules": {
                f"rule{n}": {
                    "trunks": [f"in{n}"],
                    "rooms": {"individual": {"prefix": f"call{n}-", "random_suffix": False}},
                    "media": {"encryption": "allow"},
                }
                for n in range(trunks)
            },
        }
    }


def _names(project: Project) -> Counter[tuple[str, str]]:
    return Counter((one.kind, one.name) for one in project.live())


def _assert_whole(project: Project, objects: int) -> None:
    """All objects live, none twice, and nothing left to do."""
    names = _names(project)
    assert len(names) == objects
    assert set(names.values()) == {1}
    assert project.plan().is_empty


# --- answers and requests that get lost


@pytest.mark.parametrize(
    "method", ["CreateSIPInboundTrunk", "CreateSIPOutboundTrunk", "CreateSIPDispatchRule"]
)
@pytest.mark.parametrize("lost", ["lose_answer", "lose_request"])
def test_a_create_that_got_lost_is_looked_up_before_it_is_tried_again(
    project: Project, proxy: RecordingProxy, method: str, lost: str
) -> None:
    """Whether the server did it or not cannot be known; either way there is one object in the end."""
    getattr(proxy.faults, lost)(method)
    report = project.apply(_everything(1))
    assert report.is_complete, report
    assert proxy.count(method) == (1 if lost == "lose_answer" else 2)
    _assert_whole(project, 3)


def test_a_create_that_is_cut_off_in_its_answer_is_found(
    project: Project, proxy: RecordingProxy
) -> None:
    """Half an answer is a lost one."""
    proxy.faults.truncate("CreateSIPOutboundTrunk", size=3)
    assert project.apply(_everything(1)).is_complete
    _assert_whole(project, 3)


def test_a_create_that_is_only_slow_is_not_made_twice(
    project: Project, proxy: RecordingProxy
) -> None:
    """The connection breaks while the server still works at it: the second try finds what the first one made."""

    def pass_on_late(method: str) -> None:
        if method == "CreateSIPOutboundTrunk":
            proxy.before = None
            time.sleep(1.2)

    proxy.before = pass_on_late
    report = project.apply(
        {"sip": {"outbound_trunks": _everything(1)["sip"]["outbound_trunks"]}}, timeout=1.0
    )
    assert report.is_complete, report
    assert proxy.count("CreateSIPOutboundTrunk") == 1
    _assert_whole(project, 1)


def test_a_foreign_object_of_the_same_name_is_not_taken_for_ours(
    project: Project, proxy: RecordingProxy, client: RawClient
) -> None:
    """The request is lost and somebody made one of that name meanwhile: no second one, and a reason."""
    project.apply({"sip": {"inbound_trunks": _everything(1)["sip"]["inbound_trunks"]}})

    def interfere(method: str) -> None:
        if method == "CreateSIPDispatchRule":
            proxy.before = None
            create_rule(client, name="rule0", trunk_ids=["ST_theirs"])

    proxy.before = interfere
    proxy.faults.lose_request("CreateSIPDispatchRule")
    report = project.apply(_everything(1))
    (failed,) = [result for result in report.results if result.outcome is Outcome.FAILED]
    assert "differs from what was sent: run again to compare and finish" in failed.message
    assert len(rules(client)) == 1
    assert project.apply().is_complete
    _assert_whole(project, 3)


def test_reading_survives_every_kind_of_fault(project: Project, proxy: RecordingProxy) -> None:
    """Lists are repeated after lost connections, throttling, failures and broken bodies."""
    project.apply(_everything(1))
    proxy.faults.lose_request("ListSIPInboundTrunk")
    proxy.faults.answer("ListSIPOutboundTrunk", 429, "resource_exhausted", "", {"Retry-After": "0"})
    proxy.faults.answer("ListSIPDispatchRule", 503, "unavailable", "no")
    proxy.faults.truncate("ListSIPInboundTrunk", size=9, nth=2)
    proxy.faults.answer("ListSIPOutboundTrunk", 502, body=b"<html>", nth=2)
    assert project.plan().is_empty
    assert proxy.faults.pending == 0


def test_a_throttled_create_waits_as_long_as_it_is_told(
    project: Project, proxy: RecordingProxy
) -> None:
    """429 means not done: the create is sent again, and not before the time has come."""
    proxy.faults.answer(
        "CreateSIPInboundTrunk", 429, "resource_exhausted", "slow down", {"Retry-After": "1"}
    )
    start = time.monotonic()
    assert project.apply(_everything(1)).is_complete
    assert time.monotonic() - start >= 1.0
    _assert_whole(project, 3)


def test_a_time_out_covers_all_tries(project: Project, proxy: RecordingProxy) -> None:
    """A server that fails for ever is given up when the time is over, not after so many tries of that length."""
    proxy.faults.answer("List*", 503, "unavailable", "no", times=1000)
    start = time.monotonic()
    with pytest.raises(Unreachable, match="fails with unavailable"):
        project.plan(_everything(1), timeout=1.5)
    assert time.monotonic() - start < 2.5


@pytest.mark.parametrize("seed", range(6))
def test_any_faults_and_a_second_run_leave_the_project_whole(
    project: Project, proxy: RecordingProxy, seed: int
) -> None:
    """Whatever breaks in the first run, the second one finishes the work and nothing is there twice."""
    methods = ["Create*", "List*", "Update*", "*"]
    faults: list[Callable[..., None]] = [
        proxy.faults.lose_answer,
        proxy.faults.lose_request,
        proxy.faults.truncate,
        lambda method, nth: proxy.faults.answer(method, 500, "internal", "broken", nth=nth),
        lambda method, nth: proxy.faults.answer(
            method, 500, "internal", "broken after the effect", nth=nth, after_effect=True
        ),
        lambda method, nth: proxy.faults.answer(method, 400, "invalid_argument", "no", nth=nth),
    ]
    for turn in range(6):
        fault = faults[(seed + turn) % len(faults)]
        fault(methods[(seed * 7 + turn * 3) % len(methods)], nth=1 + (seed * 5 + turn * 2) % 9)
    with contextlib.suppress(ApiError):  # a plan that cannot be made is one of the outcomes
        project.apply(_everything(3))
    proxy.faults.clear()
    assert project.apply(_everything(3)).is_complete
    _assert_whole(project, 9)


# --- processes that end in the middle


@contextlib.contextmanager
def _apply_process(project: Project) -> Iterator[subprocess.Popen[str]]:
    """`reconcile apply` as a process of its own, gone at the end whatever happens."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LIVEKIT_", "RECONCILE_"))
    }
    program = "import sys; from reconciler.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "apply", "-c", str(project.file), "--auto-approve"]
    with subprocess.Popen(
        [*command, "--concurrency", "1", "--timeout", "10s"],
        cwd=project.file.parent,
        env={**environ, **project.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_interrupt_lets_the_call_in_flight_finish(
    project: Project, proxy: RecordingProxy
) -> None:
    """Ctrl-C ends with 130 after the call under way; the report has its outcome and says what was not tried."""
    project.write(_everything(3))
    begun = threading.Event()

    def slow(method: str) -> None:
        if method.startswith("CreateSIPInboundTrunk"):
            begun.set()
            time.sleep(0.7)

    proxy.before = slow
    with _apply_process(project) as process:
        assert begun.wait(20)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in out + err
    assert SECRET not in out + err
    assert "interrupted" in out + err
    assert _names(project) == Counter({("inbound_trunk", "in0"): 1})
    proxy.before = None
    assert project.apply().is_complete
    _assert_whole(project, 9)


def test_a_twin_that_came_while_we_wrote_is_in_the_report(
    project: Project, proxy: RecordingProxy, client: RawClient
) -> None:
    """Outbound trunks never conflict, so a second one of the name gets in: the closing look names both ids."""

    def interfere(method: str) -> None:
        if method == "CreateSIPOutboundTrunk":
            proxy.before = None
            assert create_outbound(client, name="out0").ok

    proxy.before = interfere
    report = project.apply({"sip": {"outbound_trunks": _everything(1)["sip"]["outbound_trunks"]}})
    assert report.count(Outcome.DONE) == 1
    assert not report.is_complete
    (difference,) = report.differences
    assert all(one.id in difference for one in project.live())


def test_an_edit_between_the_look_and_the_write_is_in_the_report(
    project: Project, proxy: RecordingProxy, client: RawClient
) -> None:
    """The window that LiveKit leaves: the closing snapshot shows what somebody else changed while we wrote."""
    project.apply(_everything(1))

    def interfere(method: str) -> None:
        if method == "UpdateSIPInboundTrunk":
            proxy.before = None
            (trunk,) = inbound_trunks(client)
            change_inbound(client, trunk.sip_trunk_id, metadata="theirs")

    proxy.before = interfere
    file = _everything(1)
    file["sip"]["inbound_trunks"]["in0"]["numbers"] = [NUMBER, OTHER]
    report = project.apply(file)
    assert report.count(Outcome.DONE) == 1
    assert not report.is_complete
    assert report.differences == ('inbound trunk "in0" still differs: metadata',)
