"""The least that a handler of webhooks can do: for each new room one list of its dispatches, then one dispatch.

`python bare_handler.py PORT FILE` serves until SIGTERM, then writes what each took, in milliseconds, to FILE. It checks
no signature, remembers nothing, keeps no journal and tries nothing again.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import aiohttp
import jwt
from aiohttp import web
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    CreateAgentDispatchRequest,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
)

AGENT = "ornina-avatar-agent"


async def serve(port: int) -> list[float]:
    url, key, secret = (os.environ[f"LIVEKIT_{part}"] for part in ("URL", "API_KEY", "API_SECRET"))
    took: list[float] = []
    tasks: set[asyncio.Task[None]] = set()

    async def call(session: aiohttp.ClientSession, method: str, room: str, body: bytes) -> bytes:
        claims = {
            "iss": key,
            "exp": int(time.time()) + 600,
            "video": {"roomAdmin": True, "room": room},
        }
        token = jwt.encode(claims, secret, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/protobuf"}
        address = f"{url}/twirp/livekit.AgentDispatchService/{method}"
        async with session.post(address, data=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def bring(session: aiohttp.ClientSession, room: str, started: float) -> None:
        request = ListAgentDispatchRequest(room=room)
        listed = ListAgentDispatchResponse.FromString(
            await call(session, "ListDispatch", room, request.SerializeToString())
        )
        if any(one.agent_name == AGENT for one in listed.agent_dispatches):
            return
        wanted = CreateAgentDispatchRequest(room=room, agent_name=AGENT)
        AgentDispatch.FromString(
            await call(session, "CreateDispatch", room, wanted.SerializeToString())
        )
        took.append((time.perf_counter() - started) * 1000.0)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:

        async def webhook(request: web.Request) -> web.Response:
            body = await request.read()
            started = time.perf_counter()
            event = json.loads(body)
            if event["event"] == "room_started":
                task = asyncio.create_task(bring(session, event["room"]["name"], started))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            return web.Response()

        async def ready(_: web.Request) -> web.Response:
            return web.Response()

        application = web.Application()
        application.router.add_get("/readyz", ready)
        application.router.add_post("/webhook", webhook)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        await runner.cleanup()
        await asyncio.gather(*tasks)
    return took


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(serve(int(sys.argv[1])))))
