"""An API that only waits: every call is answered after 20 ms, dispatches are counted, nothing is checked.

`python stub_api.py PORT` serves until it is stopped; GET /count tells how many dispatches were made. A real server on
the same small machine would be what is measured.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict

from aiohttp import web
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    CreateAgentDispatchRequest,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
)

LATENCY = 0.02
PROTOBUF = "application/protobuf"


def main(port: int) -> None:
    rooms: defaultdict[str, list[AgentDispatch]] = defaultdict(list)
    count = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal count
        body = await request.read()
        await asyncio.sleep(LATENCY)
        method = request.path.rsplit("/", 1)[1]
        data = b""
        if method == "ListDispatch":
            listed = rooms[ListAgentDispatchRequest.FromString(body).room]
            data = ListAgentDispatchResponse(agent_dispatches=listed).SerializeToString()
        elif method == "CreateDispatch":
            wanted = CreateAgentDispatchRequest.FromString(body)
            count += 1
            made = AgentDispatch(id=f"AD_{count}", agent_name=wanted.agent_name, room=wanted.room)
            rooms[wanted.room].append(made)
            data = made.SerializeToString()
        return web.Response(body=data, content_type=PROTOBUF)

    async def counted(request: web.Request) -> web.Response:
        return web.json_response(count)

    application = web.Application()
    application.router.add_get("/count", counted)
    application.router.add_post("/{path:.*}", answer)
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
