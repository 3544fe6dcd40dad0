"""One look at one room, and what follows from it: the only place where the controller writes to LiveKit.

Everything happens under the room's lease: what is there is read, `agents/healing.py` decides, the dispatches are
made, and what was learnt is stored. A dispatch is written to the journal before the lease is given back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.agents.healing import Act, Write, decide
from reconciler.agents.live import LiveDispatch, LiveRoom, shown
from reconciler.agents.memory import Fact, Memory, What, looked
from reconciler.agents.verdict import JOB_SHOWS_WITHIN, NANOSECONDS, Verdict, judge, may_be_taken
from reconciler.controller.leases import Lease, Leases
from reconciler.controller.story import Story
from reconciler.errors import ApiError, BadAnswer, Rejected, Unreachable
from reconciler.journal.entries import Step

if TYPE_CHECKING:
    from reconciler.agents.conventions import Convention
    from reconciler.controller.alerts import Alerts
    from reconciler.controller.board import Board
    from reconciler.controller.metrics import Metrics
    from reconciler.controller.queue import Queue
    from reconciler.controller.record import Recorder
    from reconciler.controller.rules import RulesInForce
    from reconciler.gateway.rooms import RoomsClient

log = logging.getLogger("reconciler.serve")

# When a call fails that had no effect, the room is looked at again after so many seconds.
AGAIN_AFTER = 5.0
_STEPS = {Act.DISPATCH: Step.DISPATCHED, Act.RETRY: Step.RETRIED, Act.REPLACE: Step.REPLACED}


@dataclass(frozen=True, slots=True)
class Tools:
    """What a controller works with, the same for all its parts."""

    client: RoomsClient
    rules: RulesInForce
    leases: Leases
    queue: Queue
    recorder: Recorder
    board: Board
    metrics: Metrics
    alerts: Alerts
    max_tries: int = 5
    is_alone: bool = True
    """Whether no other process works on the same rooms."""


class _NotWritten(Exception):
    """A write did not come about, which was told; what would have followed from it does not."""


class Tender:
    """Looks at rooms, one at a time each."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def tend(
        self, lease: Lease, room: LiveRoom, *, is_new: bool = False, since: float = 0.0
    ) -> None:
        """Looks at a room, brings who is missing, and asks for the next look.

        `is_new`: the room has just come to be, so nobody is in it yet. `since`: when the event came in that this is
        the answer to, by the monotonic clock. What fails is told and tried again later; nothing is raised.
        """
        convention = self._tools.rules.now.of(room.name)
        if convention is None or lease.memory.finished:
            return
        if self._tools.client.now() < lease.memory.quiet_until:
            await self._look_at(room, lease.memory.quiet_until + 0.5)
            return
        story = Story(room, self._tools.recorder)
        try:
            seen = await self._seen(room, is_new=is_new)
            if seen is None:
                return  # it is over: its end has an event of its own
            await self._follow(lease, seen, convention, story, since)
        except _NotWritten:
            pass  # it was told, and is looked at again
        except ApiError as error:
            self._tools.metrics.errors.labels(error.method or "api").inc()
            self._tools.alerts.wrong("LiveKit", str(error))
            await self._look_at(room, self._tools.client.now() + AGAIN_AFTER)
        await story.written()

    async def _seen(self, room: LiveRoom, *, is_new: bool) -> LiveRoom | None:
        """The room with what is in it; None where this session of it is over.

        The name may live on in another session, which is not this lease's to write to.
        """
        client = self._tools.client
        if is_new:
            dispatches = await client.dispatches(room.name)
            if dispatches is not None:
                return replace(room, dispatches=dispatches, agents=())
        listed = await client.rooms([room.name])
        if not any(one.session == room.session for one in listed):
            return None
        seen = await client.look_into(room)
        if seen is None:
            raise Unreachable(
                f"ListDispatch: {client.endpoint.host} lists a room and does not tell what is in it: it is asked again",
                method="ListDispatch",
                sent=False,
            )
        return seen

    async def _follow(
        self, lease: Lease, room: LiveRoom, convention: Convention, story: Story, since: float
    ) -> None:
        tools = self._tools
        now = tools.client.now()
        if not lease.memory.dispatches:
            story.begins(convention)  # the webhook that would have told may be lost
        for fact in looked(lease.memory, room, now):
            self.note(story, fact, lease.memory)
        decision = decide(convention, room, lease.memory, now, tools.max_tries)
        for write in decision.writes:
            room = await self._write(lease, room, write, convention, story, since)
        for given_up in decision.given_up:
            lease.memory.of(given_up.agent_name).gave_up = True
            story.tell(Step.GAVE_UP, given_up.agent_name, text=given_up.reason, failed=True)
            tools.alerts.tell(
                "gave up", f"room {room.name}: {shown([given_up.agent_name])}: {given_up.reason}"
            )
        for missed in decision.missed:
            lease.memory.of(missed.agent_name).missed = True
            story.tell(Step.ALERT, missed.agent_name, text=missed.reason, failed=True)
            tools.alerts.tell(
                "nobody asked", f"room {room.name}: {shown([missed.agent_name])}: {missed.reason}"
            )
        if decision.look_at is not None:
            await self._look_at(room, decision.look_at)
        judgement = judge(room, convention, now)
        if judgement.verdict is Verdict.MISSING_DISPATCH and decision.writes:
            judgement = replace(judgement, verdict=Verdict.WAITING, reason="it is dispatched now")
        # What was written here was answered: until somebody comes there is nothing more to be done about it.
        is_over = bool(decision.writes) or not may_be_taken(room, now)
        is_settled = is_over and decision.look_at is None and not room.waiting
        tools.board.show(room, convention.label, judgement, now, is_settled=is_settled)

    def note(self, story: Story, fact: Fact, memory: Memory) -> None:
        """Puts a fact into the journal and the counters."""
        key = f"{fact.what}:{fact.subject}"
        text = ""
        match fact.what:
            case What.DISPATCHED:
                who = "somebody else" if fact.agent_name else "LiveKit by itself"
                tried_at = memory.of(fact.agent_name).tried_at
                if tried_at and tried_at - 2.0 <= fact.at <= memory.quiet_until:
                    who = "the controller, whose call was not answered,"
                text = f"{who} asked for it ({fact.subject})"
            case What.JOINED | What.LEFT:
                text = f"as {fact.subject}" if fact.subject else ""
        if fact.what is What.JOINED and fact.milliseconds is not None:
            is_ours = fact.agent_name in self._tools.rules.now.agents
            label = shown([fact.agent_name]) if is_ours else "(another)"
            self._tools.metrics.join_seconds.labels(label).observe(fact.milliseconds / 1000.0)
        step = Step(fact.what.value)
        story.tell(
            step,
            fact.agent_name,
            at=fact.at,
            milliseconds=fact.milliseconds,
            text=text,
            key=key,
        )

    # --- writing

    async def _write(
        self,
        lease: Lease,
        room: LiveRoom,
        write: Write,
        convention: Convention,
        story: Story,
        since: float,
    ) -> LiveRoom:
        """Makes one dispatch; returns the room with it. Raises `_NotWritten` where that failed or has to wait."""
        tools = self._tools
        name = write.agent.agent_name
        known = lease.memory.of(name)
        if write.deletes:
            # Whoever goes on after a crash in between has to know that this one was taken away by us.
            known.owed = write.agent
            await lease.save()
            for identifier in write.deletes:
                await self._may_write(lease, room)
                await tools.client.undispatch(room.name, identifier)
        await self._may_write(lease, room)
        now = tools.client.now()
        started = time.monotonic()
        try:
            made = await tools.client.dispatch(room.name, write.agent)
        except ApiError as error:
            await self._failed(lease, room, write, error, story)
            raise _NotWritten from error
        except asyncio.CancelledError:
            # This process ends; what it sent may arrive all the same.
            self._unanswered(lease, write)
            raise
        known.tries, known.tried_at, known.asked_at, known.owed = write.attempt, now, now, None
        lease.memory.dispatches.append(made.id)
        tools.metrics.dispatches.labels(shown([name]), write.act.value).inc()
        if since:
            tools.metrics.dispatch_seconds.observe(time.monotonic() - since)
        story.tell(
            _STEPS[write.act],
            name,
            at=now,
            attempt=write.attempt,
            milliseconds=round((time.monotonic() - (since or started)) * 1000.0, 1),
            text=f"{write.reason} ({made.id})",
            key=f"{What.DISPATCHED}:{made.id}",
        )
        log.info("room %s: %s %s: %s", room.name, write.act.value, shown([name]), write.reason)
        if room.waiting:  # where nobody does, the first who comes has an event of its own
            patience = convention.join_timeout / NANOSECONDS
            await self._look_at(room, now + max(patience, JOB_SHOWS_WITHIN) + 0.1)
        return _with(room, write, made)

    async def _may_write(self, lease: Lease, room: LiveRoom) -> None:
        """Raises `_NotWritten` unless a call that begins now ends before anybody else decides about the room."""
        if await lease.lasts(self._tools.client.timeout):
            return
        log.warning("room %s: reading took longer than its lease: it is read again", room.name)
        await self._look_at(room, self._tools.client.now() + AGAIN_AFTER)
        raise _NotWritten

    async def _failed(
        self, lease: Lease, room: LiveRoom, write: Write, error: ApiError, story: Story
    ) -> None:
        """The dispatch had no effect, or it may have: then nobody decides about the room for the time of a lease."""
        tools = self._tools
        tools.metrics.errors.labels(error.method or "CreateDispatch").inc()
        name, now = write.agent.agent_name, tools.client.now()
        known = lease.memory.of(name)
        again = AGAIN_AFTER
        if may_be_done(error):
            self._unanswered(lease, write)
            again = tools.leases.seconds + 0.5
            story.tell(Step.ANSWER_LOST, name, attempt=write.attempt, text=str(error))
        else:
            if isinstance(
                error, Rejected
            ):  # the same request is refused again: that is a try like any other
                known.tries, known.tried_at = write.attempt, now
            story.tell(Step.FAILED, name, attempt=write.attempt, text=str(error), failed=True)
        tools.alerts.wrong("LiveKit", str(error))
        await self._look_at(room, now + again)

    def _unanswered(self, lease: Lease, write: Write) -> None:
        """Nobody decides about the room for the time of a lease: then the list tells what became of a dispatch."""
        now = self._tools.client.now()
        known = lease.memory.of(write.agent.agent_name)
        known.tries, known.tried_at = write.attempt, now
        lease.runs_out = True
        lease.memory.quiet_until = now + self._tools.leases.seconds

    async def _look_at(self, room: LiveRoom, moment: float) -> None:
        # The queue runs by this machine's clock.
        ahead = self._tools.client.now() - time.time()
        await self._tools.queue.look_at(room.name, room.session, moment - ahead)


def may_be_done(error: ApiError) -> bool:
    """Whether a write that failed like this can have had its effect."""
    match error:
        case Unreachable(sent=sent):
            return sent
        case BadAnswer(status=status):
            return status == 200
        case _:
            return False


def _with(room: LiveRoom, write: Write, made: LiveDispatch) -> LiveRoom:
    kept = tuple(one for one in room.dispatches or () if one.id not in write.deletes)
    return replace(room, dispatches=(*kept, made))
