"""Opens where leases are kept by its URL: a journal of either kind, or a Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from reconciler.controller.leases import JournalStore, Store
from reconciler.controller.redis_leases import RedisStore
from reconciler.controller.redis_ties import RedisTies
from reconciler.journal.database import open_journal


@asynccontextmanager
async def store_at(place: str) -> AsyncIterator[Store]:
    """A store of one process: each has an owner's name of its own."""
    if place.startswith("redis://"):
        ties = RedisTies(place, "test")
        yield RedisStore(ties)
        await ties.close()
        return
    journal = await asyncio.to_thread(open_journal, place)
    threads = ThreadPoolExecutor(1)

    async def run(function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)

    yield JournalStore(journal, run)
    threads.shutdown()
    journal.close()
