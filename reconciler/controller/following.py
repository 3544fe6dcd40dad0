"""What an event adds to what is known of a room, and whether it calls for a look.

Most events do not: that an agent joined is remembered and told to the journal, and LiveKit is not asked again.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import assert_never

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.agents.healing import LEFT_GRACE
from reconciler.agents.live import CANARY_PREFIX, LiveRoom, shown, wanted_in
from reconciler.agents.memory import Memory, again, joined, left
from reconciler.agents.verdict import JOB_SHOWS_WITHIN, NANOSECONDS
from reconciler.controller.events import Event, Occurrence
from reconciler.controller.leases import Busy, Lease
from reconciler.controller.story import Story
from reconciler.controller.tending import Tender, Tools
from reconciler.journal.entries import Step

# Another process decides about the room: it is asked again soon.
BUSY_AGAIN = 0.25
# People come and go in bursts; a look waits for the burst to be over.
SETTLE = 0.2

_UNHEARD = "no webhook told its end"
# LiveKit's clock is known to so many seconds.
_CLOCKS_DIFFER = 2.0
# An event that comes later than this finds a room in which anything may have happened.
_FRESH = 2.0


class Follower:
    """Works on events, each to its end."""

    def __init__(self, tools: Tools, tender: Tender) -> None:
        self._tools = tools
        self._tender = tender
        self._begun = time.monotonic()

    async def follow(self, event: Event) -> None:
        """Works on one event. Raises `JournalError` or the like where what is known of the room cannot be read."""
        if event.room.startswith(CANARY_PREFIX):
            return  # a probe has come to see who answers by itself
        # Where no event tells since when the room lives, it counts as new: then nobody is late yet.
        begun = event.room_created_at or self._tools.client.now()
        room = LiveRoom(event.room, event.session, begun, waiting=0)
        convention = self._tools.rules.now.of(event.room)
        if convention is None:
            self._uncovered(event, room)
            return
        self._tools.board.unsettle(event.session)
        try:
            async with self._tools.leases.of(event.session, event.room) as lease:
                await self._with_lease(event, room, convention, lease)
        except Busy:
            if event.occurrence is Occurrence.LOOK:
                await self._tools.queue.look_at(event.room, event.session, time.time() + BUSY_AGAIN)
            else:
                await self._tools.queue.put_again(event, time.time() + BUSY_AGAIN)

    async def _with_lease(
        self, event: Event, room: LiveRoom, convention: Convention, lease: Lease
    ) -> None:
        memory = lease.memory
        memory.room = event.room
        memory.started_at = memory.started_at or event.room_created_at
        room = replace(room, created_at=memory.started_at or room.created_at)
        story = Story(room, self._tools.recorder)
        match event.occurrence:
            case Occurrence.STARTED:
                story.begins(convention)
                if Mechanism.CONTROLLER in convention.dispatch:
                    received = time.monotonic() - max(time.time() - event.received_at, 0.0)
                    await self._tender.tend(
                        lease, room, is_new=_is_fresh(memory, event), since=received
                    )
                else:
                    await self._look_in(room, _patience(convention))
            case Occurrence.LOOK:
                await self._tender.tend(lease, room)
            case Occurrence.AGENT_JOINED:
                self._joined(event, memory, story, convention, room)
                if not memory.dispatches:  # who asked for it, a look will tell
                    await self._look_in(room, _patience(convention))
            case Occurrence.AGENT_LEFT:
                if not memory.finished:
                    self._left(event, memory, story)
                    await self._look_in(room, LEFT_GRACE)
            case Occurrence.CALLER_JOINED:
                memory.waited = True
                again(memory)
                await self._look_in(room, self._until_look(convention, room, memory))
            case Occurrence.CALLER_LEFT:
                pass
            case Occurrence.FINISHED | Occurrence.GONE:
                self._finished(event, memory, story, convention, room)
            case _:
                assert_never(event.occurrence)
        await story.written()

    def _uncovered(self, event: Event, room: LiveRoom) -> None:
        """A room that no convention covers: that it was there is all that is told."""
        story = Story(room, self._tools.recorder)
        match event.occurrence:
            case Occurrence.STARTED:
                story.begins(None)
            case Occurrence.FINISHED | Occurrence.GONE:
                text = _UNHEARD if event.occurrence is Occurrence.GONE else ""
                story.tell(Step.FINISHED, at=event.at, text=text, key="finished")
                self._tools.board.remove(event.session)

    def _joined(
        self, event: Event, memory: Memory, story: Story, convention: Convention, room: LiveRoom
    ) -> None:
        """An agent came: the right one, one too many, or one that nobody wants."""
        name = event.agent_name
        if name is None:
            return  # it does not say who it is: the next look finds out
        facts = joined(memory, name, event.identity, event.at)
        for fact in facts:
            self._tender.note(story, fact, memory)
        if not facts:
            return
        wrong = ""
        if name not in _wanted(convention, room, memory):
            wrong = (
                f"{shown([name])} is there, and the convention {convention.label} does not name it"
            )
        elif len(memory.of(name).here) > 1:
            wrong = f"{shown([name])} is there {len(memory.of(name).here)} times"
        if wrong:
            story.tell(Step.ALERT, name, text=wrong, failed=True, key=f"stranger:{event.identity}")
            self._tools.alerts.tell("agents", f"room {event.room}: {wrong}")

    def _left(self, event: Event, memory: Memory, story: Story) -> None:
        """An agent left. Where nobody was told that it came, this tells when it did."""
        name = event.agent_name
        if name is None:
            return  # it does not say who it is: the look finds out who is still there
        facts = joined(memory, name, event.identity, event.joined_at) if event.joined_at else []
        for fact in (*facts, *left(memory, name, event.identity, event.at)):
            self._tender.note(story, fact, memory)

    def _finished(
        self, event: Event, memory: Memory, story: Story, convention: Convention, room: LiveRoom
    ) -> None:
        """The end: what was wanted and never came is told, for whoever asks tomorrow."""
        if memory.finished:
            return
        memory.finished = True
        self._tools.board.remove(event.session)
        absent = [
            name
            for name in _wanted(convention, room, memory)
            if not memory.of(name).joined_at and not memory.of(name).gave_up
        ]
        is_gone = event.occurrence is Occurrence.GONE
        text = _UNHEARD if is_gone else ""
        is_unknown = bool(absent) and (is_gone or self._was_not_listening(memory))
        if is_unknown:
            text = text or "no controller ran for a while"
            text += f": whether {shown(absent)} came is not known"
        elif memory.waited:
            for name in absent:
                self._nobody_came(story, name, memory)
        # Of one that is found to be gone, only the latest moment is known at which it can have ended.
        lasted = event.at - memory.started_at if memory.started_at and not is_gone else None
        story.tell(
            Step.FINISHED,
            at=event.at,
            milliseconds=None if lasted is None else round(max(lasted, 0.0) * 1000.0),
            text=text,
            failed=is_unknown and memory.waited,
            key="finished",
        )

    def _was_not_listening(self, memory: Memory) -> bool:
        """Whether the room is older than this process, which never looked into it: events may be missing.

        Where others may have listened meanwhile, nothing is.
        """
        if not self._tools.is_alone:
            return False
        begun = self._tools.client.now() - (time.monotonic() - self._begun)
        return 0.0 < memory.started_at < begun - _CLOCKS_DIFFER and memory.looked_at < begun

    def _nobody_came(self, story: Story, name: str, memory: Memory) -> None:
        known = memory.of(name)
        if known.taken_at:
            why = "a worker took the job, and its agent left, or never got in"
        elif known.asked_at:
            why = "it was dispatched, and no worker took the job"
        else:
            why = "nobody dispatched it"
        story.tell(Step.NOBODY_CAME, name, text=why, failed=True, key=f"nobody:{name}")

    def _until_look(self, convention: Convention, room: LiveRoom, memory: Memory) -> float:
        """Seconds until somebody who just came ought to have an agent; none where it is known to be gone."""
        names = _wanted(convention, room, memory)
        known = [memory.agents[name] for name in names if name in memory.agents]
        if all(one.here for one in known) and len(known) == len(names):
            return _patience(convention)
        now = self._tools.client.now()
        if any(one.is_gone or 0.0 < one.asked_at < now - _patience(convention) for one in known):
            return SETTLE
        return _patience(convention)

    async def _look_in(self, room: LiveRoom, seconds: float) -> None:
        await self._tools.queue.look_at(room.name, room.session, time.time() + seconds)


def _wanted(convention: Convention, room: LiveRoom, memory: Memory) -> list[str]:
    """The agents that belong into a room that was not looked into, by what was heard of it."""
    return [agent.agent_name for agent in wanted_in(convention, room, memory.heard_of)]


def _is_fresh(memory: Memory, event: Event) -> bool:
    """Whether a room that came to be is new: one whose event comes late, or after others, has people in it."""
    if time.time() - event.received_at > _FRESH:
        return False
    return not memory.dispatches and not any(known.joined_at for known in memory.agents.values())


def _patience(convention: Convention) -> float:
    return max(convention.join_timeout / NANOSECONDS, JOB_SHOWS_WITHIN) + SETTLE
