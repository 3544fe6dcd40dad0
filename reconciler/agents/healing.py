"""What the controller does about a room: dispatch, try again, replace, or wait and look again. A pure function.

Two rules keep an agent from coming twice. A dispatch is made only where LiveKit's own list has none for that name, and
one is deleted only where no worker took its job, or where the agent that took it is known to be gone. Everything else
waits. The caller makes sure that nobody else decides about the same room at the same time.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from reconciler.agents.conventions import Convention, Mechanism, WhenAgentLeaves
from reconciler.agents.live import LiveDispatch, LiveRoom, shown, wanted_in
from reconciler.agents.memory import AgentMemory, Memory
from reconciler.agents.verdict import JOB_SHOWS_WITHIN, JOB_TIMEOUT, NANOSECONDS
from reconciler.core.values import AgentDispatch

# An agent that left may be back in a moment, by itself or brought by the server.
LEFT_GRACE = 1.0
LONGEST_BACKOFF = 60.0


class Act(enum.StrEnum):
    """Why a dispatch is made."""

    DISPATCH = "dispatch"  # nobody asked for the agent yet
    RETRY = "retry"  # no worker took the job, and LiveKit never tries again
    REPLACE = "replace"  # the agent is gone and somebody waits


@dataclass(frozen=True, slots=True)
class Write:
    """One agent to be asked for, after the dispatches in `deletes` are gone. `attempt` counts from 1."""

    act: Act
    agent: AgentDispatch
    attempt: int
    reason: str
    deletes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An agent that nobody will try to bring any more, and why."""

    agent_name: str
    reason: str


@dataclass(slots=True)
class Decision:
    """What to write now, whom to give up, and when to look again (None: not before something happens).

    `missed` are agents that others had to ask for and did not, each told once.
    """

    writes: list[Write] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)
    missed: list[GivenUp] = field(default_factory=list)
    look_at: float | None = None

    def wait_until(self, moment: float) -> None:
        """Asks for another look, at the latest at this moment."""
        if self.look_at is None or moment < self.look_at:
            self.look_at = moment


def decide(
    convention: Convention, room: LiveRoom, memory: Memory, now: float, max_tries: int
) -> Decision:
    """What to do about a room whose dispatches and agents are known. `max_tries` bounds the dispatches of one agent."""
    decision = Decision()
    if any(one.agent_name is None for one in room.agents or ()):
        # Somebody is there and does not say who: nobody is sent in on a guess.
        return decision
    for agent in wanted_in(convention, room):
        if not room.present(agent.agent_name):
            _Case(convention, room, agent, memory.of(agent.agent_name), now, max_tries).decide(
                decision
            )
    return decision


@dataclass(slots=True)
class _Case:
    """One agent that is wanted and not there."""

    convention: Convention
    room: LiveRoom
    agent: AgentDispatch
    known: AgentMemory
    now: float
    max_tries: int

    def decide(self, decision: Decision) -> None:
        if self.known.gave_up:
            return
        asked = self.room.dispatched(self.agent.agent_name)
        # The dispatch by which an agent came is still listed when it is gone, with a running job (measured).
        spent = [one for one in asked if self._is_spent(one)]
        pending = tuple(one for one in asked if one not in spent)
        jobs = [one.job_since for one in pending if one.job_since is not None]
        if self.known.owed is not None and not asked:
            self._write(decision, Act.RETRY, self.known.owed, "it was deleted to be made again")
        elif self.known.is_gone and not pending:
            self._gone(asked, decision)
        elif not pending:
            self._never_asked(decision)
        elif jobs:
            self._taken(pending, max(jobs), decision)
        elif self.room.waiting:
            self._dropped(pending, decision)

    def _is_spent(self, one: LiveDispatch) -> bool:
        """Whether its agent came, to stay or not. Where it does not tell by whom it was taken, its age has to do."""
        takers = {identity for identity in one.identities if identity}
        if takers:
            return not takers.isdisjoint((*self.known.here, *self.known.gone))
        return one.created_at <= self.known.joined_at

    def _never_asked(self, decision: Decision) -> None:
        """Only the controller asks first, and where others may, it leaves them the time to."""
        due = self.room.created_at + self._patience
        if Mechanism.CONTROLLER not in self.convention.dispatch:
            if self.room.waiting and self.now < due:
                decision.wait_until(due)
            elif self.room.waiting and not self.known.missed:
                ways = " or ".join(self.convention.dispatch)
                reason = f"nobody asked for it: by the convention {self.convention.label} it comes by {ways}"
                decision.missed.append(GivenUp(self.agent.agent_name, reason))
            return
        due = max(due if Mechanism.APP in self.convention.dispatch else 0.0, self._next_try)
        if self.now < due:
            decision.wait_until(due)
            return
        self._write(
            decision,
            Act.DISPATCH,
            self.agent,
            f"the convention {self.convention.label} wants it",
        )

    def _taken(self, asked: tuple[LiveDispatch, ...], since: float, decision: Decision) -> None:
        """A worker took the job: it has its own, longer time, and is never started again meanwhile."""
        due = since + max(JOB_TIMEOUT, self._patience)
        if asked[-1].job_since is None:
            # Somebody asked once more, and that one may still be taken.
            due = max(due, asked[-1].created_at + max(self._patience, JOB_SHOWS_WITHIN))
        if self.now < due:
            decision.wait_until(due)
        elif self.room.waiting:
            seconds = round(self.now - since)
            reason = (
                f"a worker took the job {seconds} s ago, and its agent left, or never got in: "
                "look at the worker's log"
            )
            if self.convention.when_agent_leaves is WhenAgentLeaves.REPLACE:
                self._write(decision, Act.REPLACE, asked[-1].asked, reason)
            else:
                decision.given_up.append(GivenUp(self.agent.agent_name, reason))

    def _dropped(self, asked: tuple[LiveDispatch, ...], decision: Decision) -> None:
        """No job shows: LiveKit drops one for which no worker is registered, and never tries again."""
        due = max(asked[-1].created_at + max(self._patience, JOB_SHOWS_WITHIN), self._next_try)
        if self.now < due:
            decision.wait_until(due)
            return
        seconds = round(self.now - asked[-1].created_at)
        reason = f"no worker took the job within {seconds} s"
        # What the application told its agent is told again.
        self._write(decision, Act.RETRY, asked[-1].asked, reason)

    def _gone(self, asked: tuple[LiveDispatch, ...], decision: Decision) -> None:
        """It was there and left. Whether that is the end is the convention's to say."""
        if self.convention.when_agent_leaves is WhenAgentLeaves.IGNORE or not self.room.waiting:
            return
        due = max(self.known.left_at + LEFT_GRACE, self._next_replacement)
        if self.now < due:
            decision.wait_until(due)
            return
        told = asked[-1].asked if asked else self.agent
        self._write(decision, Act.REPLACE, told, "it left, and somebody waits")

    def _write(self, decision: Decision, act: Act, agent: AgentDispatch, reason: str) -> None:
        """One dispatch. What is made again or replaced takes the place of all that are listed for the agent."""
        if self.known.tries >= self.max_tries:
            text = f"{shown([agent.agent_name])} was dispatched {self.known.tries} times: {reason}"
            decision.given_up.append(GivenUp(agent.agent_name, text))
            return
        listed = () if act is Act.DISPATCH else self.room.dispatched(agent.agent_name)
        deletes = tuple(one.id for one in listed)
        decision.writes.append(Write(act, agent, self.known.tries + 1, reason, deletes))

    @property
    def _patience(self) -> float:
        return self.convention.join_timeout / NANOSECONDS

    @property
    def _next_try(self) -> float:
        """Each try waits twice as long as the one before."""
        if not self.known.tries:
            return 0.0
        longer = max(self._patience, JOB_SHOWS_WITHIN) * 2.0 ** (self.known.tries - 1)
        return self.known.tried_at + min(longer, LONGEST_BACKOFF)

    @property
    def _next_replacement(self) -> float:
        """The first one comes at once; an agent that quits over and over is brought back ever more slowly."""
        return self._next_try if self.known.tries > 1 else 0.0
