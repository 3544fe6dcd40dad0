"""Many projects on one machine: each on a port of its own, every call answered after 20 ms with the same few objects.

`python stub_projects.py COUNT FILE` writes the ports to FILE once all of them are open, and serves until it is stopped.
Real servers would be what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from aiohttp import web
from livekit.protocol.sip import (
    ListSIPDispatchRuleResponse,
    ListSIPInboundTrunkResponse,
    ListSIPOutboundTrunkResponse,
)

from benchmarks import generate

LATENCY = 0.02
PROTOBUF = "application/protobuf"
OBJECTS = 10


def answers() -> dict[str, bytes]:
    """The three lists, ready to be sent."""
    shape = generate.Shape.of(OBJECTS)
    inbound = ListSIPInboundTrunkResponse(
        items=[generate.inbound_trunk(index) for index in range(shape.inbound)]
    )
    outbound = ListSIPOutboundTrunkResponse(
        items=[generate.outbound_trunk(index) for index in range(shape.outbound)]
    )
    rules = ListSIPDispatchRuleResponse(
        items=[generate.dispatch_rule(index) for index in range(shape.rules)]
    )
    return {
        "ListSIPInboundTrunk": inbound.SerializeToString(),
        "ListSIPOutboundTrunk": outbound.SerializeToString(),
        "ListSIPDispatchRule": rules.SerializeToString(),
    }


async def serve(count: int, tell: Callable[[str], object]) -> None:
    lists = answers()

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY)
        return web.Response(body=lists[request.path.rsplit("/", 1)[1]], content_type=PROTOBUF)

    application = web.Application()
    application.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    for _ in range(count):
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
    ports = [address[1] for address in runner.addresses]
    tell(json.dumps(ports))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]).write_text))
