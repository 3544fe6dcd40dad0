"""Canaries on a real server: which workers they bring, and that they are gone afterwards, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from livekit.protocol import agent_dispatch, models, room

from reconciler.agents.live import CANARY_PREFIX
from reconciler.pipeline.probe import CANARY_METADATA
from tests.support.cli import COMMAND, Shell
from tests.support.raw_client import RawClient
from tests.support.schemas import problems
from tests.support.workers import Worker, wait_until

pytestmark = [pytest.mark.real, pytest.mark.slow]

CONFIGURATION = """\
version: 1
project: {name: acme}
agents:
  names:
    avatar: {agent_name: ornina-avatar-agent}
    interviewer: {agent_name: ""}
  rooms:
    - {prefix: ornina-, agents: [avatar], dispatch: controller}
"""
AVATAR = "ornina-avatar-agent"


@pytest.fixture
def probing(real_project: Any, tmp_path: Path) -> Shell:
    """A folder with two agents in its configuration, connected to an empty project."""
    shell = Shell(tmp_path).connect(real_project)
    shell.write("config/dispatch.yaml", CONFIGURATION)
    return shell


@pytest.fixture
def client(real_project: Any) -> Iterator[RawClient]:
    """Who looks at the server meanwhile."""
    made = RawClient(real_project.url, real_project.api_key, real_project.api_secret)
    yield made
    made.close()


def _canaries(client: RawClient) -> list[models.Room]:
    answer = client.call("RoomService", "ListRooms", room.ListRoomsRequest()).answer
    return [one for one in answer.rooms if one.name.startswith(CANARY_PREFIX)]


def _probe(shell: Shell, code: int, *arguments: str) -> dict[str, dict[str, Any]]:
    ran = shell.run("probe", *arguments, "--format", "json")
    assert ran.code == code, ran.out + ran.err
    document = json.loads(ran.out)
    assert problems("probe", document) == []
    return {one["agent"]: one for one in document["agents"]}


def test_named_and_unnamed_workers(
    probing: Shell, real_project: Any, client: RawClient, tmp_path: Path
) -> None:
    """Both answer; a canary for a named agent asks nobody else; agents can tell it from a caller; no room stays."""
    with (
        Worker(real_project, AVATAR, tmp_path) as avatar,
        Worker(real_project, "", tmp_path) as unnamed,
    ):
        # A worker that has just started is not always given its first job: whoever waits for it asks first.
        for name in ("avatar", "(unnamed)"):
            wait_until(lambda name=name: probing.run("probe", name, "--timeout", "3s").code == 0)
        before = (len(avatar.jobs()), len(unnamed.jobs()))
        found = _probe(probing, 0)
        assert [found[name]["answered"] for name in (AVATAR, "(unnamed)")] == [1, 1]
        assert [found[name]["strangers"] for name in (AVATAR, "(unnamed)")] == [[], []]
        assert (len(avatar.jobs()), len(unnamed.jobs())) == (before[0] + 1, before[1] + 1)
        assert {one["metadata"] for one in avatar.joined()} == {CANARY_METADATA}
    assert _canaries(client) == []


def test_a_worker_that_was_started_without_its_name(
    probing: Shell, real_project: Any, client: RawClient, tmp_path: Path
) -> None:
    """The named agent does not answer, and the second canary tells why."""
    with Worker(real_project, "", tmp_path):
        wait_until(lambda: probing.run("probe", "(unnamed)", "--timeout", "3s").code == 0)
        found = _probe(probing, 2, "avatar", "--timeout", "3s")
    assert found[AVATAR]["answered"] == 0
    assert "started without agent_name" in found[AVATAR]["hint"]
    assert _canaries(client) == []


def test_a_dispatch_would_lie(real_project: Any, client: RawClient, tmp_path: Path) -> None:
    """Why canaries are made by `CreateRoom`: `CreateDispatch` on a new room brings the unnamed worker as well."""
    with Worker(real_project, "", tmp_path) as unnamed:
        wanted = agent_dispatch.CreateAgentDispatchRequest(room="by-dispatch", agent_name=AVATAR)
        assert client.call("AgentDispatchService", "CreateDispatch", wanted).ok
        wait_until(lambda: [one["room"] for one in unnamed.jobs()] == ["by-dispatch"])
        named = agent_dispatch.RoomAgentDispatch(agent_name=AVATAR)
        made = room.CreateRoomRequest(name="by-room", agents=[named])
        assert client.call("RoomService", "CreateRoom", made).ok
        time.sleep(2.0)
        assert [one["room"] for one in unnamed.jobs()] == ["by-dispatch"]


def test_an_agent_makes_a_deleted_room_anew(
    real_project: Any, client: RawClient, tmp_path: Path
) -> None:
    """It took its job before the room was deleted, and joins later; deleting its dispatch first changes nothing."""
    named = agent_dispatch.RoomAgentDispatch(agent_name=AVATAR)
    with Worker(real_project, AVATAR, tmp_path, "--delay", "1") as worker:

        def asked() -> bool:
            made = room.CreateRoomRequest(name=f"slow-{time.monotonic()}", agents=[named])
            assert client.call("RoomService", "CreateRoom", made).ok
            time.sleep(0.7)
            return bool(worker.jobs())

        wait_until(asked)
        name = worker.jobs()[-1]["room"]
        for made in client.call(
            "AgentDispatchService",
            "ListDispatch",
            agent_dispatch.ListAgentDispatchRequest(room=name),
        ).answer.agent_dispatches:
            gone = agent_dispatch.DeleteAgentDispatchRequest(room=name, dispatch_id=made.id)
            assert client.call("AgentDispatchService", "DeleteDispatch", gone).ok
        assert client.call("RoomService", "DeleteRoom", room.DeleteRoomRequest(room=name)).ok
        again = room.ListRoomsRequest(names=[name])
        wait_until(lambda: client.call("RoomService", "ListRooms", again).answer.rooms)


def test_a_killed_probe_leaves_nothing_for_long(
    probing: Shell, real_project: Any, client: RawClient, tmp_path: Path
) -> None:
    """Nobody deletes the room of a probe that was killed, with an agent in it: the server ends it by itself."""
    with Worker(real_project, AVATAR, tmp_path, "--delay", "1"):
        process = subprocess.Popen(
            [*COMMAND, "probe", "avatar", "--timeout", "3s"],
            cwd=probing.folder,
            env={**os.environ, **probing.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: len(_canaries(client)) == 1)
        process.kill()
        process.wait()
        (canary,) = _canaries(client)
        assert (canary.empty_timeout, canary.metadata) == (18, CANARY_METADATA)
        wait_until(lambda: _canaries(client) == [])
