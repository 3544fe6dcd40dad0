"""Live rooms of the emulator: who is there, who is counted, when a room ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.protocol import agent_dispatch, models, room

from reconciler.emulator.server import Emulator
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.emulator.faults import Call


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The emulator's clock."""
    return Clock()


@pytest.fixture
def emulator(clock: Clock) -> Iterator[Emulator]:
    """An emulator whose time stands still."""
    with Emulator(clock=clock, missing_room_delay=0.0) as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[RawClient]:
    """A client of it."""
    made = RawClient(emulator.url, emulator.api_key, emulator.api_secret)
    yield made
    made.close()


def _rooms(client: RawClient) -> dict[str, models.Room]:
    answer = client.call("RoomService", "ListRooms", room.ListRoomsRequest()).answer
    return {live.name: live for live in answer.rooms}


def _dispatches(client: RawClient, name: str) -> list[agent_dispatch.AgentDispatch]:
    request = agent_dispatch.ListAgentDispatchRequest(room=name)
    answer = client.call("AgentDispatchService", "ListDispatch", request).answer
    return list(answer.agent_dispatches)


def test_agents_are_not_counted(emulator: Emulator, client: RawClient) -> None:
    """`num_participants` tells where somebody waits, so agents are left out."""
    emulator.join("r", "alice")
    emulator.join("r", "agent-1", kind="AGENT")
    assert _rooms(client)["r"].num_participants == 1
    request = room.ListParticipantsRequest(room="r")
    people = client.call("RoomService", "ListParticipants", request).answer.participants
    assert {info.identity: info.kind for info in people} == {
        "alice": models.ParticipantInfo.STANDARD,
        "agent-1": models.ParticipantInfo.AGENT,
    }


def test_a_plain_join_asks_for_the_unnamed_agent(emulator: Emulator, client: RawClient) -> None:
    """As on a real server (`tests/real/test_joining.py`)."""
    emulator.join("r", "alice")
    assert [made.agent_name for made in _dispatches(client, "r")] == [""]


def test_the_token_of_the_first_join_counts(emulator: Emulator, client: RawClient) -> None:
    """As on a real server: the agents of later tokens are ignored."""
    emulator.join("r", "alice", agents=[agent_dispatch.RoomAgentDispatch(agent_name="avatar")])
    emulator.join("r", "bob", agents=[agent_dispatch.RoomAgentDispatch(agent_name="other")])
    assert [made.agent_name for made in _dispatches(client, "r")] == ["avatar"]


def test_an_empty_room_ends(emulator: Emulator, client: RawClient, clock: Clock) -> None:
    """A room nobody joined ends after its `empty_timeout`."""
    request = room.CreateRoomRequest(name="r", empty_timeout=30)
    client.call("RoomService", "CreateRoom", request)
    clock.now += 29
    assert "r" in _rooms(client)
    clock.now += 1
    assert "r" not in _rooms(client)


def test_a_left_room_ends(emulator: Emulator, client: RawClient, clock: Clock) -> None:
    """A room that was left ends after its `departure_timeout`, agents or not; a return keeps it."""
    emulator.join("r", "alice")
    emulator.join("r", "agent-1", kind="AGENT")
    clock.now += 10_000
    assert "r" in _rooms(client)
    emulator.leave("r", "alice")
    clock.now += 19
    emulator.join("r", "alice")
    clock.now += 100
    assert "r" in _rooms(client)
    emulator.leave("r", "alice")
    clock.now += 20
    assert "r" not in _rooms(client)


def test_a_job_brings_its_agent(emulator: Emulator, client: RawClient) -> None:
    """A worker that takes a job shows in the dispatch, and as a participant that names its agent."""
    emulator.join("r", "alice", agents=[agent_dispatch.RoomAgentDispatch(agent_name="avatar")])
    (made,) = _dispatches(client, "r")
    agent = emulator.take_job("r", made.id)
    assert agent.identity.startswith("agent-AJ_")
    assert dict(agent.attributes) == {"lk.agent.name": "avatar", "lk.agent_name": "avatar"}
    (running,) = _dispatches(client, "r")
    assert [job.state.participant_identity for job in running.state.jobs] == [agent.identity]


def test_a_deleted_dispatch_takes_its_agent_along(emulator: Emulator, client: RawClient) -> None:
    """Deleting a dispatch ends its jobs."""
    emulator.join("r", "alice")
    (made,) = _dispatches(client, "r")
    emulator.take_job("r", made.id)
    request = agent_dispatch.DeleteAgentDispatchRequest(room="r", dispatch_id=made.id)
    assert client.call("AgentDispatchService", "DeleteDispatch", request).ok
    people = client.call(
        "RoomService", "ListParticipants", room.ListParticipantsRequest(room="r")
    ).answer.participants
    assert [info.identity for info in people] == ["alice"]


def test_a_job_needs_its_dispatch(emulator: Emulator) -> None:
    """A test that takes the job of a dispatch that is not there has a mistake in it."""
    with pytest.raises(KeyError, match="no dispatch"):
        emulator.take_job("r", "AD_missing")


def test_participants_are_read_changed_and_removed(emulator: Emulator, client: RawClient) -> None:
    """GetParticipant, UpdateParticipant and RemoveParticipant see who joined."""
    emulator.join("r", "alice", attributes={"a": "1"}, metadata="m")
    who = room.RoomParticipantIdentity(room="r", identity="alice")
    assert client.call("RoomService", "GetParticipant", who).answer.metadata == "m"
    change = room.UpdateParticipantRequest(
        room="r", identity="alice", name="Alice", attributes={"a": "", "b": "2"}
    )
    changed = client.call("RoomService", "UpdateParticipant", change).answer
    assert (changed.name, dict(changed.attributes)) == ("Alice", {"b": "2"})
    assert client.call("RoomService", "RemoveParticipant", who).ok
    assert client.call("RoomService", "GetParticipant", who).code == "not_found"


def test_data_reaches_rooms_that_live(emulator: Emulator, client: RawClient) -> None:
    """SendData is accepted for a room that lives, refused for a bad nonce, and unavailable otherwise."""
    emulator.join("r", "alice")
    results = [
        client.call("RoomService", "SendData", room.SendDataRequest(room=name, nonce=nonce)).code
        for name, nonce in (("r", b""), ("r", b"short"), ("never-made", b""))
    ]
    assert results == ["", "invalid_argument", "unavailable"]


def test_what_is_not_emulated_says_so(client: RawClient, emulator: Emulator) -> None:
    """A method that a real server has and the emulator lacks answers 501 instead of pretending."""
    request = room.MuteRoomTrackRequest(room="r")
    assert client.call("RoomService", "MutePublishedTrack", request).code == "unimplemented"
    calls: tuple[Call, ...] = emulator.calls
    assert calls[-1].status == 501
