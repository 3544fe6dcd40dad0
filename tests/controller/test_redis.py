"""A real Redis in hard times: killed workers, restarts, cut connections, refusals; and what it is left with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from reconciler.controller.events import Event, Occurrence
from reconciler.controller.queue import Ticket
from reconciler.controller.redis import GROUP, RedisQueue
from reconciler.controller.redis_leases import RedisStore
from reconciler.controller.redis_ties import RedisTies, wait_for_redis
from reconciler.errors import EndpointError, QueueError
from tests.support.parties import parties
from tests.support.redis_server import RedisServer

PARTY = "tests.controller.party"

CANARY = "canary-password"


def event(name: str) -> Event:
    """An event of a room session."""
    return Event(Occurrence.CALLER_JOINED, name, f"RM_{name}", 1.0)


@asynccontextmanager
async def queue_at(url: str, claim_after: float = 0.3) -> AsyncIterator[RedisQueue]:
    """The queue of one process, which leaves no trace of having been there."""
    ties = RedisTies(url, "test")
    queue = RedisQueue(ties, claim_after=claim_after)
    await queue.open()
    yield queue
    await queue.close()
    await ties.close()


async def soon(queue: RedisQueue) -> Ticket:
    """The next event."""
    return await asyncio.wait_for(queue.take(), 15)


async def test_several_share_the_work(redis_url: str) -> None:
    """Each event goes to one process, and all are worked on."""
    async with queue_at(redis_url, 60) as one, queue_at(redis_url, 60) as other:
        for number in range(200):
            await one.put(event(str(number)))
        rooms: list[str] = []

        async def work(queue: RedisQueue) -> None:
            while len(rooms) < 200:
                try:
                    ticket = await asyncio.wait_for(queue.take(), 1)
                except TimeoutError:
                    continue
                rooms.append(ticket.event.room)
                await queue.done(ticket)

        await asyncio.gather(work(one), work(other))
        assert sorted(rooms, key=int) == [str(number) for number in range(200)]


async def test_what_a_killed_process_worked_on(redis_url: str) -> None:
    """It was killed in the middle of one event, with others taken and not begun: another process does them all."""
    async with queue_at(redis_url) as queue:
        for name in "abcdef":
            await queue.put(event(name))
        with parties(PARTY, (redis_url, "work")) as (party,):
            party.go()
            assert [party.hear() for _ in range(3)] == ["a", "b", "c"]
            party.kill()
        rooms = []
        for _ in range(4):
            ticket = await soon(queue)
            rooms.append(ticket.event.room)
            await queue.done(ticket)
        assert sorted(rooms) == ["c", "d", "e", "f"]
        assert (await queue.backlog()).count == 0


async def test_what_takes_long_is_not_begun_twice(redis_url: str) -> None:
    """A process does not take over from itself what it still works on."""
    async with queue_at(redis_url, 0.1) as queue:
        await queue.put(event("slow"))
        slow = await soon(queue)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.take(), 2.5)
        await queue.done(slow)


async def test_what_was_dropped_comes_again(redis_url: str) -> None:
    """Where an event could not even be put back, it is claimed like one of a process that died."""
    async with queue_at(redis_url, 0.1) as queue:
        await queue.put(event("call-1"))
        queue.drop(await soon(queue))
        again = await soon(queue)
        assert again.event.room == "call-1"
        await queue.done(again)
        assert (await queue.backlog()).count == 0


async def test_whoever_leaves_leaves_its_work_to_others(redis_url: str) -> None:
    """What was taken and not begun is there for others at once; the group forgets who left."""
    async with queue_at(redis_url, 3600) as other:
        async with queue_at(redis_url, 3600) as queue:
            for name in "abc":
                await queue.put(event(name))
            await queue.done(await soon(queue))
        rooms = [(await soon(other)).event.room for _ in range(2)]
        assert sorted(rooms) == ["b", "c"]
        ties = RedisTies(redis_url, "test")
        consumers = await ties.call(ties.redis.xinfo_consumers(ties.key("events"), GROUP))
        assert len(consumers) == 1
        await ties.close()


async def test_one_looks_at_all_rooms(redis_url: str) -> None:
    """One process does it for the others; when it leaves the next one does at once, or when it is killed, soon."""
    async with queue_at(redis_url) as other:
        async with queue_at(redis_url) as queue:
            assert await queue.leads(60)
            assert not await other.leads(60)
            assert await queue.leads(60)
            await queue.publish(b"picture", 60)
            assert await other.published() == b"picture"
        assert await other.leads(0.2)
        async with queue_at(redis_url) as heir:
            assert not await heir.leads(60)
            await asyncio.sleep(0.4)
            assert await heir.leads(60)
            assert await heir.published() == b"picture"


async def test_a_restart_in_between() -> None:
    """While Redis is away everything says so; when it is back, empty, the same objects go on, scripts and group too."""
    with RedisServer() as server:
        async with queue_at(server.url) as queue:
            store = RedisStore(queue.ties)
            await store.take("RM_1", 60)
            await queue.put(event("lost"), "EV_1")
            await queue.look_at("later", "RM_later", time.time())
            server.stop()
            for refused in (
                queue.put(event("a")),
                queue.take(),
                queue.backlog(),
                queue.look_at("a", "RM_a", 0.0),
                store.take("RM_1", 60),
                store.give_back("RM_1", b""),
            ):
                with pytest.raises(QueueError, match=f"127.0.0.1:{server.port}: .*is it running"):
                    await refused
            server.start()
            waiting = asyncio.create_task(queue.take())
            await asyncio.sleep(0.5)
            assert await queue.put(event("a"), "EV_1")
            assert (await asyncio.wait_for(waiting, 15)).event.room == "a"
            await queue.look_at("b", "RM_b", time.time())
            assert (await soon(queue)).event.room == "b"
            assert await store.take("RM_1", 60) == b""
            assert await store.give_back("RM_1", b"state")


async def test_scripts_that_are_gone(redis_server: RedisServer, redis_url: str) -> None:
    """`SCRIPT FLUSH` is no reason to fail."""
    async with queue_at(redis_url) as queue:
        await queue.put(event("a"))
        redis_server.command("SCRIPT", "FLUSH")
        await queue.put(event("b"))
        assert [(await soon(queue)).event.room for _ in range(2)] == ["a", "b"]


async def test_a_connection_that_is_cut(redis_server: RedisServer, redis_url: str) -> None:
    """The next call makes a new one; whoever was waiting may be told, and waits again."""
    async with queue_at(redis_url) as queue:
        waiting = asyncio.create_task(queue.take())
        await asyncio.sleep(0.2)
        redis_server.command("CLIENT", "KILL", "TYPE", "normal")
        await queue.put(event("a"))
        try:
            ticket = await asyncio.wait_for(waiting, 15)
        except QueueError:
            ticket = await soon(queue)
        assert ticket.event.room == "a"


async def test_what_another_version_left(redis_url: str) -> None:
    """An event that cannot be read is taken off the queue, and nobody is told to look at a room."""
    async with queue_at(redis_url) as queue:
        redis = queue.ties.redis
        for name, value in (("event", b"\xff"), ("other", b"1"), ("event", b'{"occurrence": "x"}')):
            await queue.ties.call(redis.xadd(queue.ties.key("events"), {name: value}))
        for _ in range(3):
            ticket = await soon(queue)
            assert (ticket.event.session, ticket.event.occurrence) == ("", Occurrence.LOOK)
            await queue.done(ticket)
        assert (await queue.backlog()).count == 0


async def test_everything_is_bounded_or_expires(redis_url: str) -> None:
    """After the work is done there are only the empty stream, and keys that go away by themselves."""
    async with queue_at(redis_url) as queue:
        store = RedisStore(queue.ties)
        for number in range(20):
            await queue.put(event(str(number)), f"EV_{number}")
            await queue.look_at("a", f"RM_{number}", time.time())
            await store.take(f"RM_{number}", 60)
            await store.give_back(f"RM_{number}", b"state")
        for _ in range(40):
            await queue.done(await soon(queue))
        redis = queue.ties.redis
        lasting = [key for key in await redis.keys("*") if await redis.ttl(key) < 0]
        assert lasting == [queue.ties.key("events").encode()]
        assert await queue.ties.call(redis.xlen(queue.ties.key("events"))) == 0


async def test_projects_do_not_meet(redis_url: str) -> None:
    """Two names in one Redis are two queues; all keys of one are in one slot of a cluster."""
    ours, others = RedisTies(redis_url, "ours:key"), RedisTies(redis_url, "others:key")
    queues = RedisQueue(ours), RedisQueue(others)
    for queue in queues:
        await queue.open()
    await queues[0].put(event("a"), "EV_1")
    assert await queues[1].put(event("b"), "EV_1")
    assert (await soon(queues[1])).event.room == "b"
    assert ours.key("events").startswith("reconcile:{ours:key}:")
    for ties in (ours, others):
        await ties.close()


async def test_a_wrong_password() -> None:
    """One clear line, in which no password stands."""
    with RedisServer("right") as server:
        for url in (f"redis://:{CANARY}@127.0.0.1:{server.port}/0", server.url):
            ties = RedisTies(url, "test")
            with pytest.raises(QueueError) as refused:
                await wait_for_redis(ties)
            text = str(refused.value)
            assert f"127.0.0.1:{server.port}" in text
            assert "\n" not in text
            assert CANARY not in text + repr(refused.value)
            await ties.close()


@pytest.mark.parametrize(
    "url", [f"http://:{CANARY}@h", f"redis://:{CANARY}@h:port", "", "nonsense"]
)
def test_what_is_no_url(url: str) -> None:
    """It is told at once how one is written, without the password."""
    with pytest.raises(EndpointError, match="--queue is no URL of a Redis") as refused:
        RedisTies(url, "test")
    assert CANARY not in str(refused.value)
