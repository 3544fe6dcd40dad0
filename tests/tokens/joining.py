"""Joins a room of a real server with a token, without media."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import aiohttp
from livekit.protocol import agent_dispatch, rtc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.livekit_server import LiveKitServer
    from tests.support.raw_client import RawClient


@contextlib.asynccontextmanager
async def joined(server: LiveKitServer, token: str) -> AsyncIterator[rtc.JoinResponse]:
    """Somebody in the room of a token, for as long as the block lasts; raises where the server refuses it."""
    url = f"{server.url}/rtc?access_token={token}&protocol=15&auto_subscribe=0"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as connection:
        first = await connection.receive_bytes()
        yield rtc.SignalResponse.FromString(first).join


async def refusal(server: LiveKitServer, token: str) -> tuple[int, str]:
    """What the server says to a token: status and text."""
    url = f"{server.url}/rtc/validate?access_token={token}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


def dispatched(client: RawClient, room: str) -> list[tuple[str, str]]:
    """The agents asked for in a room, with their metadata."""
    request = agent_dispatch.ListAgentDispatchRequest(room=room)
    answer = client.call("AgentDispatchService", "ListDispatch", request).answer
    return sorted((made.agent_name, made.metadata) for made in answer.agent_dispatches)
