"""The client for many small calls: how it obeys a server that is slow, throttles, or breaks connections."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from livekit.protocol import agent_dispatch

from reconciler.core.values import AgentDispatch
from reconciler.errors import ApiError, Unreachable
from reconciler.gateway.endpoint import endpoint_from
from reconciler.gateway.rate import RateLimit
from reconciler.gateway.rooms import RoomsClient

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

AVATAR = agent_dispatch.RoomAgentDispatch(agent_name="avatar")


def client(
    emulator: Emulator,
    *,
    timeout: float = 5.0,
    concurrency: int = 8,
    limit: RateLimit | None = None,
) -> RoomsClient:
    """A client of an emulated project."""
    environ = {
        "LIVEKIT_URL": emulator.url,
        "LIVEKIT_API_KEY": emulator.api_key,
        "LIVEKIT_API_SECRET": emulator.api_secret,
    }
    return RoomsClient(
        endpoint_from(environ), timeout=timeout, concurrency=concurrency, limit=limit
    )


async def test_the_time_of_a_call_runs_from_its_first_try(livekit_emulator: Emulator) -> None:
    """Calls that queue up behind slow ones have all of their time when it is their turn."""
    livekit_emulator.faults.delay("ListParticipants", 0.2, times=99)
    async with client(livekit_emulator, timeout=0.6, concurrency=1) as rooms:
        answers = await asyncio.gather(*(rooms.participants("r") for _ in range(6)))
    assert answers == [(0, ())] * 6


async def test_a_dispatch_is_not_sent_late(livekit_emulator: Emulator) -> None:
    """Its time runs from the moment when it was decided, because others may decide when that time is over."""
    livekit_emulator.faults.delay("ListRooms", 0.4, times=3)
    async with client(livekit_emulator, timeout=0.8, concurrency=1) as rooms:
        others = asyncio.gather(*(rooms.rooms() for _ in range(3)))
        await asyncio.sleep(0.05)
        with pytest.raises(Unreachable, match="it was not sent") as caught:
            await rooms.dispatch("ornina-1", AgentDispatch("avatar"))
        assert not caught.value.sent
        await others
    assert livekit_emulator.count("CreateDispatch") == 0


async def test_waiting_for_a_turn_is_no_part_of_a_calls_time(livekit_emulator: Emulator) -> None:
    """With few requests a minute those that read wait as long as it takes; a dispatch is not sent late."""
    async with client(livekit_emulator, timeout=0.3, limit=RateLimit(90)) as rooms:
        answers = await asyncio.gather(*(rooms.participants("r") for _ in range(11)))
        assert answers == [(0, ())] * 11
        with pytest.raises(Unreachable, match="no more requests a minute") as caught:
            await rooms.dispatch("ornina-1", AgentDispatch("avatar"))
        assert not caught.value.sent
    assert livekit_emulator.count("ListParticipants") == 11
    assert livekit_emulator.count("CreateDispatch") == 0


async def test_all_wait_when_one_is_told_to(livekit_emulator: Emulator) -> None:
    """429 with `Retry-After` to one call: nobody else sends anything before that moment."""
    livekit_emulator.faults.answer("ListRooms", status=429, headers={"Retry-After": "0.5"})
    async with client(livekit_emulator) as rooms:
        first = asyncio.create_task(rooms.rooms())
        await asyncio.sleep(0.2)
        assert livekit_emulator.count("ListRooms") == 1
        others = [asyncio.create_task(rooms.participants("r")) for _ in range(5)]
        await asyncio.sleep(0.1)
        assert livekit_emulator.count("ListParticipants") == 0
        await asyncio.gather(first, *others)
    assert livekit_emulator.count("ListParticipants") == 5
    assert livekit_emulator.count("ListRooms") == 2


async def test_a_pause_beyond_all_patience_is_an_error_at_once(livekit_emulator: Emulator) -> None:
    """Whoever would have to wait longer than its time says so, instead of waiting and then timing out."""
    livekit_emulator.faults.answer("ListRooms", status=429, headers={"Retry-After": "900"})
    async with client(livekit_emulator, timeout=1.0) as rooms:
        with pytest.raises(ApiError, match="asks for fewer requests"):
            await rooms.rooms()
        with pytest.raises(ApiError, match=r"ListParticipants: .* asks for fewer requests"):
            await rooms.participants("r")
    assert livekit_emulator.count() == 1


async def test_two_failures_at_once_are_one_error(
    livekit_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two calls that fail together one error is raised, and the other leaves no trace in a log."""
    livekit_emulator.join("r", "alice", agents=[AVATAR])
    livekit_emulator.faults.answer("List*", status=400, code="malformed", nth=2, times=2)
    with caplog.at_level(logging.DEBUG, "asyncio"):
        async with client(livekit_emulator) as rooms:
            (room,) = await rooms.rooms()
            with pytest.raises(ApiError):
                await rooms.look_into(room)
            await asyncio.sleep(0.05)
    assert "never retrieved" not in caplog.text


async def test_a_dispatch_whose_answer_is_lost_is_not_repeated(livekit_emulator: Emulator) -> None:
    """The error says that it may have been made; only a look at the list can tell."""
    livekit_emulator.join("r", "alice", agents=[AVATAR])
    livekit_emulator.faults.lose_answer("CreateDispatch")
    async with client(livekit_emulator) as rooms:
        with pytest.raises(Unreachable) as caught:
            await rooms.dispatch("r", AgentDispatch("other"))
        assert caught.value.sent
        made = await rooms.dispatches("r")
    assert livekit_emulator.count("CreateDispatch") == 1
    assert sorted(one.agent_name for one in made or ()) == ["avatar", "other"]


async def test_what_is_gone_is_no_error(livekit_emulator: Emulator) -> None:
    """Rooms and dispatches that ended by themselves."""
    livekit_emulator.join("r", "alice", agents=[AVATAR])
    async with client(livekit_emulator) as rooms:
        await rooms.undispatch("r", "AD_gone")
        (room,) = await rooms.rooms()
        await rooms.delete_room("r")
        await rooms.delete_room("r")
        assert await rooms.look_into(room) is None
        assert await rooms.participants("r") == (0, ())


async def test_a_room_is_read_with_all_that_is_in_it(livekit_emulator: Emulator) -> None:
    """People, dispatches, jobs and agents, each told apart."""
    livekit_emulator.join("r", "alice", agents=[AVATAR])
    livekit_emulator.join("r", "recorder", kind="EGRESS")
    async with client(livekit_emulator) as rooms:
        (made,) = await rooms.dispatches("r") or ()
        agent = livekit_emulator.take_job("r", made.id)
        (listed,) = await rooms.rooms(["r"])
        room = await rooms.look_into(listed)
    assert room is not None
    assert room.waiting == 1
    assert [one.agent_name for one in room.present("avatar")] == ["avatar"]
    (dispatch,) = room.dispatched("avatar")
    assert dispatch.job_since is not None
    assert dispatch.identities == (agent.identity,)
