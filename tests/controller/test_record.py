"""The journal in the background: what waits, what is told, and that nothing that was taken is lost or in disorder."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from reconciler.controller import record
from reconciler.controller.record import Recorder
from reconciler.errors import JournalError
from reconciler.journal.database import Journal, open_journal
from reconciler.journal.entries import Entry, Step


class Disk:
    """A journal that may be away, or slow."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.batches = 0
        self.is_away = False
        self.free = threading.Event()
        self.free.set()

    def write(self, entries: Sequence[Entry]) -> None:
        """Takes a batch, or fails."""
        self.free.wait(10)
        if self.is_away:
            raise JournalError("the disk is away")
        self.batches += 1
        self.entries += entries


def entry(number: int) -> Entry:
    """An entry with a number."""
    return Entry(float(number), "call-1", "RM_1", Step.JOINED, attempt=number)


def numbers(disk: Disk) -> list[int | None]:
    """What was written, in its order."""
    return [one.attempt for one in disk.entries]


@pytest.fixture
def disk() -> Disk:
    """A journal that works."""
    return Disk()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that failed is tried again soon."""
    monkeypatch.setattr(record, "_AGAIN_AFTER", 0.2)


def recorder(disk: Disk, told: list[str] | None = None) -> Recorder:
    """One for this disk; `told` gets what it tells."""
    words = [] if told is None else told
    return Recorder(cast(Journal, disk), "shop", words.append, lambda: words.append("well"))


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that comes soon."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # a thread brings it about
            await asyncio.sleep(0.01)


async def test_many_entries_are_few_transactions(disk: Disk) -> None:
    """They are in the journal after a flush, in their order."""
    async with recorder(disk) as journal:
        for number in range(1000):
            journal.add(entry(number))
        await journal.flush()
        assert numbers(disk) == list(range(1000))
        assert disk.batches <= 2
        await journal.flush()  # nothing to wait for


async def test_a_journal_that_fails_for_a_while(disk: Disk) -> None:
    """It is told, nobody waits for it, and what came meanwhile is written in order when it is back."""
    told: list[str] = []
    async with recorder(disk, told) as journal:
        disk.is_away = True
        journal.add(entry(0), entry(1))
        await journal.flush()
        assert not journal.is_healthy
        assert told == ["the disk is away"]
        journal.add(entry(2))
        await asyncio.wait_for(journal.flush(), 5)
        disk.is_away = False
        await until(lambda: journal.is_healthy)
        journal.add(entry(3))
        await journal.flush()
        assert numbers(disk) == [0, 1, 2, 3]
        assert told[-1] == "well"


async def test_what_waits_is_bounded(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest make room, and are counted; the bound holds for what failed and for what came since, together."""
    monkeypatch.setattr(record, "MOST_WAITING", 10)
    async with recorder(disk) as journal:
        disk.free.clear()
        disk.is_away = True
        for number in range(8):
            journal.add(entry(number))
        await asyncio.sleep(0.1)  # they are with the disk now
        for number in range(8, 16):
            journal.add(entry(number))
        disk.free.set()
        await journal.flush()
        assert journal.dropped == 6
        for number in range(16, 20):
            journal.add(entry(number))
        assert journal.dropped == 10
        disk.is_away = False
        await until(lambda: journal.is_healthy)
        await asyncio.wait_for(journal.flush(), 5)
        assert numbers(disk) == list(range(10, 20))


async def test_many_wait_at_once(disk: Disk) -> None:
    """Each flush ends with what was taken before it, however many there are, through failures too."""
    async with recorder(disk) as journal:

        async def one(number: int) -> None:
            journal.add(entry(number))
            await journal.flush()
            assert number in numbers(disk) or not journal.is_healthy

        async def fail_in_between() -> None:
            for _ in range(3):
                disk.is_away = not disk.is_away
                await asyncio.sleep(0.15)
            disk.is_away = False

        await asyncio.gather(*(one(number) for number in range(200)), fail_in_between())
        await until(lambda: len(disk.entries) == 200)
        assert numbers(disk) == list(range(200))


async def test_the_end_writes_what_waits(disk: Disk) -> None:
    """Entries that nobody flushed are written when the process ends."""
    async with recorder(disk) as journal:
        journal.add(entry(1))
    assert numbers(disk) == [1]


async def test_the_end_tries_once_more(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    """A journal that came back in the last moment gets everything; what it does not take is told."""
    async with recorder(disk) as journal:
        disk.is_away = True
        journal.add(entry(1))
        await journal.flush()
        disk.is_away = False
    assert numbers(disk) == [1]
    async with recorder(disk) as journal:
        disk.is_away = True
        journal.add(entry(2))
    assert caplog.messages == ["1 entries of the journal are lost: the disk is away"]


async def test_nobody_waits_for_a_writer_that_is_no_more(disk: Disk) -> None:
    """Should it end, whoever flushes goes on, and the journal counts as failing."""
    journal = recorder(disk)
    async with journal:
        disk.free.clear()
        journal.add(entry(1))
        waiting = asyncio.create_task(journal.flush())
        await asyncio.sleep(0.1)
        for task in asyncio.all_tasks():
            if task.get_name() == "journal":
                task.cancel()
        await asyncio.wait_for(waiting, 5)
        assert not journal.is_healthy
        disk.free.set()


async def test_a_thousand_a_second_cost_little(tmp_path: Path) -> None:
    """A second's worth of entries takes less than a second of this process, on a real SQLite."""
    opened = open_journal(f"sqlite:///{tmp_path / 'journal.db'}")
    async with Recorder(opened, "shop", pytest.fail) as journal:
        began = time.process_time()
        for number in range(1000):
            journal.add(entry(number))
            if number % 20 == 0:
                await asyncio.sleep(0)
        await journal.flush()
        assert time.process_time() - began < 1.0
    assert len(opened.history("call-1", limit=2000)) == 1000
    opened.close()
