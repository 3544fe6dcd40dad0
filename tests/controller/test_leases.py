"""One process at a time decides about a room: with SQLite, PostgreSQL and Redis, by several real processes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from reconciler.agents.memory import Memory, dump
from reconciler.controller.leases import Busy, Leases, Store
from reconciler.journal.database import open_journal
from tests.controller.party import SESSIONS
from tests.controller.stores import store_at
from tests.support.parties import parties

PARTY = "tests.controller.party"

LONG = 600.0


@pytest.fixture
async def stores(place: str) -> AsyncIterator[tuple[Store, Store]]:
    """Where two processes keep leases."""
    async with store_at(place) as one, store_at(place) as other:
        yield one, other


async def test_what_is_remembered_goes_on(stores: tuple[Store, Store]) -> None:
    """What one process learnt is what the next one begins with."""
    async with Leases(stores[0]).of("RM_1") as lease:
        assert lease.memory == Memory()
        lease.memory.of("a").tries = 3
    async with Leases(stores[1]).of("RM_1") as lease:
        assert lease.memory.of("a").tries == 3


async def test_nobody_else_decides_meanwhile(stores: tuple[Store, Store]) -> None:
    """Another process is told that it is busy; other sessions are free, and so is this one afterwards."""
    ours, others = Leases(stores[0]), Leases(stores[1])
    async with ours.of("RM_1"):
        with pytest.raises(Busy):
            async with others.of("RM_1"):
                pass
        async with others.of("RM_2"):
            pass
    async with others.of("RM_1"):
        pass


async def test_events_of_one_process_queue_up(stores: tuple[Store, Store]) -> None:
    """In the process nobody is told that it is busy, and the order is kept."""
    leases = Leases(stores[0])

    async def add(number: int) -> None:
        async with leases.of("RM_1") as lease:
            lease.memory.dispatches.append(str(number))
            await asyncio.sleep(0)

    await asyncio.gather(*(add(number) for number in range(20)))
    async with leases.of("RM_1") as lease:
        assert lease.memory.dispatches == [str(number) for number in range(20)]


async def test_a_lease_that_shall_run_out(stores: tuple[Store, Store]) -> None:
    """After a write whose answer was lost nobody decides before the time is over; what was learnt is stored."""
    async with Leases(stores[0], 1.0).of("RM_1") as lease:
        lease.runs_out = True
        lease.memory.waited = True
    others = Leases(stores[1], LONG)
    with pytest.raises(Busy):
        async with others.of("RM_1"):
            pass
    await asyncio.sleep(1.1)
    async with others.of("RM_1") as lease:
        assert lease.memory.waited


async def test_what_failed_or_was_cancelled_gives_back(stores: tuple[Store, Store]) -> None:
    """The next one is not kept waiting by a failure, and knows what was learnt before it."""

    async def fail() -> None:
        async with Leases(stores[0], LONG).of("RM_1") as lease:
            lease.memory.waited = True
            raise LookupError

    with pytest.raises(LookupError):
        await fail()

    async def hang() -> None:
        async with Leases(stores[0], LONG).of("RM_1") as lease:
            lease.memory.finished = True
            held.set()
            await asyncio.sleep(LONG)

    held = asyncio.Event()
    task = asyncio.create_task(hang())
    await held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        while True:
            try:
                async with Leases(stores[1], LONG).of("RM_1") as lease:
                    assert (lease.memory.waited, lease.memory.finished) == (True, True)
                    return
            except Busy:
                await asyncio.sleep(0.01)


async def test_one_that_was_too_slow_changes_nothing(
    stores: tuple[Store, Store], caplog: pytest.LogCaptureFixture
) -> None:
    """Where another process followed, its memory counts; the slow one may not write any more, and it is told."""
    async with Leases(stores[0], 0.2).of("RM_1") as slow:
        slow.memory.of("a").tries = 1
        await asyncio.sleep(0.4)
        async with Leases(stores[1], LONG).of("RM_1") as lease:
            lease.memory.of("a").tries = 2
        assert not await slow.lasts(0.1)
    assert caplog.messages == [
        "session RM_1: another process decided about it before this one was done: that one's memory counts"
    ]
    async with Leases(stores[1]).of("RM_1") as lease:
        assert lease.memory.of("a").tries == 2


async def test_one_that_was_too_slow_and_alone(
    stores: tuple[Store, Store], caplog: pytest.LogCaptureFixture
) -> None:
    """Where nobody followed, what was learnt is stored; but nothing is written to LiveKit after the time."""
    caplog.set_level(logging.WARNING)
    async with Leases(stores[0], 0.2).of("RM_1") as slow:
        slow.memory.of("a").tries = 1
        await asyncio.sleep(0.4)
        assert not await slow.lasts(0.1)
    async with Leases(stores[1]).of("RM_1") as lease:
        assert lease.memory.of("a").tries == 1
    assert caplog.messages == []


async def test_a_lease_is_prolonged_for_a_long_call(stores: tuple[Store, Store]) -> None:
    """Whoever asks in time goes on for as long as a call takes, and others still wait."""
    async with Leases(stores[0], 1.0).of("RM_1") as lease:
        await asyncio.sleep(0.7)
        assert await lease.lasts(0.9)
        await asyncio.sleep(0.7)
        with pytest.raises(Busy):
            async with Leases(stores[1]).of("RM_1"):
                pass
        assert await lease.lasts(0.1)


async def test_saving_does_not_free(stores: tuple[Store, Store]) -> None:
    """What must be known after a crash is stored at once, and the session stays this process's own."""
    async with Leases(stores[0], LONG).of("RM_1") as lease:
        lease.memory.waited = True
        assert await lease.save()
        with pytest.raises(Busy):
            async with Leases(stores[1]).of("RM_1"):
                pass


class SlowStore:
    """A store that answers late."""

    def __init__(self, delay: float) -> None:
        self.delay = 0.0
        self._late = delay

    async def take(self, session: str, seconds: float) -> bytes | None:
        """Always free; from the second time on the answer is late."""
        await asyncio.sleep(self.delay)
        self.delay = self._late
        return dump(Memory())

    async def give_back(self, session: str, state: bytes) -> bool:
        """Always."""
        return True

    keep = give_back


async def test_an_answer_that_comes_too_late_prolongs_nothing() -> None:
    """Between the end of a lease and a new one somebody else may have decided: that is no prolongation."""
    async with Leases(SlowStore(0.5), 0.3).of("RM_1") as lease:
        await asyncio.sleep(0.1)
        assert not await lease.lasts(0.3)


def test_never_two_at_once(place: str, tmp_path: Path) -> None:
    """Three processes decide about three rooms many times each: never two at once, and no memory is lost."""
    rounds = 15
    if not place.startswith("redis"):
        open_journal(place).close()
    with parties(PARTY, *[(place, "decide", str(tmp_path), str(rounds))] * 3) as three:
        for party in three:
            party.go()
        assert [party.hear() for party in three] == ["done"] * 3

    async def tries(session: str) -> int:
        async with store_at(place) as store, Leases(store).of(session) as lease:
            return lease.memory.of("a").tries

    for number in range(SESSIONS):
        assert asyncio.run(tries(f"RM_{number}")) == 3 * rounds


def test_a_killed_holder(place: str) -> None:
    """Nobody decides in the place of a process that was killed before its time is over; then somebody does."""
    with parties(PARTY, (place, "hold", "2")) as (party,):
        party.go()
        assert party.hear() == "held"
        party.kill()
    began = time.monotonic()

    async def follow() -> tuple[int, int]:
        refused = 0
        async with store_at(place) as store:
            while True:
                try:
                    async with Leases(store).of("RM_1") as lease:
                        return lease.memory.of("a").tries, refused
                except Busy:
                    refused += 1
                    assert time.monotonic() - began < 30
                    await asyncio.sleep(0.05)

    tries, refused = asyncio.run(follow())
    assert tries == 7
    assert refused


def test_nothing_is_kept_of_turns() -> None:
    """The process remembers nothing of sessions that nobody decides about."""
    leases = Leases(SlowStore(0.0))

    async def all_of_them() -> None:
        async def one(number: int) -> None:
            async with leases.of(f"RM_{number % 10}"):
                pass

        await asyncio.gather(*(one(number) for number in range(100)))

    asyncio.run(all_of_them())
    held: Callable[[], int] = leases._turns.__len__
    assert held() == 0
