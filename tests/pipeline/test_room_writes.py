"""Rooms of an apply: each is looked into again right before its write, and no agent is asked for twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from livekit.protocol import agent_dispatch, room

from reconciler.agents.conventions import Mechanism
from reconciler.agents.healing import Act, Write
from reconciler.core.values import AgentDispatch, Metadata
from reconciler.gateway.rooms import RoomsClient
from reconciler.pipeline import room_writes
from reconciler.pipeline.request import Request
from reconciler.pipeline.room_writes import (
    RoomOutcome,
    RoomPlans,
    RoomResult,
    carry_out_rooms,
    read_rooms,
)
from reconciler.pipeline.rooms import open_project
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

CONFIGURATION = """\
version: 1
project: {name: acme}
agents:
  names:
    avatar: {agent_name: ornina-avatar-agent}
    scribe: {agent_name: scribe}
  rooms:
    - {prefix: ornina-, agents: [{agent: avatar, metadata: {lang: ar}}], dispatch: controller}
    - {prefix: both-, agents: [avatar, scribe], dispatch: controller}
    - {prefix: app-, agents: [avatar], dispatch: app}
"""
AVATAR = "ornina-avatar-agent"


@pytest.fixture
def request_(tmp_path: Path, livekit_emulator: Emulator) -> Request:
    """What a command is asked, for a file with two conventions that the controller serves."""
    file = tmp_path / "dispatch.yaml"
    file.write_text(CONFIGURATION)
    environ = {
        "LIVEKIT_URL": livekit_emulator.url,
        "LIVEKIT_API_KEY": livekit_emulator.api_key,
        "LIVEKIT_API_SECRET": livekit_emulator.api_secret,
    }
    return Request((file,), environ, timeout=5.0)


@pytest.fixture(autouse=True)
def _settles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost dispatch shows in the emulator's list at once."""
    monkeypatch.setattr(room_writes, "SETTLED_AFTER", 0.05)


@pytest.fixture
def client(livekit_emulator: Emulator) -> Iterator[RawClient]:
    """Somebody else who looks at rooms, and writes to them."""
    made = RawClient(livekit_emulator.url, livekit_emulator.api_key, livekit_emulator.api_secret)
    yield made
    made.close()


def plan(request: Request) -> RoomPlans:
    """What the rooms lack."""
    return read_rooms(request, open_project(request))


def carry_out(request: Request, plans: RoomPlans) -> list[tuple[str, str, RoomOutcome]]:
    """Writes, and tells what became of each agent."""
    results, interrupted = carry_out_rooms(request, plans, None)
    assert not interrupted
    return [(one.room, one.agent_name, one.outcome) for one in results]


def asked(client: RawClient, name: str) -> list[str]:
    """The named agents that a room was given."""
    wanted = agent_dispatch.ListAgentDispatchRequest(room=name)
    found = client.call("AgentDispatchService", "ListDispatch", wanted).answer.agent_dispatches
    return sorted(made.agent_name for made in found if made.agent_name)


def dispatched(client: RawClient, name: str, agent: str) -> None:
    """Somebody else asks for an agent."""
    wanted = agent_dispatch.CreateAgentDispatchRequest(room=name, agent_name=agent)
    assert client.call("AgentDispatchService", "CreateDispatch", wanted).ok


def test_rooms_get_what_they_lack(
    request_: Request, livekit_emulator: Emulator, client: RawClient
) -> None:
    """Each agent once, with what the file tells it, and a second run has nothing to do."""
    livekit_emulator.join("ornina-1", "alice")
    livekit_emulator.join("both-1", "bob")
    livekit_emulator.join("app-1", "carol")
    livekit_emulator.join("other", "dave")
    plans = plan(request_)
    assert [(one.room.name, one.missing) for one in plans.rooms] == [
        ("both-1", (AVATAR, "scribe")),
        ("ornina-1", (AVATAR,)),
    ]
    assert list(plans.agents_brought()) == [
        (AVATAR, "both-1"),
        ("scribe", "both-1"),
        (AVATAR, "ornina-1"),
    ]
    assert plans.rooms[1].writes == (
        Write(
            Act.DISPATCH,
            AgentDispatch(AVATAR, Metadata('{"lang":"ar"}')),
            1,
            "the convention ornina-* wants it",
        ),
    )
    assert {outcome for _, _, outcome in carry_out(request_, plans)} == {RoomOutcome.DONE}
    assert asked(client, "both-1") == [AVATAR, "scribe"]
    assert asked(client, "ornina-1") == [AVATAR]
    assert asked(client, "app-1") == []
    assert plan(request_).rooms == ()


def test_nothing_is_read_where_the_controller_brings_nobody(
    request_: Request, livekit_emulator: Emulator
) -> None:
    """A file without a convention for the controller costs no call."""
    text = CONFIGURATION.replace("dispatch: controller", f"dispatch: {Mechanism.APP}")
    request_.paths[0].write_text(text)
    livekit_emulator.join("ornina-1", "alice")
    assert plan(request_).rooms == ()
    assert livekit_emulator.calls == ()


def end(emulator: Emulator, client: RawClient) -> None:
    """The room ends."""
    assert client.call("RoomService", "DeleteRoom", room.DeleteRoomRequest(room="ornina-1")).ok


def dispatch_by_hand(emulator: Emulator, client: RawClient) -> None:
    """The application dispatches, although it must not."""
    dispatched(client, "ornina-1", AVATAR)


def come_uncalled(emulator: Emulator, client: RawClient) -> None:
    """The agent is there, by whatever way."""
    emulator.join("ornina-1", "agent-x", kind="AGENT", attributes={"lk.agent.name": AVATAR})


@pytest.mark.parametrize("meanwhile", [end, dispatch_by_hand, come_uncalled])
def test_what_happened_since_the_plan_counts(
    request_: Request,
    livekit_emulator: Emulator,
    client: RawClient,
    meanwhile: Callable[[Emulator, RawClient], None],
) -> None:
    """Between a plan and its approval minutes may pass: nothing is sent that is not needed any more."""
    livekit_emulator.join("ornina-1", "alice")
    plans = plan(request_)
    meanwhile(livekit_emulator, client)
    before = livekit_emulator.count("CreateDispatch")
    assert carry_out(request_, plans) == [("ornina-1", AVATAR, RoomOutcome.NOT_NEEDED)]
    assert livekit_emulator.count("CreateDispatch") == before


def test_a_lost_answer_is_not_asked_for_again(
    request_: Request, livekit_emulator: Emulator, client: RawClient
) -> None:
    """The list tells that the dispatch was made: it is taken for the answer."""
    livekit_emulator.join("ornina-1", "alice")
    livekit_emulator.faults.lose_answer("CreateDispatch")
    results, _ = carry_out_rooms(request_, plan(request_), None)
    assert [one.outcome for one in results] == [RoomOutcome.DONE]
    assert results[0].message == "its answer was lost, and the dispatch is there"
    assert results[0].id is not None
    assert asked(client, "ornina-1") == [AVATAR]


def test_a_lost_request_is_sent_again(
    request_: Request, livekit_emulator: Emulator, client: RawClient
) -> None:
    """The list tells that nothing was made."""
    livekit_emulator.join("ornina-1", "alice")
    livekit_emulator.faults.lose_request("CreateDispatch")
    assert carry_out(request_, plan(request_)) == [("ornina-1", AVATAR, RoomOutcome.DONE)]
    assert asked(client, "ornina-1") == [AVATAR]


def test_a_lost_answer_that_nobody_can_clear_up_fails(
    request_: Request, livekit_emulator: Emulator, client: RawClient
) -> None:
    """Where the list cannot be read either, nothing is sent: whether the dispatch was made is not known."""
    livekit_emulator.join("ornina-1", "alice")
    plans = plan(request_)
    livekit_emulator.faults.lose_answer("CreateDispatch")
    livekit_emulator.faults.answer("ListDispatch", status=500, nth=2, times=99)
    assert carry_out(request_, plans) == [("ornina-1", AVATAR, RoomOutcome.FAILED)]
    livekit_emulator.faults.clear()
    assert asked(client, "ornina-1") == [AVATAR]
    assert plan(request_).rooms == ()


def test_one_room_that_fails_stops_no_other(
    request_: Request, livekit_emulator: Emulator, client: RawClient
) -> None:
    """Whatever one room suffers from, the others get their agent; a second run finishes the work."""
    for name in ("ornina-1", "ornina-2", "ornina-3"):
        livekit_emulator.join(name, "alice")
    plans = plan(request_)
    livekit_emulator.faults.answer("CreateDispatch", status=403, code="permission_denied")
    outcomes = sorted(outcome.value for _, _, outcome in carry_out(request_, plans))
    assert outcomes == ["done", "done", "failed"]
    assert len(plan(request_).rooms) == 1


def test_a_dropped_job_is_deleted_and_made_again(
    request_: Request, livekit_emulator: Emulator, client: RawClient
) -> None:
    """Nobody was registered when it was asked for, and LiveKit never asks again."""
    request_.paths[0].write_text(CONFIGURATION)
    livekit_emulator.join("ornina-1", "alice")
    dispatched(client, "ornina-1", AVATAR)
    plans = _later(request_)
    assert [write.act for write in plans.rooms[0].writes] == [Act.RETRY]
    livekit_emulator.forget_calls()
    results = _carried_out_later(request_, plans)
    assert [one.outcome for one in results] == [RoomOutcome.DONE]
    written = [one.method for one in livekit_emulator.calls if not one.method.startswith("List")]
    assert written == ["DeleteDispatch", "CreateDispatch"]
    assert asked(client, "ornina-1") == [AVATAR]


def test_a_retry_whose_second_half_fails_is_finished_by_a_second_run(
    request_: Request, livekit_emulator: Emulator, client: RawClient
) -> None:
    """The old dispatch is gone and the new one refused: the message says so, and the next run makes it."""
    livekit_emulator.join("ornina-1", "alice")
    dispatched(client, "ornina-1", AVATAR)
    plans = _later(request_)
    livekit_emulator.faults.answer("CreateDispatch", status=400, code="invalid_argument")
    (result,) = _carried_out_later(request_, plans)
    assert result.outcome is RoomOutcome.FAILED
    assert result.message.endswith("the old dispatch is gone, and a second run makes a new one")
    assert carry_out(request_, plan(request_)) == [("ornina-1", AVATAR, RoomOutcome.DONE)]
    assert asked(client, "ornina-1") == [AVATAR]


@contextmanager
def _a_minute_later() -> Iterator[None]:
    """The server's clock is ahead, as the client sees it: what was dispatched just now is old."""
    now = RoomsClient.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RoomsClient, "now", lambda self: now(self) + 60.0)
        yield


def _later(request: Request) -> RoomPlans:
    with _a_minute_later():
        return plan(request)


def _carried_out_later(request: Request, plans: RoomPlans) -> tuple[RoomResult, ...]:
    with _a_minute_later():
        return carry_out_rooms(request, plans, None)[0]


def test_a_room_that_cannot_be_looked_into_is_told(
    request_: Request, livekit_emulator: Emulator
) -> None:
    """Fail closed: nothing is planned for it, and it stands among those that could not be read."""
    livekit_emulator.join("ornina-1", "alice")
    livekit_emulator.join("ornina-2", "bob")
    livekit_emulator.faults.answer("ListDispatch", status=400, code="malformed")
    plans = plan(request_)
    assert len(plans.rooms) == 1
    assert len(plans.unread) == 1
    assert "could not be looked into" in plans.unread[0][1]
