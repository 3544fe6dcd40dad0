"""A process of its own that takes leases or events: `python -m tests.controller.party PLACE WHAT …`.

It says `ready`, waits for a line, and does what it was started for; what it says is one JSON value a line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from reconciler.controller.leases import Busy, Leases
from reconciler.controller.redis import RedisQueue
from reconciler.controller.redis_ties import RedisTies
from reconciler.emulator.server import API_SECRET
from tests.controller.fronts import ENVIRON
from tests.controller.replicas import replica
from tests.controller.stores import store_at

SESSIONS = 3


def say(value: object) -> None:
    """One line for whoever started this process."""
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


async def decide(place: str, folder: str, rounds: str) -> None:
    """Decides about sessions so many times each, alone: a file that is there already is somebody else's."""
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    async with store_at(place) as store:
        leases = Leases(store, seconds=30)

        async def one(session: str) -> None:
            left = int(rounds)
            while left:
                try:
                    async with leases.of(session) as lease:
                        mark = Path(folder) / session
                        mark.touch(exist_ok=False)
                        await asyncio.sleep(0.001)
                        lease.memory.of("a").tries += 1
                        mark.unlink()
                        left -= 1
                except Busy:
                    await asyncio.sleep(0.002)

        await asyncio.gather(*(one(f"RM_{number}") for number in range(SESSIONS)))
    say("done")


async def hold(place: str, seconds: str) -> None:
    """Takes a session, stores something, and hangs."""
    async with store_at(place) as store:
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        async with Leases(store, float(seconds)).of("RM_1") as lease:
            lease.memory.of("a").tries = 7
            await lease.save()
            say("held")
            time.sleep(3600)  # noqa: ASYNC251  # as dead as can be


async def work(place: str) -> None:
    """Takes events for ever, tells their rooms, and hangs in the middle of the third."""
    ties = RedisTies(place, "test")
    queue = RedisQueue(ties, claim_after=0.5)
    await queue.open()
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    for _ in range(2):
        ticket = await queue.take()
        await queue.done(ticket)
        say(ticket.event.room)
    say((await queue.take()).event.room)
    time.sleep(3600)  # noqa: ASYNC251  # as dead as can be


async def tend(place: str, folder: str, url: str, room: str, seconds: str) -> None:
    """Hears that a room came to be, and does what follows."""
    environ = {**ENVIRON, "LIVEKIT_URL": url, "LIVEKIT_API_SECRET": API_SECRET}
    async with replica(Path(folder), place, environ, float(seconds)) as made:
        event = await made.started(room)
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        await made.tools.queue.put(event)
        await asyncio.sleep(3600)


PARTS: dict[str, Callable[..., Awaitable[None]]] = {
    "decide": decide,
    "hold": hold,
    "work": work,
    "tend": tend,
}


async def main(place: str, what: str, *arguments: str) -> None:
    """Does one of these."""
    await PARTS[what](place, *arguments)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
