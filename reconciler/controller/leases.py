"""One process at a time decides about a room session, and gets what the last one remembered of it.

A lease has a time limit. Whoever is killed between reading LiveKit's list and writing keeps others away for that long,
and by then what it had sent has either arrived or not: the list tells. The same goes for a write whose answer was lost:
its lease is not given back but left to run out.

Whoever writes asks first whether the lease lasts that long. One that ran out is lost even if nobody else took it: what
was read under it may be old. What was learnt is stored all the same, unless another process followed; then that one's
memory counts, which was made from a younger look at LiveKit's lists.

`JournalStore` shares a journal, `RedisStore` (in `redis_leases.py`) a Redis. Within the process the order of events of
one room is kept as well.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.agents.memory import Memory, dump, restore
from reconciler.journal.database import Journal
from reconciler.render.escape import escape

log = logging.getLogger("reconciler.serve")

# Longer than any call for one room may take, retries of reads included.
LEASE_SECONDS = 12.0


class Busy(Exception):
    """Another process decides about the room just now."""


class Store(Protocol):
    """Where leases and memories are kept."""

    async def take(self, session: str, seconds: float) -> bytes | None:
        """Takes a session for some time, with what was stored last; None where another process has it."""

    async def give_back(self, session: str, state: bytes) -> bool:
        """Stores the state and frees the session. False where the time had run out and another process took it."""

    async def keep(self, session: str, state: bytes) -> bool:
        """Stores the state and lets the time run out."""


@dataclass(slots=True)
class Lease:
    """A session that is this process's own for the moment. `memory` is stored at the end."""

    session: str
    memory: Memory
    runs_out: bool = field(default=False)
    """Set where nobody may decide about the room before the time is over."""
    save: Callable[[], Any] = field(repr=False, default=lambda: None)
    """Stores the memory at once: what it says must be known even if this process is killed with the next call."""
    lasts: Callable[[float], Awaitable[bool]] = field(repr=False, default=lambda _: _yes())
    """Whether nobody else decides about the room for so many seconds; the lease is prolonged for it if need be."""


async def _yes() -> bool:
    return True


class Leases:
    """Sessions, one decider at a time."""

    def __init__(self, store: Store, seconds: float = LEASE_SECONDS) -> None:
        self._store = store
        self.seconds = seconds
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, session: str) -> AsyncIterator[Lease]:
        """The lease of a session. Raises `Busy` where another process has it; this one's own events queue up."""
        async with self._turn(session):
            until = time.monotonic() + self.seconds
            stored = await self._store.take(session, self.seconds)
            if stored is None:
                raise Busy
            lease = Lease(session, restore(stored))
            lease.save = lambda: self._store.keep(session, dump(lease.memory))
            lease.lasts = _Term(self._store, session, self.seconds, until).lasts
            try:
                yield lease
            finally:
                # A cancelled task gives back what it has, too.
                await asyncio.shield(self._give_back(lease))

    async def _give_back(self, lease: Lease) -> None:
        write = self._store.keep if lease.runs_out else self._store.give_back
        if not await write(lease.session, dump(lease.memory)):
            log.warning(
                "session %s: another process decided about it before this one was done: that one's memory counts",
                escape(lease.session),
            )

    @asynccontextmanager
    async def _turn(self, session: str) -> AsyncIterator[None]:
        lock, users = self._turns.get(session, (asyncio.Lock(), 0))
        self._turns[session] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns[session]
            if users == 1:
                del self._turns[session]
            else:
                self._turns[session] = (lock, users - 1)


class _Term:
    """How long a lease lasts. `until` is by the monotonic clock, and never later than what the store has."""

    def __init__(self, store: Store, session: str, seconds: float, until: float) -> None:
        self._store = store
        self._session = session
        self._seconds = seconds
        self._until = until

    async def lasts(self, seconds: float) -> bool:
        now = time.monotonic()
        if self._until - now >= min(seconds, self._seconds):
            return True
        if now >= self._until or await self._store.take(self._session, self._seconds) is None:
            return False
        # Answered in time, it was prolonged before it ran out: nobody can have had it in between.
        is_in_time = time.monotonic() < self._until
        if is_in_time:
            self._until = now + self._seconds
        return is_in_time


class JournalStore:
    """Leases in the journal's database. Its calls run in threads, one after another where it is SQLite."""

    def __init__(self, journal: Journal, run: Callable[..., Any]) -> None:
        self._journal = journal
        self._run = run
        self._owner = uuid.uuid4().hex

    async def take(self, session: str, seconds: float) -> bytes | None:
        """Takes a session for some time."""
        memory = await self._run(self._journal.take, session, self._owner, seconds)
        return None if memory is None else memory.state

    async def give_back(self, session: str, state: bytes) -> bool:
        """Stores the state and frees the session."""
        given: bool = await self._run(self._journal.give_back, session, self._owner, state)
        return given

    async def keep(self, session: str, state: bytes) -> bool:
        """Stores the state and lets the time run out."""
        kept: bool = await self._run(self._journal.keep, session, self._owner, state)
        return kept
