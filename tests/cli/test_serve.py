"""`reconcile serve` as a process, against an emulated project: how it starts, what it does, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from livekit.protocol import agent_dispatch, room

from reconciler.emulator.server import Emulator
from tests.support import webhooks
from tests.support.cli import COMMAND
from tests.support.ports import free_port
from tests.support.raw_client import RawClient
from tests.support.serving import Serving
from tests.support.webhooks import started
from tests.support.workers import wait_until

FILE = """\
version: 1
project: {name: ornina}
sip:
  outbound_trunks:
    out: {address: sip.example.net, numbers: ["+15550100001"], auth: {username: u, password: {env: NOT_SET_HERE}}}
agents:
  names: {avatar: {agent_name: ornina-avatar-agent}}
  rooms:
    - {prefix: ornina-, agents: [avatar], dispatch: controller, join_timeout: 2s}
"""
SECRET = "a-secret-that-must-appear-nowhere-at-all"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulated project whose secret is easy to find again."""
    with Emulator(api_secret=SECRET) as running:
        yield running


@pytest.fixture
def serving(emulator: Emulator, tmp_path: Path) -> Iterator[Serving]:
    """A controller that is not started yet."""
    made = _serving(emulator, tmp_path)
    yield made
    made.kill()
    assert SECRET not in made.log()


def _serving(server: Any, folder: Path, *options: str) -> Serving:
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "dispatch.yaml").write_text(FILE)
    return Serving(server, folder, free_port(), "--resync", "1s", *options)


class Project:
    """What others do in the emulated project."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def make(self, name: str) -> str:
        """Somebody makes a room; its session."""
        answer = self._call("RoomService", "CreateRoom", room.CreateRoomRequest(name=name))
        session: str = answer.sid
        return session

    def end(self, name: str) -> None:
        """Somebody ends a room."""
        self._call("RoomService", "DeleteRoom", room.DeleteRoomRequest(room=name))

    def agents(self, name: str) -> list[str]:
        """The agents that were asked for in a room, the unnamed one left out."""
        return [one.agent_name for one in self.dispatches(name)]

    def dispatches(self, name: str) -> list[agent_dispatch.AgentDispatch]:
        """By which dispatches they were."""
        request = agent_dispatch.ListAgentDispatchRequest(room=name)
        answer = self._call("AgentDispatchService", "ListDispatch", request)
        return [one for one in answer.agent_dispatches if one.agent_name]

    def _call(self, service: str, method: str, request: Any) -> Any:
        one = self._emulator
        client = RawClient(one.url, one.api_key, one.api_secret)
        try:
            done = client.call(service, method, request)
        finally:
            client.close()
        assert done.ok, done
        return done.answer


@pytest.fixture
def project(emulator: Emulator) -> Project:
    """The emulated project."""
    return Project(emulator)


def send(serving: Serving, event: dict[str, Any]) -> tuple[int, str]:
    """A webhook as LiveKit signs it; the status and the body of the answer."""
    return webhooks.send(serving.url, "devkey", SECRET, event)


def until(condition: Callable[[], Any], serving: Serving) -> None:
    """Waits for something; what fails tells the log."""
    wait_until(condition, serving.log, patience=20.0)


def test_a_webhook_brings_the_agent(serving: Serving, project: Project) -> None:
    """One dispatch for a room that comes to be, however often its webhook comes, and the journal has the story."""
    serving.start()
    session = project.make("ornina-1")
    assert send(serving, started("ornina-1", session)) == (200, '{"result": "taken"}')
    until(lambda: project.agents("ornina-1"), serving)
    assert send(serving, started("ornina-1", session)) == (200, '{"result": "repeated"}')
    assert send(serving, started("ornina-1", session, "EV_2")) == (200, '{"result": "taken"}')
    time.sleep(1.5)
    assert project.agents("ornina-1") == ["ornina-avatar-agent"]
    steps = serving.steps("ornina-1")
    assert steps[:2] == ["room started", "convention"]
    assert steps.count("dispatched") == 2  # LiveKit's own for the unnamed agent, and this one
    assert serving.stop() == 0


def test_without_webhooks_a_resync_brings_it(serving: Serving, project: Project) -> None:
    """Rooms from before the start, and rooms that nobody told about."""
    project.make("ornina-before")
    serving.start()
    assert project.agents("ornina-before") == ["ornina-avatar-agent"]
    project.make("ornina-after")
    until(lambda: project.agents("ornina-after"), serving)
    assert project.agents("ornina-after") == ["ornina-avatar-agent"]


def test_an_end_that_nobody_heard_of_is_told(
    serving: Serving, project: Project, emulator: Emulator
) -> None:
    """Rooms end while no controller runs: the next one tells so, and where that leaves open whether an agent came."""
    serving.start()
    project.make("ornina-empty")
    project.make("ornina-waited")
    emulator.join("ornina-waited", "mona")
    # The controller has seen her when it complains: nobody answers to the name.
    until(lambda: "retried" in serving.steps("ornina-waited"), serving)
    serving.kill()
    project.end("ornina-empty")
    project.end("ornina-waited")
    serving.start()
    until(lambda: "room finished" in serving.steps("ornina-waited"), serving)
    until(lambda: "room finished" in serving.steps("ornina-empty"), serving)
    (waited,) = [one for one in serving.history("ornina-waited") if one["step"] == "room finished"]
    assert waited["text"] == (
        "no webhook told its end: whether ornina-avatar-agent came is not known"
    )
    assert waited["failed"]
    (empty,) = [one for one in serving.history("ornina-empty") if one["step"] == "room finished"]
    assert empty["text"] == waited["text"]
    assert not empty["failed"]


def test_a_job_that_was_taken_unheard_is_told(
    serving: Serving, project: Project, emulator: Emulator
) -> None:
    """The agent comes and goes while no controller runs; what is left of it is the job."""
    serving.start()
    project.make("ornina-1")
    until(lambda: project.agents("ornina-1"), serving)
    until(lambda: "dispatched" in serving.steps("ornina-1"), serving)
    serving.kill()
    (dispatch,) = project.dispatches("ornina-1")
    agent = emulator.take_job("ornina-1", dispatch.id)
    emulator.leave("ornina-1", agent.identity)
    serving.start()
    until(lambda: "job taken" in serving.steps("ornina-1"), serving)
    assert project.agents("ornina-1") == ["ornina-avatar-agent"]


def test_rooms_of_others_are_left_alone(serving: Serving, project: Project) -> None:
    """Neither a room without a convention nor the canary of a probe gets an agent."""
    for name in ("lobby", "reconcile-probe-1"):
        project.make(name)
    serving.start()
    time.sleep(1.5)
    assert project.agents("lobby") == []
    assert project.agents("reconcile-probe-1") == []
    assert "reconcile-probe-1" not in serving.get("/")[1]


def test_it_ends_what_it_began(serving: Serving, project: Project, emulator: Emulator) -> None:
    """SIGTERM in the middle of a dispatch: it is made and written down before the process ends with 0."""
    serving.start()
    session = project.make("ornina-1")
    emulator.faults.delay("CreateDispatch", 1.5)
    assert send(serving, started("ornina-1", session))[0] == 200
    until(lambda: emulator.count("ListDispatch"), serving)
    time.sleep(0.3)
    assert serving.stop() == 0
    assert project.agents("ornina-1") == ["ornina-avatar-agent"]
    assert "dispatched" in serving.steps("ornina-1")


def test_ctrl_c_ends_it_as_well(serving: Serving) -> None:
    """SIGINT is a request to stop like any other."""
    serving.start()
    os.kill(serving.pid, signal.SIGINT)
    until(lambda: serving.get("/healthz")[0] == 0, serving)
    assert "Traceback" not in serving.log()


def test_a_changed_file_is_in_force_at_once(serving: Serving, project: Project) -> None:
    """A new convention counts for rooms that live already; a broken file changes nothing, and is told."""
    serving.start()
    project.make("studio-1")
    path = serving.folder / "config" / "dispatch.yaml"
    path.write_text(FILE.replace("ornina-,", "studio-,"))
    until(lambda: project.agents("studio-1"), serving)
    path.write_text(FILE.replace("ornina-,", "lobby-,") + "  nonsense: [\n")
    until(lambda: "alert: the changed file is not used" in serving.log(), serving)
    assert "reconcile_config_current 0.0" in serving.get("/metrics")[1]
    assert serving.get("/readyz")[0] == 200
    project.make("lobby-1")
    project.make("studio-2")
    until(lambda: project.agents("studio-2"), serving)
    assert project.agents("lobby-1") == []
    path.write_text(FILE.replace("ornina-,", "lobby-,"))
    until(lambda: project.agents("lobby-1"), serving)
    assert "reconcile_config_current 1.0" in serving.get("/metrics")[1]


def test_it_waits_for_livekit(tmp_path: Path) -> None:
    """A server that is not there yet is an alert; once it is, everything is as it should be."""
    port = free_port()

    class Later:
        url, api_key, api_secret = f"http://127.0.0.1:{port}", "devkey", SECRET

    serving = _serving(Later(), tmp_path)
    try:
        serving.start(wait=False)
        until(lambda: "is the server running" in serving.log(), serving)
        assert serving.get("/healthz") == (200, "ok\n")
        assert serving.get("/readyz") == (503, "not ready: first resync\n")
        with Emulator(api_secret=SECRET, port=port) as emulator:
            Project(emulator).make("ornina-1")
            until(lambda: serving.get("/readyz")[0] == 200, serving)
            assert Project(emulator).agents("ornina-1") == ["ornina-avatar-agent"]
    finally:
        serving.kill()


@pytest.mark.parametrize(
    ("options", "says", "code"),
    [
        (("--journal", "nonsense"), "journal", 1),
        (("--journal", "sqlite:////proc/journal.db"), "journal", 1),
        (("--queue", "nonsense"), "--queue is no URL of a Redis", 1),
        (("--queue", "redis://:hidden@127.0.0.1:1/0"), "is it running, and --queue right?", 1),
        (("-c", "missing.yaml"), "missing.yaml", 1),
        (("--resync", "soon"), "write a duration such as 30s", 64),
        (("--port", "99999"), "99999", 64),
    ],
)
def test_what_cannot_be_used_is_one_line(
    serving: Serving, options: tuple[str, ...], says: str, code: int
) -> None:
    """It does not start, says why in one line, and shows no password."""
    ran = serving.command("serve", "--port", "0", *options)
    assert ran.returncode == code, ran.stderr
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "hidden" not in ran.stderr


def test_a_port_that_is_taken_is_one_line(serving: Serving) -> None:
    """Whoever starts it twice is told."""
    serving.start()
    ran = serving.command("serve", "--port", str(serving.port))
    assert ran.returncode == 1
    assert f"port {serving.port}" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_empty_secret_is_refused(serving: Serving) -> None:
    """Anybody could sign webhooks with it."""
    ran = subprocess.run(
        [*COMMAND, "serve", "--port", "0"],
        cwd=serving.folder,
        env={
            **os.environ,
            "LIVEKIT_URL": "ws://127.0.0.1:1",
            "LIVEKIT_API_KEY": "k",
            "LIVEKIT_API_SECRET": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "LIVEKIT_API_SECRET not set" in ran.stderr


def test_its_log_is_json_where_that_is_asked(emulator: Emulator, tmp_path: Path) -> None:
    """The address on stdout and each line of the log are JSON."""
    serving = _serving(emulator, tmp_path, "--format", "json", "--quiet")
    try:
        Project(emulator).make("ornina-1")
        serving.start()
        serving.stop()
        lines = [json.loads(line) for line in serving.log().splitlines()]
        assert lines[0] == {"url": serving.url}
    finally:
        serving.kill()


def test_no_secret_is_shown(serving: Serving, project: Project) -> None:
    """Neither on the pages nor in the log, and nothing of what else a webhook holds."""
    serving.start()
    send(serving, started("ornina-1", project.make("ornina-1")))
    until(lambda: project.agents("ornina-1"), serving)
    pages = [serving.get(path)[1] for path in ("/", "/?room=ornina-1", "/metrics", "/readyz")]
    for text in (*pages, serving.log()):
        assert SECRET not in text
        assert "also-secret" not in text


def test_what_others_may_bring_is_brought_in_time(emulator: Emulator, tmp_path: Path) -> None:
    """Between `app` and `controller` the application has `join_timeout`; no resync has to come for that to end."""
    serving = _serving(emulator, tmp_path, "--resync", "1h")
    path = tmp_path / "config" / "dispatch.yaml"
    path.write_text(FILE.replace("dispatch: controller", "dispatch: [app, controller]"))
    try:
        serving.start()
        session = Project(emulator).make("ornina-1")
        assert send(serving, started("ornina-1", session))[0] == 200
        time.sleep(1.0)
        assert Project(emulator).agents("ornina-1") == []
        until(lambda: Project(emulator).agents("ornina-1"), serving)
    finally:
        serving.kill()


def test_an_answer_that_is_late_brings_no_second_agent(emulator: Emulator, tmp_path: Path) -> None:
    """The server makes the dispatch after the call was given up: no event and no resync makes another meanwhile."""
    serving = _serving(emulator, tmp_path, "--timeout", "1s")
    emulator.faults.delay("CreateDispatch", 3.0)
    project = Project(emulator)
    try:
        serving.start()
        session = project.make("ornina-1")
        assert send(serving, started("ornina-1", session))[0] == 200
        until(lambda: "answer lost" in serving.steps("ornina-1"), serving)
        send(serving, started("ornina-1", session, "EV_2"))
        until(lambda: project.agents("ornina-1"), serving)
        time.sleep(14.0)  # the quiet time is over: the list has been read again
        assert project.agents("ornina-1") == ["ornina-avatar-agent"]
        assert emulator.count("CreateDispatch") == 1
    finally:
        serving.kill()
