"""The least that a look at all rooms can be: one list of rooms, and the dispatches of each, 64 at a time.

Prints the seconds that took. Nothing is decided, remembered or written.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import aiohttp
import jwt
from livekit.protocol.agent_dispatch import ListAgentDispatchRequest, ListAgentDispatchResponse
from livekit.protocol.room import ListRoomsRequest, ListRoomsResponse


async def main() -> None:
    url, key, secret = (os.environ[f"LIVEKIT_{part}"] for part in ("URL", "API_KEY", "API_SECRET"))
    slots = asyncio.Semaphore(64)

    async def call(
        session: aiohttp.ClientSession, path: str, video: dict[str, object], body: bytes
    ) -> bytes:
        claims = {"iss": key, "exp": int(time.time()) + 600, "video": video}
        headers = {
            "Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}",
            "Content-Type": "application/protobuf",
        }
        async with slots, session.post(f"{url}/twirp/{path}", data=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def look(session: aiohttp.ClientSession, room: str) -> int:
        request = ListAgentDispatchRequest(room=room).SerializeToString()
        grant: dict[str, object] = {"roomAdmin": True, "room": room}
        body = await call(session, "livekit.AgentDispatchService/ListDispatch", grant, request)
        return len(ListAgentDispatchResponse.FromString(body).agent_dispatches)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        started = time.perf_counter()
        request = ListRoomsRequest().SerializeToString()
        body = await call(session, "livekit.RoomService/ListRooms", {"roomList": True}, request)
        rooms = ListRoomsResponse.FromString(body).rooms
        found = await asyncio.gather(*(look(session, room.name) for room in rooms))
        seconds = time.perf_counter() - started
    if not all(found):
        sys.exit("a room has no dispatch")
    print(seconds)


if __name__ == "__main__":
    asyncio.run(main())
