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
from reconciler.errors import JournalError
from reconciler.journal.database import Journal
from reconciler.render.escape import escape

log = logging.getLogger("reconciler.serve")

# Longer than any call for one room may take, retries of reads included.
LEASE_SECONDS = 12.0
# A journal that failed is left alone for so many seconds: every try of it may take as long.
_WITHOUT_JOURNAL = 10.0


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
    async def of(self, session: str, room: str | None = None) -> AsyncIterator[Lease]:
        """The lease of a session of a room. Raises `Busy` where another process has it; this one's own events queue up.

        They do so by the room's name: what is written is written to a name, whichever session it is by then.
        """
        async with self._turn(session if room is None else room):
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
    async def _turn(self, room: str) -> AsyncIterator[None]:
        lock, users = self._turns.get(room, (asyncio.Lock(), 0))
        self._turns[room] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns[room]
            if users == 1:
                del self._turns[room]
            else:
                self._turns[room] = (lock, users - 1)


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
    """Leases in the journal's database. Its calls run in threads, one after another where it is SQLite.

    `is_alone`: the journal is a file, which one process has. When it cannot be written, leases are kept in that process
    until it can: a full disk is no reason not to bring agents. Where several may share it, nobody decides without it.
    """

    def __init__(
        self,
        journal: Journal,
        run: Callable[..., Any],
        *,
        is_alone: bool = False,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._run = run
        self._is_alone = is_alone
        self._on_failure = on_failure
        self._owner = uuid.uuid4().hex
        self._kept: dict[str, bytes] = {}
        self._broken_until = 0.0

    async def take(self, session: str, seconds: float) -> bytes | None:
        """Takes a session for some time."""
        if time.monotonic() < self._broken_until:
            return self._kept.setdefault(session, b"")
        try:
            memory = await self._run(self._journal.take, session, self._owner, seconds)
        except JournalError as error:
            self._broken(error)
            return self._kept.setdefault(session, b"")
        # What was learnt while the journal was away counts more than what it has.
        return None if memory is None else self._kept.pop(session, memory.state)

    async def give_back(self, session: str, state: bytes) -> bool:
        """Stores the state and frees the session."""
        return await self._store(self._journal.give_back, session, state)

    async def keep(self, session: str, state: bytes) -> bool:
        """Stores the state and lets the time run out."""
        return await self._store(self._journal.keep, session, state)

    async def _store(self, write: Callable[..., bool], session: str, state: bytes) -> bool:
        if session not in self._kept:
            try:
                stored: bool = await self._run(write, session, self._owner, state)
            except JournalError as error:
                self._broken(error)
            else:
                return stored
        self._kept[session] = state
        return True

    def _broken(self, error: JournalError) -> None:
        """Raises the error again where leases cannot do without the journal."""
        self._on_failure(str(error))
        if not self._is_alone:
            raise error
        self._broken_until = time.monotonic() + _WITHOUT_JOURNAL
