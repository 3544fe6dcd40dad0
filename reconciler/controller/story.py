"""What happens to one room, told to the journal entry by entry."""

from __future__ import annotations

import time

from reconciler.agents.conventions import Convention
from reconciler.agents.live import LiveRoom, shown
from reconciler.controller.record import Recorder
from reconciler.journal.entries import Entry, Step


class Story:
    """Entries about one room session."""

    def __init__(self, room: LiveRoom, recorder: Recorder) -> None:
        self._room = room
        self._recorder = recorder
        self._count = 0

    def tell(
        self,
        step: Step,
        agent: str | None = None,
        *,
        at: float = 0.0,
        attempt: int | None = None,
        milliseconds: float | None = None,
        text: str = "",
        failed: bool = False,
        key: str | None = None,
    ) -> None:
        """One entry. Of those with one `key` in a session only the first is kept; `at` 0 is now."""
        session = self._room.session
        self._count += 1
        self._recorder.add(
            Entry(
                at or time.time(),
                self._room.name,
                session,
                step,
                agent,
                attempt,
                milliseconds,
                text,
                failed,
                None if key is None else f"{session}/{key}",
                self._recorder.project,
            )
        )

    def begins(self, convention: Convention | None) -> None:
        """The room came to be, and this is what counts for it; told by whoever hears of it first."""
        at = self._room.created_at
        self.tell(Step.ROOM_STARTED, at=at, key="started")
        self.tell(Step.CONVENTION, at=at, text=_told(convention), key="convention")

    async def written(self) -> None:
        """Waits until everything that was told is in the journal, or the journal fails."""
        if self._count:
            await self._recorder.flush()


def _told(convention: Convention | None) -> str:
    """A convention in a sentence."""
    if convention is None:
        return "no convention covers it"
    names = [agent.agent_name for agent in convention.agents or ()]
    ways = " or ".join(convention.dispatch)
    return f"{convention.label}: {shown(names) or 'no agent'}, brought by {ways}"
