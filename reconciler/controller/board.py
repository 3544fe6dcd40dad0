"""The rooms as this process sees them: for the status page, the counters, and for what need not be looked at again.

Filled by resyncs and by looks at single rooms. A room whose session ended is taken away; one that a resync does not
find is, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import msgspec

from reconciler.agents.live import LiveRoom
from reconciler.agents.verdict import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class Known:
    """A room session and the last verdict on it.

    `seen_at` is when it was looked at, in seconds since the epoch. `is_settled`: nothing is to be done about it as
    long as nobody new comes.
    """

    name: str
    session: str
    created_at: float
    waiting: int
    convention: str | None
    judgement: Judgement
    seen_at: float
    is_settled: bool = False


class Board:
    """Every live room that is known here."""

    def __init__(self) -> None:
        self._rooms: dict[str, Known] = {}

    def __iter__(self) -> Iterator[Known]:
        return iter(self._rooms.values())

    def __len__(self) -> int:
        return len(self._rooms)

    def find(self, session: str) -> Known | None:
        """What is known of a session."""
        return self._rooms.get(session)

    def show(
        self,
        room: LiveRoom,
        convention: str | None,
        judgement: Judgement,
        now: float,
        *,
        is_settled: bool,
    ) -> None:
        """Notes a look at a room."""
        self._rooms[room.session] = Known(
            room.name,
            room.session,
            room.created_at,
            room.waiting,
            convention,
            judgement,
            now,
            is_settled,
        )

    def unsettle(self, session: str) -> None:
        """Something happened in a room: the next resync looks into it."""
        known = self._rooms.get(session)
        if known is not None and known.is_settled:
            self._rooms[session] = replace(known, is_settled=False)

    def unsettle_all(self) -> None:
        """The conventions changed: what was settled by the old ones is open by the new ones."""
        for session in list(self._rooms):
            self.unsettle(session)

    def remove(self, session: str) -> None:
        """A session ended."""
        self._rooms.pop(session, None)

    def keep_only(self, sessions: Collection[str], seen_before: float) -> list[Known]:
        """Takes away what a list of rooms made at `seen_before` does not have; returns it."""
        gone = [
            one
            for one in self._rooms.values()
            if one.session not in sessions and one.seen_at < seen_before
        ]
        for one in gone:
            del self._rooms[one.session]
        return gone

    def picture(self) -> bytes:
        """Everything, for another process."""
        return msgspec.json.encode(list(self._rooms.values()))

    def take_over(self, picture: bytes, seen_before: float) -> None:
        """Shows what another process saw, and of what this one knows only what is newer than `seen_before`."""
        try:
            rooms = msgspec.json.decode(picture, type=list[Known])
        except msgspec.MsgspecError:  # another version's
            return
        own = [one for one in self._rooms.values() if one.seen_at >= seen_before]
        self._rooms = {one.session: one for one in (*rooms, *own)}

    def counts(self) -> dict[Verdict, int]:
        """How many rooms have which verdict, the ones that none has included."""
        found = Counter(one.judgement.verdict for one in self._rooms.values())
        return {verdict: found[verdict] for verdict in Verdict}
