"""What joining does to a room's agents, with real signalling connections: tokens bring agents only to new rooms."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
import pytest
from livekit.protocol import agent_dispatch, room, rtc

from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.real


@pytest.fixture
def client(real_project: LiveKitServer) -> Iterator[RawClient]:
    """A client of an empty 1.9.12 project."""
    made = RawClient(real_project.url, real_project.api_key, real_project.api_secret)
    yield made
    made.close()


@contextlib.asynccontextmanager
async def joined(
    server: LiveKitServer, name: str, identity: str, **claims: Any
) -> AsyncIterator[rtc.JoinResponse]:
    """Somebody in a room, without media, for as long as the block lasts."""
    now = int(time.time())
    body = {
        "iss": server.api_key,
        "sub": identity,
        "nbf": now - 10,
        "exp": now + 600,
        "video": {"roomJoin": True, "room": name},
        **claims,
    }
    token = jwt.encode(body, server.api_secret, algorithm="HS256")
    url = f"{server.url}/rtc?access_token={token}&protocol=15&auto_subscribe=0"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as connection:
        first = await connection.receive_bytes()
        yield rtc.SignalResponse.FromString(first).join


def _dispatched(client: RawClient, name: str) -> list[str]:
    request = agent_dispatch.ListAgentDispatchRequest(room=name)
    answer = client.call("AgentDispatchService", "ListDispatch", request).answer
    return sorted(made.agent_name for made in answer.agent_dispatches)


AVATAR = {"agents": [{"agentName": "avatar", "metadata": "m"}], "metadata": "from the token"}


async def test_a_token_configures_the_room_it_creates(
    real_project: LiveKitServer, client: RawClient
) -> None:
    """`RoomConfiguration` of a token names the agents and the metadata of the room its join creates."""
    async with joined(real_project, "new", "alice", roomConfig=AVATAR) as join:
        assert join.room.metadata == "from the token"
        assert _dispatched(client, "new") == ["avatar"]


async def test_a_plain_join_asks_for_the_unnamed_agent(
    real_project: LiveKitServer, client: RawClient
) -> None:
    """A room that comes to be by a join without configuration gets the unnamed agent's dispatch."""
    async with joined(real_project, "plain", "alice"):
        assert _dispatched(client, "plain") == [""]


async def test_a_token_does_not_configure_a_room_that_was_made_before(
    real_project: LiveKitServer, client: RawClient
) -> None:
    """A room made by `CreateRoom` ignores the configuration of tokens that join it."""
    client.call("RoomService", "CreateRoom", room.CreateRoomRequest(name="made"))
    async with joined(real_project, "made", "alice", roomConfig=AVATAR) as join:
        assert join.room.metadata == ""
        assert _dispatched(client, "made") == [""]


async def test_a_second_participants_token_is_ignored(
    real_project: LiveKitServer, client: RawClient
) -> None:
    """Only the first token counts."""
    async with (
        joined(real_project, "shared", "alice"),
        joined(real_project, "shared", "bob", roomConfig=AVATAR),
    ):
        assert _dispatched(client, "shared") == [""]
