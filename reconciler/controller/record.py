"""The journal, written in the background: entries of many rooms go in one transaction, and nobody waits for a disk
while a caller waits for an agent.

A journal that fails is an alert, and never a reason not to bring agents: entries wait, the oldest are dropped where
they become too many, and what was dropped is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reconciler.errors import JournalError
from reconciler.journal.database import Journal
from reconciler.journal.entries import Entry

log = logging.getLogger("reconciler.serve")

# Entries that come within this time share a transaction.
GATHER = 0.02
MOST_WAITING = 50_000
_AGAIN_AFTER = 5.0


class Recorder:
    """Takes entries at once, and writes them soon; an asynchronous context manager.

    `project` is whose rooms the entries are about. `on_failure` is told each time the journal fails, `on_success` each
    time it is written.
    """

    def __init__(
        self,
        journal: Journal,
        project: str,
        on_failure: Callable[[str], None],
        on_success: Callable[[], None] = lambda: None,
    ) -> None:
        self.journal = journal
        self.project = project
        self.on_failure = on_failure
        self._on_success = on_success
        self._waiting: deque[Entry] = deque()
        self._written = 0
        self._taken = 0
        self._awake = asyncio.Event()
        self._progress = asyncio.Condition()
        self._threads = ThreadPoolExecutor(1, "journal")
        self._task: asyncio.Task[None] | None = None
        self.is_healthy = True
        self.dropped = 0

    async def __aenter__(self) -> Recorder:
        self._task = asyncio.create_task(self._write_all(), name="journal")
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_AFTER):
                await self.flush()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._write_the_rest()
        self._threads.shutdown(wait=True)

    async def _write_the_rest(self) -> None:
        """What a journal that failed did not take is tried once more: it may have come back."""
        if self._waiting:
            try:
                await self.run(self.journal.write, list(self._waiting))
            except JournalError as error:
                log.error("%d entries of the journal are lost: %s", len(self._waiting), error)
            self._waiting.clear()

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls the journal in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def add(self, *entries: Entry) -> None:
        """Takes entries."""
        for entry in entries:
            self._drop(len(self._waiting) + 1 - MOST_WAITING)
            self._waiting.append(entry)
        if entries:
            self._awake.set()

    def _drop(self, count: int) -> None:
        """The oldest entries make room. They count as taken: nobody waits for them."""
        for _ in range(max(count, 0)):
            self._waiting.popleft()
            self._taken += 1
            self.dropped += 1

    async def flush(self) -> None:
        """Waits until all entries that were taken so far are in the journal, or the journal fails."""
        wanted = self._taken + len(self._waiting)
        async with self._progress:
            await self._progress.wait_for(lambda: self._written >= wanted or not self.is_healthy)

    async def _write_all(self) -> None:
        try:
            await self._write_on()
        finally:
            # Nobody waits for one that writes no more.
            async with self._progress:
                self.is_healthy = False
                self._progress.notify_all()

    async def _write_on(self) -> None:
        while True:
            await self._awake.wait()
            await asyncio.sleep(GATHER)
            self._awake.clear()
            batch = list(self._waiting)
            self._waiting.clear()
            self._taken += len(batch)
            failed = ""
            try:
                await self.run(self.journal.write, batch)
            except JournalError as error:
                failed = str(error)
            except Exception as error:  # noqa: BLE001 - one entry must not be the end of the journal
                failed = f"an entry cannot be written: {type(error).__name__}: {error}"
            await self._report(batch, failed)

    async def _report(self, batch: list[Entry], failed: str) -> None:
        if failed:
            self._waiting.extendleft(reversed(batch))
            self._taken -= len(batch)
            self._drop(len(self._waiting) - MOST_WAITING)
            self.on_failure(failed)
        else:
            self._on_success()
        async with self._progress:
            self.is_healthy = not failed
            self._written = self._taken
            self._progress.notify_all()
        if failed:
            await asyncio.sleep(_AGAIN_AFTER)
            self._awake.set()
