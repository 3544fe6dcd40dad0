"""The queue in Redis, for any number of processes on any number of machines. The leases are in `redis_leases.py`.

    PREFIX:events      a stream: events in order; the consumer group `controllers` hands each to one process
    PREFIX:later       a sorted set: looks and retries by the time at which they are due
    PREFIX:seen:ID     ids of webhooks that came, for as long as LiveKit may send one again
    PREFIX:leader      who looks at all rooms; it expires by itself
    PREFIX:picture     what that process saw

An event stays pending until it is worked on. What a process leaves behind that died is claimed by another one, after a
time in which the leases of the dead one have run out. All times are Redis' own, the one clock that everybody shares.
A Redis that was restarted empty is no failure: the group is made again, and what was lost is found by the next resync.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import deque
from typing import Any

from reconciler.controller.events import Event, look, pack, unpack
from reconciler.controller.leases import LEASE_SECONDS
from reconciler.controller.queue import MOST_EVENTS, REPLAY_WINDOW, Backlog, QueueFull, Ticket
from reconciler.controller.redis_ties import RedisTies, is_answer
from reconciler.errors import QueueError

GROUP = "controllers"
# A process that works on one event for so long is dead, and its leases have run out.
CLAIM_AFTER = LEASE_SECONDS + 3.0
_READ_AT_ONCE = 32
_BLOCK = 0.25
_CLAIM_EVERY = 2.0
# A process that did not ask for so long, and has nothing to do, is gone: it is taken out of the group.
_GONE_AFTER = 3600.0
_MOVED_AT_ONCE = 200

# KEYS: later, events. ARGV: how many. What is due moves to the stream, so that nobody else moves it as well.
_RIPEN = """
local now = redis.call('TIME')
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now[1] + now[2] / 1e6, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do
  redis.call('XADD', KEYS[2], '*', 'event', string.sub(member, string.find(member, ' ', 1, true) + 1))
  redis.call('ZREM', KEYS[1], member)
end
return #due
"""
# KEYS: later. ARGV: member, seconds from now. The earliest time counts.
_LATER = """
local now = redis.call('TIME')
return redis.call('ZADD', KEYS[1], 'LT', now[1] + now[2] / 1e6 + ARGV[2], ARGV[1])
"""
# KEYS: leader. ARGV: owner, milliseconds.
_LEAD = """
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
# KEYS: events, seen. ARGV: the event, how many there may be, seconds for which its id is known, 1 if it has one.
_PUT = """
if ARGV[4] == '1' and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then return -1 end
redis.call('XADD', KEYS[1], '*', 'event', ARGV[1])
if ARGV[4] == '1' then redis.call('SET', KEYS[2], '1', 'EX', ARGV[3]) end
return 1
"""


# KEYS: leader. ARGV: owner.
_FOLLOW = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class RedisQueue:
    """A `Queue` in Redis; its methods are explained there. `open` before it is used."""

    def __init__(self, ties: RedisTies, *, claim_after: float = CLAIM_AFTER) -> None:
        self.ties = ties
        self._redis = ties.redis
        self._claim_after = claim_after
        self._events = ties.key("events")
        self._later = ties.key("later")
        self._taken: deque[Ticket] = deque()
        self._in_work: set[bytes] = set()
        self._next_claim = self._next_tidying = 0.0
        self._put = self._redis.register_script(_PUT)
        self._ripen = self._redis.register_script(_RIPEN)
        self._put_later = self._redis.register_script(_LATER)
        self._lead = self._redis.register_script(_LEAD)
        self._follow = self._redis.register_script(_FOLLOW)

    async def open(self) -> None:
        """Makes the consumer group. Raises `QueueError` where Redis cannot be reached."""
        try:
            await self.ties.call(
                self._redis.xgroup_create(self._events, GROUP, id="0", mkstream=True)
            )
        except QueueError as error:
            if not is_answer(error, "BUSYGROUP"):
                raise

    async def put(self, event: Event, identifier: str = "") -> bool:
        """Adds an event. Raises `QueueFull`, or `QueueError` where Redis does not take it."""
        keys = [self._events, self.ties.key("seen", identifier)]
        args: list[Any] = [pack(event), MOST_EVENTS, int(REPLAY_WINDOW), int(bool(identifier))]
        result = await self.ties.call(self._put(keys=keys, args=args))
        if result < 0:
            raise QueueFull
        return bool(result)

    async def put_again(self, event: Event, at: float) -> None:
        """Adds an event that could not be worked on."""
        await self._push(uuid.uuid4().hex, event, at)

    async def look_at(self, room: str, session: str, at: float) -> None:
        """Asks for a look at a room."""
        # The same member for the same session, whatever the time: the set keeps the earliest.
        await self._push(session, look(room, session, 0.0), at)

    async def _push(self, name: str, event: Event, at: float) -> None:
        member = name.encode() + b" " + pack(event)
        wait = max(at - time.time(), 0.0)
        await self.ties.call(self._put_later(keys=[self._later], args=[member, wait]))

    async def take(self) -> Ticket:
        """The next event, as soon as there is one."""
        while not self._taken:
            await self.ties.call(
                self._ripen(keys=[self._later, self._events], args=[_MOVED_AT_ONCE])
            )
            try:
                if time.monotonic() >= self._next_claim:
                    self._next_claim = time.monotonic() + _CLAIM_EVERY
                    await self._claim()
                if not self._taken:
                    await self._read()
            except QueueError as error:
                if not is_answer(error, "NOGROUP"):
                    raise
                await self.open()
        return self._taken.popleft()

    async def _read(self) -> None:
        answer = await self.ties.call(
            self._redis.xreadgroup(
                GROUP,
                self.ties.owner,
                {self._events: ">"},
                count=_READ_AT_ONCE,
                block=int(_BLOCK * 1000),
            )
        )
        for _, messages in _pairs(answer):
            self._accept(messages)

    async def _claim(self) -> None:
        """Takes over what a process left behind that is dead, and forgets those that left nothing."""
        answer: Any = await self.ties.call(
            self._redis.xautoclaim(
                self._events,
                GROUP,
                self.ties.owner,
                min_idle_time=int(self._claim_after * 1000),
                count=_READ_AT_ONCE,
            )
        )
        # What this process itself works on for that long is not begun a second time.
        self._accept([one for one in answer[1] if one[0] not in self._in_work])
        if time.monotonic() >= self._next_tidying:
            self._next_tidying = time.monotonic() + _GONE_AFTER
            await self._tidy()

    async def _tidy(self) -> None:
        consumers: Any = await self.ties.call(self._redis.xinfo_consumers(self._events, GROUP))
        for one in consumers:
            if not one["pending"] and one["idle"] > _GONE_AFTER * 1000:
                await self.ties.call(
                    self._redis.xgroup_delconsumer(self._events, GROUP, one["name"])
                )

    def _accept(self, messages: Any) -> None:
        for key, fields in messages:
            event = unpack((fields or {}).get(b"event", b""))
            self._in_work.add(key)
            self._taken.append(Ticket(event or _NOTHING, key))

    async def done(self, ticket: Ticket) -> None:
        """The event was worked on."""
        self._in_work.discard(ticket.key)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xack(self._events, GROUP, ticket.key)
        pipeline.xdel(self._events, ticket.key)
        await self.ties.call(pipeline.execute())

    def drop(self, ticket: Ticket) -> None:
        """It stays pending, and is claimed again by any process, this one included."""
        self._in_work.discard(ticket.key)

    async def backlog(self) -> Backlog:
        """What is waiting: the stream has only what nobody finished."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.xlen(self._events)
        pipeline.xrange(self._events, count=1)
        pipeline.time()
        length, first, now = await self.ties.call(pipeline.execute())
        if not first:
            return Backlog(length, 0.0)
        put_at = int(first[0][0].split(b"-")[0]) / 1000.0
        return Backlog(length, max(now[0] + now[1] / 1e6 - put_at, 0.0))

    async def leads(self, seconds: float) -> bool:
        """Whether this process looks at all rooms for the others too."""
        lead = self._lead(
            keys=[self.ties.key("leader")], args=[self.ties.owner, int(seconds * 1000)]
        )
        return bool(await self.ties.call(lead))

    async def publish(self, picture: bytes, seconds: float) -> None:
        """Shows the others what this process knows."""
        key = self.ties.key("picture")
        await self.ties.call(self._redis.set(key, picture, px=int(seconds * 1000)))

    async def published(self) -> bytes | None:
        """What another process showed last."""
        picture: bytes | None = await self.ties.call(self._redis.get(self.ties.key("picture")))
        return picture

    async def leave(self) -> None:
        """Gives what was taken and not begun to others at once, and takes this process out of the group."""
        with contextlib.suppress(QueueError):
            await self.ties.call(
                self._follow(keys=[self.ties.key("leader")], args=[self.ties.owner])
            )
            while self._taken:
                ticket = self._taken.popleft()
                await self.ties.call(self._redis.xadd(self._events, {"event": pack(ticket.event)}))
                await self.done(ticket)
            pending: Any = await self.ties.call(
                self._redis.xpending_range(self._events, GROUP, "-", "+", 1, self.ties.owner)
            )
            if not pending:
                await self.ties.call(
                    self._redis.xgroup_delconsumer(self._events, GROUP, self.ties.owner)
                )

    async def close(self) -> None:
        """Lets others go on."""
        await self.leave()


# Stands for an event of a version that is not known here: it is taken off the queue, and the next resync looks.
_NOTHING = look("", "", 0.0)


def _pairs(answer: Any) -> Any:
    """What a read answers: a list of pairs, or with newer protocols a mapping of lists."""
    if isinstance(answer, dict):
        return [(key, [one for part in parts for one in part]) for key, parts in answer.items()]
    return answer or ()
