"""Every so often a look at all rooms: what webhooks did not tell is found here.

One list tells which rooms live and where somebody waits. A room is looked into where its verdict depends on more than
that: somebody waits in it, or nothing is known of it yet. First it is only read, by as many at a time as the client
lets through, and only where something is to be written is the room's lease taken and all of it read again.

The first look of a process goes by the journal as well: of the rooms that it leaves open, some ended while nobody
listened, and in others something may have happened.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from reconciler.agents.conventions import Convention
from reconciler.agents.healing import Decision, decide
from reconciler.agents.live import CANARY_PREFIX, LiveRoom, wanted_in
from reconciler.agents.memory import Memory
from reconciler.agents.verdict import judge, may_be_taken
from reconciler.controller.events import Event, Occurrence
from reconciler.controller.leases import Busy
from reconciler.controller.tending import Tender, Tools
from reconciler.errors import ApiError, JournalError, ReconcileError
from reconciler.journal.entries import Unfinished

log = logging.getLogger("reconciler.serve")

# How many rooms are looked into at the same time; the client's own limit on requests comes on top.
AT_ONCE = 64
# A process that looks for all is given this many seconds more before another one does.
_SLACK = 5.0
# The webhook of a room's end may be under way; what it tells is worth more than that the room is not listed.
_WEBHOOK_LATE = 10.0
# A room of which the journal has no end is asked for if it started within so many seconds.
_LOOK_BACK = 86_400.0


class Resync:
    """Looks at all rooms."""

    def __init__(self, tools: Tools, tender: Tender) -> None:
        self._tools = tools
        self._tender = tender
        self._last = 0.0
        self._knows_past = False
        self._unheard: set[str] = set()
        """Sessions that live, and in which something may have happened before this process listened."""

    async def run(self, interval: float) -> None:
        """One resync, or a look at what another process saw, where one looks for all.

        `interval`: seconds until the next. Raises `ApiError` where the list of rooms cannot be read.
        """
        queue, begun = self._tools.queue, time.monotonic()
        if await queue.leads(interval * 1.5 + _SLACK):
            await self.look_at_all()
            await queue.publish(self._tools.board.picture(), interval * 2.0 + _SLACK)
        elif (picture := await queue.published()) is not None:
            self._tools.board.take_over(picture, self._tools.client.now() - interval)
            self._tools.metrics.resync_at.set(time.time())
        self._tools.alerts.right("LiveKit", unless_since=self._last)
        self._last = begun

    async def look_at_all(self) -> int:
        """Looks at all rooms; returns how many live."""
        started = time.monotonic()
        begun = self._tools.client.now()
        past = await self._past()  # before the list is made, which then has what still lives of it
        listed = await self._tools.client.rooms()
        rooms = [room for room in listed if not room.name.startswith(CANARY_PREFIX)]
        await self._forget(rooms, past, begun)
        waiting: list[tuple[LiveRoom, Convention]] = []
        for room in rooms:
            convention = self._tools.rules.now.of(room.name)
            if convention is not None and self._is_open(room):
                waiting.append((room, convention))
            else:
                self._show(room, convention)
        waiting.reverse()  # workers take from the end; the oldest room comes first
        failures: list[ReconcileError] = []
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(waiting))):
                group.create_task(self._work(waiting, failures))
        if failures:
            count = f"{len(failures):,} rooms" if len(failures) > 1 else "a room"
            self._tools.alerts.wrong("LiveKit", f"{count} could not be read: {failures[0]}")
        self._tools.metrics.resync_seconds.set(time.monotonic() - started)
        self._tools.metrics.resync_at.set(time.time())
        return len(rooms)

    def _is_open(self, room: LiveRoom) -> bool:
        if room.waiting:
            return True
        known = self._tools.board.find(room.session)
        return known is None or not known.is_settled

    async def _past(self) -> list[Unfinished] | None:
        """What the journal left open before this process began; None where it is known or cannot be read."""
        if self._knows_past:
            return None
        recorder = self._tools.recorder
        since = time.time() - _LOOK_BACK
        try:
            return await asyncio.to_thread(recorder.journal.unfinished, recorder.project, since)
        except JournalError as error:
            recorder.on_failure(str(error))
            return None

    async def _forget(
        self, rooms: list[LiveRoom], past: list[Unfinished] | None, begun: float
    ) -> None:
        """Rooms that ended without a word: that is an event like the one that was lost."""
        sessions = {room.session for room in rooms}
        gone = {
            one.session: (one.name, one.created_at)
            for one in self._tools.board.keep_only(sessions, begun)
        }
        if past is not None:
            gone |= {one.session: (one.room, one.started) for one in past}
            self._unheard = gone.keys() & sessions
            self._knows_past = True
        for session in gone.keys() - sessions:
            name, created_at = gone[session]
            event = Event(Occurrence.GONE, name, session, begun, time.time(), created_at)
            await self._tools.queue.put_again(event, time.time() + _WEBHOOK_LATE)

    def _show(self, room: LiveRoom, convention: Convention | None) -> None:
        known = self._tools.board.find(room.session)
        if known is not None and convention is not None:
            return
        now = self._tools.client.now()
        label = convention.label if convention is not None else None
        self._tools.board.show(room, label, judge(room, convention, now), now, is_settled=True)

    async def _work(
        self, waiting: list[tuple[LiveRoom, Convention]], failures: list[ReconcileError]
    ) -> None:
        while waiting:
            room, convention = waiting.pop()
            try:
                await self._look(room, convention)
            except ReconcileError as error:
                self._tools.metrics.errors.labels(
                    error.method if isinstance(error, ApiError) and error.method else "resync"
                ).inc()
                failures.append(error)
            except Exception as error:  # noqa: BLE001 - one room must not be the end of all others
                self._tools.alerts.unforeseen(f"room {room.name}", error)

    async def _look(self, room: LiveRoom, convention: Convention) -> None:
        seen = await self._read(room, convention)
        if seen is None:
            # It has ended since the list was made, or the server does not tell: a look finds out which.
            await self._tools.queue.look_at(room.name, room.session, time.time() + 1.0)
            return
        if self._is_news(seen, convention):
            self._unheard.discard(room.session)
            try:
                async with self._tools.leases.of(room.session, room.name) as lease:
                    await self._tender.tend(lease, room)
            except Busy:
                await self._tools.queue.look_at(room.name, room.session, time.time() + 1.0)
            return
        now = self._tools.client.now()
        judgement = judge(seen, convention, now)
        is_settled = not seen.waiting and not may_be_taken(seen, now)
        self._tools.board.show(seen, convention.label, judgement, now, is_settled=is_settled)

    async def _read(self, room: LiveRoom, convention: Convention) -> LiveRoom | None:
        """As little of the room as settles it: who is there where somebody waits, else who was asked for."""
        client = self._tools.client
        if not room.waiting:
            dispatches = await client.dispatches(room.name)
            return None if dispatches is None else replace(room, dispatches=dispatches)
        waiting, agents = await client.participants(room.name)
        seen = replace(room, waiting=waiting, agents=agents)
        names = [one.agent_name for one in agents]
        if sorted(agent.agent_name for agent in wanted_in(convention, seen)) == sorted(
            name or "" for name in names
        ):
            return seen
        dispatches = await client.dispatches(room.name)
        return None if dispatches is None else replace(seen, dispatches=dispatches)

    def _is_news(self, room: LiveRoom, convention: Convention) -> bool:
        """Whether there is something to do or to remember, as far as can be told without the room's memory."""
        known = self._tools.board.find(room.session)
        if room.waiting and (
            known is None
            or known.judgement.verdict
            is not judge(room, convention, self._tools.client.now()).verdict
        ):
            return True
        if room.session in self._unheard and room.dispatches:
            return True
        found: Decision = decide(convention, room, Memory(), self._tools.client.now(), 1)
        return bool(found.writes or found.given_up or found.missed or found.look_at is not None)
