"""People in rooms, as LiveKit's own SDK joins them: what a browser or livekit-sip does, without a voice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
from livekit import rtc

from tests.support.cli import Server


def token(server: Server, room: str, identity: str, **claims: Any) -> str:
    """A token to join a room, with whatever other claims (`kind="sip"`, `roomConfig={…}`)."""
    now = int(time.time())
    body = {
        "iss": server.api_key,
        "sub": identity,
        "nbf": now - 10,
        "exp": now + 600,
        "video": {"roomJoin": True, "room": room},
        **claims,
    }
    return jwt.encode(body, server.api_secret, algorithm="HS256")


@contextlib.asynccontextmanager
async def caller(server: Server, access_token: str) -> AsyncIterator[rtc.Room]:
    """Somebody in the room that a token is for, for as long as the block lasts."""
    room = rtc.Room()
    await room.connect(
        server.url.replace("http", "ws", 1), access_token, rtc.RoomOptions(auto_subscribe=False)
    )
    try:
        yield room
    finally:
        await room.disconnect()
