"""A controller in a simulated room: it looks, decides, writes and stores as `serve` does, and is killed in between.

Each look runs under a lease that outlives a killed controller. What was under way when it was killed arrives within the
lease's time or never, as it would with LiveKit.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field

from reconciler.agents.conventions import Convention
from reconciler.agents.healing import Act, Write, decide
from reconciler.agents.memory import Memory, dump, joined, left, looked, restore
from tests.agents.simulated_room import SimulatedRoom, Told

LEASE = 12.0
# A call that takes longer than this has failed, and its effect does not come any more.
CALL_TIME = 8.0
BUSY_AGAIN = 0.25


class Fate(enum.Enum):
    """What becomes of a controller while it writes. The last two survive: only an answer is lost."""

    LIVES = "lives"
    DIES_BEFORE_DELETE = "dies before it deletes"
    DIES_AFTER_DELETE = "dies between delete and create"
    DIES_SENDING = "dies with the creation under way"
    DIES_UNSENT = "dies with the creation on its way, which never arrives"
    DIES_AFTER_CREATE = "dies before it remembers the creation"
    ANSWER_LOST = "the answer is lost, the dispatch is made a little later"
    CALL_LOST = "the call is lost, and nobody knows"


class Killed(Exception):
    """The controller is no more; its lease runs on."""


@dataclass(slots=True)
class SimulatedController:
    """One or several processes: the lease makes them one. `ahead` is how far its clock is from LiveKit's."""

    room: SimulatedRoom
    convention: Convention
    max_tries: int = 5
    ahead: float = 0.0
    fates: list[Fate] = field(default_factory=list)
    stored: bytes = b""
    look_at: float | None = None
    held_until: float = 0.0
    deaths: int = 0
    acts: list[tuple[Act, str]] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    taken_away: set[str] = field(default_factory=set)

    @property
    def now(self) -> float:
        """The time as the controller has it."""
        return self.room.now + self.ahead

    @property
    def memory(self) -> Memory:
        """What is stored."""
        return restore(self.stored)

    def hear(self, told: Told) -> None:
        """A webhook about an agent, worked on under the lease as soon as that is free."""
        if self.room.now < self.held_until:
            self.room.after(BUSY_AGAIN, lambda: self.hear(told))
            return
        memory = self.memory
        before = {name: known.tries for name, known in memory.agents.items()}
        if told.joined:
            joined(memory, told.agent_name, told.identity, told.at)
        else:
            left(memory, told.agent_name, told.identity, told.at)
            self._wake(self.now + 1.0)
        self._forget_tries(memory, before)
        self.stored = dump(memory)

    def look(self) -> None:
        """Looks at the room and does what follows, or is killed meanwhile."""
        if self.room.now < self.held_until:
            self.look_at = self.held_until + self.ahead + BUSY_AGAIN
            return
        self.look_at = None
        try:
            self._look()
        except Killed:
            self.deaths += 1
            self.held_until = self.room.now + LEASE
            self._wake(self.held_until + self.ahead + BUSY_AGAIN)

    def _look(self) -> None:
        memory = self.memory
        before = {name: known.tries for name, known in memory.agents.items()}
        room = self.room.view()
        looked(memory, room, self.now)
        self._forget_tries(memory, before)
        decision = decide(self.convention, room, memory, self.now, self.max_tries)
        for write in decision.writes:
            self.acts.append((write.act, write.agent.agent_name))
            self._write(write, memory)
        for one in decision.given_up:
            memory.of(one.agent_name).gave_up = True
        if decision.look_at is not None:
            assert decision.look_at > self.now, "a look at once would find the same"
            self._wake(decision.look_at)
        self.stored = dump(memory)

    def _write(self, write: Write, memory: Memory) -> None:
        name = write.agent.agent_name
        known = memory.of(name)
        fate = self.fates.pop(0) if self.fates else Fate.LIVES
        if write.deletes:
            known.owed = write.agent
            self.stored = dump(memory)
            if fate is Fate.DIES_BEFORE_DELETE:
                raise Killed
            for identifier in write.deletes:
                self.room.delete(identifier, "controller")
            self.taken_away.add(name)
        if fate in (Fate.DIES_BEFORE_DELETE, Fate.DIES_AFTER_DELETE, Fate.DIES_UNSENT):
            raise Killed
        self.tries[name] += 1
        self.room.forbid_second(name)
        if fate is Fate.DIES_SENDING:
            self.room.after(CALL_TIME / 2, lambda: self._arrive(write))
            raise Killed
        if fate in (Fate.ANSWER_LOST, Fate.CALL_LOST):
            self._unanswered(write, memory, fate)
            return
        made = self._arrive(write)
        if fate is Fate.DIES_AFTER_CREATE:
            raise Killed
        known.tries, known.tried_at, known.asked_at = write.attempt, self.now, self.now
        known.owed = None
        memory.dispatches.append(made)
        self._wake(self.now + 10.1)

    def _unanswered(self, write: Write, memory: Memory, fate: Fate) -> None:
        known = memory.of(write.agent.agent_name)
        known.tries, known.tried_at = write.attempt, self.now
        self.held_until = self.room.now + LEASE
        self._wake(self.held_until + self.ahead + BUSY_AGAIN)
        if fate is Fate.ANSWER_LOST:
            self.room.after(CALL_TIME / 2, lambda: self._arrive(write))

    def _arrive(self, write: Write) -> str:
        self.taken_away.discard(write.agent.agent_name)
        return self.room.create(write.agent, "controller")

    def _wake(self, moment: float) -> None:
        if self.look_at is None or moment < self.look_at:
            self.look_at = moment

    def _forget_tries(self, memory: Memory, before: dict[str, int]) -> None:
        """Where the controller begins to count anew, so does the bound."""
        for name, known in memory.agents.items():
            if not known.tries and before.get(name):
                self.tries[name] = 0
