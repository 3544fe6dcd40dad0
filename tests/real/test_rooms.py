"""Every verdict on a room, and an apply that brings what rooms lack, with real workers on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from livekit.protocol import agent_dispatch, room

from reconciler.gateway.rooms import RoomsClient
from reconciler.pipeline.request import Request
from reconciler.pipeline.room_writes import RoomOutcome, RoomPlans, carry_out_rooms, read_rooms
from reconciler.pipeline.rooms import LIST_LAG, Judged, Project, client_of, open_project, survey
from tests.support.joining import caller, token
from tests.support.raw_client import RawClient
from tests.support.workers import Worker, wait_until

pytestmark = [pytest.mark.real, pytest.mark.slow]

CONFIGURATION = """\
version: 1
project: {name: acme}
agents:
  names:
    avatar: {agent_name: ornina-avatar-agent}
    nobody: {agent_name: nobody}
  rooms:
    - {prefix: token-, agents: [avatar], dispatch: token, join_timeout: 1s}
    - {prefix: nobody-, agents: [nobody], dispatch: token, join_timeout: 1s}
    - {prefix: app-, agents: [avatar], dispatch: app, join_timeout: 1s}
    - {prefix: empty-, agents: [], dispatch: app}
    - {prefix: ornina-, agents: [avatar], dispatch: controller, join_timeout: 1s}
"""
AVATAR = "ornina-avatar-agent"
# Until LiveKit shows whether a worker took a job.
JOB_SHOWS = 7.0


class Rooms:
    """A file, a server, and people who come and go."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.server = server
        self.folder = folder
        file = folder / "dispatch.yaml"
        file.write_text(CONFIGURATION)
        self.request = Request(
            (file,),
            {
                "LIVEKIT_URL": server.url,
                "LIVEKIT_API_KEY": server.api_key,
                "LIVEKIT_API_SECRET": server.api_secret,
            },
        )
        self.project: Project = open_project(self.request)
        self.client = RawClient(server.url, server.api_key, server.api_secret)

    @asynccontextmanager
    async def person(self, name: str, *agents: str) -> AsyncIterator[None]:
        """Somebody in a room, whose token brings agents if the join makes the room."""
        claims = (
            {"roomConfig": {"agents": [{"agentName": one} for one in agents]}} if agents else {}
        )
        async with caller(self.server, token(self.server, name, "alice", **claims)):
            yield

    def dispatch(self, name: str, agent_name: str) -> None:
        """An application asks for an agent."""
        wanted = agent_dispatch.CreateAgentDispatchRequest(room=name, agent_name=agent_name)
        assert self.client.call("AgentDispatchService", "CreateDispatch", wanted).ok

    def agents(self, name: str) -> list[str]:
        """The identities of the agents in a room."""
        wanted = room.ListParticipantsRequest(room=name)
        found = self.client.call("RoomService", "ListParticipants", wanted).answer.participants
        return [one.identity for one in found if one.identity.startswith("agent-")]

    async def look(self, name: str) -> Judged:
        """One room with its verdict."""
        async with client_of(self.request, self.project.endpoint) as client:
            found = await survey(client, self.project, self.request, [name])
        (judged,) = found.rooms
        return judged

    async def verdict(self, name: str) -> str:
        """Only the verdict."""
        return (await self.look(name)).judgement.verdict.value

    async def becomes(self, name: str, verdict: str, patience: float = 15.0) -> None:
        """Waits until a room has a verdict."""
        for _ in range(round(patience / 0.2)):
            if await self.verdict(name) == verdict:
                return
            await asyncio.sleep(0.2)
        judged = await self.look(name)
        raise AssertionError(f"{judged.judgement}, {judged.room}")


@pytest.fixture
def rooms(real_project: Any, tmp_path: Path) -> Iterator[Rooms]:
    """An empty project."""
    made = Rooms(real_project, tmp_path)
    yield made
    made.client.close()


@pytest.fixture
def worker(real_project: Any, tmp_path: Path) -> Iterator[Worker]:
    """A worker that is registered under the name of the avatar."""
    with Worker(real_project, AVATAR, tmp_path) as running:
        yield running


async def test_every_verdict(rooms: Rooms, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each verdict once, in rooms that came to deserve it in the way in which rooms do."""
    async with (
        rooms.person("token-ok", AVATAR),
        rooms.person("token-plain"),
        rooms.person("nobody-1", "nobody"),
        rooms.person("app-1"),
        rooms.person("token-twice", AVATAR),
        rooms.person("empty-1"),
        rooms.person("token-left", AVATAR),
        rooms.person("lobby"),
    ):
        assert await rooms.verdict("nobody-1") == "waiting"
        assert await rooms.verdict("lobby") == "no convention"
        assert await rooms.verdict("token-plain") == "missing dispatch"
        await rooms.becomes("token-ok", "ok")
        await rooms.becomes("app-1", "missing dispatch")
        rooms.dispatch("app-1", AVATAR)
        await rooms.becomes("app-1", "ok")
        rooms.dispatch("token-twice", AVATAR)
        await rooms.becomes("token-twice", "duplicate agent")
        rooms.dispatch("empty-1", AVATAR)
        await rooms.becomes("empty-1", "unexpected agent")
        await rooms.becomes("nobody-1", "agent never joined")
        await rooms.becomes("token-left", "ok")
        # LiveKit shows that a worker took the job some seconds after its agent is there.
        await asyncio.sleep(JOB_SHOWS)
        (agent,) = rooms.agents("token-left")
        gone = room.RoomParticipantIdentity(room="token-left", identity=agent)
        assert rooms.client.call("RoomService", "RemoveParticipant", gone).ok
        await rooms.becomes("token-left", "waiting")
        now = RoomsClient.now
        monkeypatch.setattr(RoomsClient, "now", lambda self: now(self) + 60.0)
        await rooms.becomes("token-left", "agent left")


async def test_the_list_counts_people_late(rooms: Rooms) -> None:
    """`ListRooms` takes seconds to count somebody, `ListParticipants` none: of young rooms the list tells nothing."""
    async with rooms.person("token-1"), client_of(rooms.request, rooms.project.endpoint) as client:
        (listed,) = await client.rooms()
        waiting, _ = await client.participants("token-1")
        assert (listed.waiting, waiting) == (0, 1)
        assert await rooms.verdict("token-1") == "missing dispatch"
        for _ in range(round(LIST_LAG / 0.2)):
            (listed,) = await client.rooms()
            if listed.waiting:
                break
            await asyncio.sleep(0.2)
        assert listed.waiting == 1


async def test_a_room_that_is_over_costs_no_error(rooms: Rooms) -> None:
    """It was in the list and is not there any more: nothing is said of it, after 3 s of the server's."""
    async with (
        rooms.person("token-1", AVATAR),
        client_of(rooms.request, rooms.project.endpoint) as client,
    ):
        (listed,) = await client.rooms()
        gone = room.DeleteRoomRequest(room="token-1")
        assert rooms.client.call("RoomService", "DeleteRoom", gone).ok
        assert await client.look_into(listed) is None


def _lacking(plans: RoomPlans) -> list[tuple[str, str]]:
    return [(one.room.name, write.act.value) for one in plans.rooms for write in one.writes]


async def test_an_apply_brings_the_agent_once(rooms: Rooms, worker: Worker) -> None:
    """A room with somebody in it and an empty one: dispatched, joined, and a second apply has nothing to do."""
    made = room.CreateRoomRequest(name="ornina-empty")
    assert rooms.client.call("RoomService", "CreateRoom", made).ok
    async with rooms.person("ornina-1"):
        plans = await asyncio.to_thread(read_rooms, rooms.request, rooms.project)
        assert _lacking(plans) == [("ornina-1", "dispatch"), ("ornina-empty", "dispatch")]
        results, _ = await asyncio.to_thread(carry_out_rooms, rooms.request, plans, None)
        assert {one.outcome for one in results} == {RoomOutcome.DONE}
        again = await asyncio.to_thread(read_rooms, rooms.request, rooms.project)
        assert _lacking(again) == []
        await rooms.becomes("ornina-1", "ok")
        await asyncio.to_thread(wait_until, lambda: len(worker.jobs()) == 2)
        # The plan from before is carried out once more: what it asked for is there by now.
        results, _ = await asyncio.to_thread(carry_out_rooms, rooms.request, plans, None)
        assert {one.outcome for one in results} == {RoomOutcome.NOT_NEEDED}
        assert len(rooms.agents("ornina-1")) == 1


async def test_a_dropped_job_is_tried_again(rooms: Rooms, tmp_path: Path) -> None:
    """Dispatched when no worker was registered: LiveKit never asks again, an apply does, and the agent comes once."""
    async with rooms.person("ornina-1"):
        rooms.dispatch("ornina-1", AVATAR)
        with Worker(rooms.server, AVATAR, tmp_path) as late:
            await rooms.becomes("ornina-1", "agent never joined", patience=30.0)
            assert late.jobs() == []
            plans = await asyncio.to_thread(read_rooms, rooms.request, rooms.project)
            assert _lacking(plans) == [("ornina-1", "retry")]
            await asyncio.to_thread(carry_out_rooms, rooms.request, plans, None)
            await rooms.becomes("ornina-1", "ok")
            assert len(late.jobs()) == 1
