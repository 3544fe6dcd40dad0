"""Events that wait, in the process and in a real Redis alike: order, looks, repetitions and what is left behind."""

from __future__ import annotations

import asyncio
import time

import pytest

from reconciler.controller.events import Event, Occurrence, pack, unpack
from reconciler.controller.queue import LocalQueue, Queue, QueueFull

NOW = 1_700_000_000.0


def event(name: str, at: float = NOW) -> Event:
    """An event of a room session."""
    return Event(Occurrence.CALLER_JOINED, name, f"RM_{name}", at)


async def taken(queue: Queue, count: int) -> list[str]:
    """The rooms of the next events, each of them done."""
    rooms = []
    for _ in range(count):
        ticket = await asyncio.wait_for(queue.take(), 10)
        await queue.done(ticket)
        rooms.append(ticket.event.room)
    return rooms


async def is_empty(queue: Queue) -> bool:
    """Whether nothing comes for a moment."""
    try:
        await asyncio.wait_for(queue.take(), 0.6)
    except TimeoutError:
        return True
    return False


async def test_first_come_first_served(queue: Queue) -> None:
    """Events are taken in the order in which they were put, every field of them."""
    whole = Event(Occurrence.AGENT_JOINED, "r\n☎", "RM_1", 1.5, 2.5, 3.5, "agent-1", "")
    await queue.put(whole)
    for number in range(50):
        await queue.put(event(str(number)))
    assert (await queue.take()).event == whole
    assert await taken(queue, 50) == [str(number) for number in range(50)]
    assert await is_empty(queue)


async def test_rooms_that_come_to_be_go_first() -> None:
    """Within a process: a hundred rooms that end at once hold up nobody who waits for an agent."""
    queue = LocalQueue()
    now = time.time()
    for number in range(3):
        await queue.put(Event(Occurrence.FINISHED, f"old-{number}", f"RM_{number}", now))
    await queue.put(Event(Occurrence.STARTED, "new", "RM_new", now))
    assert (await queue.backlog()).count == 4
    assert [(await queue.take()).event.room for _ in range(4)] == ["new", "old-0", "old-1", "old-2"]


async def test_whoever_waits_is_woken(queue: Queue) -> None:
    """An event that is put while somebody waits is taken at once."""
    waiting = asyncio.create_task(taken(queue, 1))
    await asyncio.sleep(0.1)
    await queue.put(event("a"))
    assert await waiting == ["a"]


async def test_an_event_comes_once(queue: Queue) -> None:
    """One with the id of one that came before is not added; one without an id always is."""
    assert await queue.put(event("a"), "EV_1")
    assert not await queue.put(event("b"), "EV_1")
    assert await queue.put(event("c"), "EV_2")
    assert await queue.put(event("d"))
    assert await queue.put(event("e"))
    assert await taken(queue, 4) == ["a", "c", "d", "e"]
    assert not await queue.put(event("a"), "EV_1")


async def test_an_event_that_comes_at_once_many_times(queue: Queue) -> None:
    """Of deliveries at the same moment one counts."""
    answers = await asyncio.gather(*(queue.put(event("a"), "EV_1") for _ in range(40)))
    assert sum(answers) == 1
    assert (await queue.backlog()).count == 1


async def test_the_earliest_look_counts(queue: Queue) -> None:
    """Of several for one session, whatever their order; then the next one may be asked for."""
    now = time.time()
    for later in (3600.0, 0.2, 3600.0, 1800.0):
        await queue.look_at("a", "RM_a", now + later)
    ticket = await asyncio.wait_for(queue.take(), 10)
    assert (ticket.event.occurrence, ticket.event.room) == (Occurrence.LOOK, "a")
    await queue.done(ticket)
    assert await is_empty(queue)
    await queue.look_at("a", "RM_a", time.time())
    assert await taken(queue, 1) == ["a"]


async def test_what_is_put_again_comes_again(queue: Queue) -> None:
    """Later than at once, however often, and events of the same session are not one."""
    await queue.put_again(event("a", 1.0), time.time() + 0.3)
    await queue.put_again(event("a", 2.0), time.time() + 0.1)
    await queue.put(event("now"))
    assert await taken(queue, 3) == ["now", "a", "a"]


async def test_what_was_due_long_ago_comes_at_once(queue: Queue) -> None:
    """A moment in the past is now."""
    await queue.look_at("a", "RM_a", 0.0)
    assert await taken(queue, 1) == ["a"]


async def test_the_backlog_is_what_waits(queue: Queue) -> None:
    """How many, and how long the oldest; looks that are not due are no backlog."""
    assert (await queue.backlog()).count == 0
    await queue.look_at("a", "RM_a", time.time() + 3600)
    await queue.put(event("a"))
    await asyncio.sleep(0.05)
    await queue.put(event("b"))
    backlog = await queue.backlog()
    assert backlog.count == 2
    assert 0.04 < backlog.oldest < 10
    await taken(queue, 2)
    assert (await queue.backlog()).count == 0


async def test_a_taker_that_is_cancelled_takes_nothing_along(queue: Queue) -> None:
    """Whoever gives up waiting leaves the next event to others."""
    for _ in range(5):
        waiting = asyncio.create_task(queue.take())
        await asyncio.sleep(0.02)
        waiting.cancel()
    await queue.put(event("a"))
    # In Redis what was handed to the one that gave up may first have to be claimed: that is not tested here.
    assert (await queue.backlog()).count == 1


async def test_a_full_queue_says_so() -> None:
    """What was not taken is not known: it may be sent again."""
    queue = LocalQueue(limit=1)
    await queue.put(event("a"), "EV_1")
    with pytest.raises(QueueFull):
        await queue.put(event("b"), "EV_2")
    await taken(queue, 1)
    assert await queue.put(event("b"), "EV_2")


async def test_ids_are_forgotten_when_nobody_sends_them_any_more() -> None:
    """Ten minutes are more than LiveKit tries; the memory does not grow."""
    now = [NOW]
    queue = LocalQueue(lambda: now[0])
    assert await queue.put(event("a"), "EV_1")
    now[0] += 599
    assert not await queue.put(event("a"), "EV_1")
    now[0] += 2
    assert await queue.put(event("a"), "EV_1")


@pytest.mark.parametrize(
    "packed",
    [b"", b"{}", b"\xff", b'{"occurrence":"new","room":"","session":"","at":0}', b"[" * 5000],
)
def test_what_is_no_event(packed: bytes) -> None:
    """Another version may have left it behind: it is nothing."""
    assert unpack(packed) is None


def test_an_event_travels_whole() -> None:
    """What is unpacked is what was packed, the unnamed agent and no agent told apart."""
    for name in (None, "", "a"):
        one = Event(Occurrence.AGENT_LEFT, "r", "RM", 1.0, 2.0, 3.0, "x", name)
        assert unpack(pack(one)) == one
