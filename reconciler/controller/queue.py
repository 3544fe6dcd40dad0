"""Events that wait to be worked on. `Queue` is what the controller asks of one; `LocalQueue` is the one in the process.

Looks at a room are a set: of several for one room session only the earliest counts.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from reconciler.controller.events import Event, Occurrence, look

# What was seen this recently is known again: longer than LiveKit tries to deliver one webhook.
REPLAY_WINDOW = 600.0
MOST_EVENTS = 100_000


class QueueFull(Exception):
    """There are more events than anybody will work off in time."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An event that somebody works on. `key` is the queue's own name for it."""

    event: Event
    key: bytes = b""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events nobody works on yet, and how old the oldest is, in seconds."""

    count: int
    oldest: float


class Queue(Protocol):
    """Where events wait. Nothing that was put is lost while the process, or Redis, lives."""

    async def put(self, event: Event, identifier: str = "") -> bool:
        """Adds an event, unless one with this id came before: then the answer is False. Raises `QueueFull`.

        Both are one step: an event that could not be added is not known, and may be sent again.
        """

    async def put_again(self, event: Event, at: float) -> None:
        """Adds an event that could not be worked on, to be taken at some moment (seconds since the epoch)."""

    async def look_at(self, room: str, session: str, at: float) -> None:
        """Asks for a look at a room at some moment (seconds since the epoch), or earlier if one is due before."""

    async def take(self) -> Ticket:
        """The next event, as soon as there is one."""

    async def done(self, ticket: Ticket) -> None:
        """The event was worked on."""

    def drop(self, ticket: Ticket) -> None:
        """The event could neither be worked on nor be put back: it comes again, to whoever claims it, if it is kept."""

    async def backlog(self) -> Backlog:
        """What is waiting."""

    async def leads(self, seconds: float) -> bool:
        """Whether this process looks at all rooms for the others too; asked again within that time, it goes on to."""

    async def publish(self, picture: bytes, seconds: float) -> None:
        """Shows the others what this process knows, for some time."""

    async def published(self) -> bytes | None:
        """What another process showed last; None where there is nothing, or nobody else."""

    async def close(self) -> None:
        """Lets go of connections."""


class LocalQueue:
    """A queue in this process. What is in it when the process dies is found again by the next resync.

    Rooms that come to be go before all else: somebody may wait there for an agent that nobody has asked for yet.
    """

    def __init__(self, clock: Callable[[], float] = time.time, limit: int = MOST_EVENTS) -> None:
        self._clock = clock
        self._limit = limit
        self._started: deque[tuple[float, Event]] = deque()
        self._events: deque[tuple[float, Event]] = deque()
        self._later: list[tuple[float, int, Event]] = []
        self._numbers = itertools.count()
        self._due: dict[str, float] = {}
        # A dict takes ever longer to tell its first entry when those before it were deleted.
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._awake = asyncio.Event()

    async def put(self, event: Event, identifier: str = "") -> bool:
        """Adds an event, unless one with this id came before. Raises `QueueFull`."""
        now = self._clock()
        while self._seen and next(iter(self._seen.values())) < now - REPLAY_WINDOW:
            self._seen.popitem(last=False)
        if identifier in self._seen:
            return False
        if len(self._started) + len(self._events) >= self._limit:
            raise QueueFull
        if identifier:
            self._seen[identifier] = now
        is_start = event.occurrence is Occurrence.STARTED
        (self._started if is_start else self._events).append((now, event))
        self._awake.set()
        return True

    async def put_again(self, event: Event, at: float) -> None:
        """Adds an event that could not be worked on."""
        self._push(event, at)

    async def look_at(self, room: str, session: str, at: float) -> None:
        """Asks for a look at a room."""
        known = self._due.get(session)
        if known is not None and known <= at:
            return
        self._due[session] = at
        self._push(look(room, session, at), at)

    async def take(self) -> Ticket:
        """The next event, as soon as there is one."""
        while True:
            self._ripen()
            for waiting in (self._started, self._events):
                if waiting:
                    return Ticket(waiting.popleft()[1])
            self._awake.clear()
            wait = self._later[0][0] - self._clock() if self._later else None
            try:
                await asyncio.wait_for(self._awake.wait(), wait)
            except TimeoutError:
                continue

    async def done(self, ticket: Ticket) -> None:
        """Nothing is kept of an event that was taken."""

    def drop(self, ticket: Ticket) -> None:
        """What it was about, the next resync finds."""

    async def backlog(self) -> Backlog:
        """What is waiting."""
        now = self._clock()
        waiting = (self._started, self._events)
        oldest = max((now - one[0][0] for one in waiting if one), default=0.0)
        return Backlog(sum(map(len, waiting)), oldest)

    async def leads(self, seconds: float) -> bool:
        """There is nobody else."""
        return True

    async def publish(self, picture: bytes, seconds: float) -> None:
        """There is nobody to show it to."""

    async def published(self) -> bytes | None:
        """There is nobody who could have."""
        return None

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _push(self, event: Event, at: float) -> None:
        heapq.heappush(self._later, (at, next(self._numbers), event))
        self._awake.set()

    def _ripen(self) -> None:
        """Looks whose time has come become events."""
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            at, _, event = heapq.heappop(self._later)
            if event.occurrence is Occurrence.LOOK:
                if self._due.get(event.session) != at:
                    continue  # an earlier one came afterwards
                del self._due[event.session]
            self._events.append((at, event))
        if self._events:
            self._awake.set()
