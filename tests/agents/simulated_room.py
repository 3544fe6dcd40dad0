"""A room of a simulated LiveKit: dispatches, workers that take or drop jobs, agents that come late and leave.

It has a clock of its own, which only `advance` moves, and it does what LiveKit does: a dispatch for which no worker is
registered is dropped for ever, nothing is deduplicated, a job shows late and never goes away, and the agent of a
dispatch that is deleted is sent away. It knows the truth, and so it can tell a controller's mistake at the moment when
it is made: see `Mistake`.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.agents.live import LiveAgent, LiveDispatch, LiveRoom
from reconciler.core.values import AgentDispatch

START = 1_700_000_000.0
SESSION = "RM_simulated"
# A job that a worker took within this time may still become an agent.
JOB_TIME = 60.0
# How far two clocks may be apart without anybody noticing.
CLOCK_ERROR = 2.0


class Mistake(AssertionError):
    """The controller did what it must never do."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker makes of a job. Times are in seconds: to showing it, to joining, and in the room.

    `joins_after` None never joins, `stays` None stays. A killed worker's agent stays listed for `lingers`.
    """

    shows_after: float = 5.0
    joins_after: float | None = 1.0
    stays: float | None = None
    lingers: float = 0.0


@dataclass(slots=True)
class Dispatch:
    """A dispatch as it truly is."""

    id: str
    asked: AgentDispatch
    created_at: float
    by: str
    taken_at: float | None = None
    shown: bool = False
    identity: str = ""
    joined_at: float | None = None
    left_at: float | None = None
    deleted: bool = False

    def may_bring(self, now: float) -> bool:
        """Whether an agent of it is in the room, or may still come."""
        if self.deleted or self.taken_at is None or self.left_at is not None:
            return False
        return self.joined_at is not None or now - self.taken_at < JOB_TIME - CLOCK_ERROR


@dataclass(frozen=True, slots=True)
class Told:
    """A webhook about an agent."""

    joined: bool
    agent_name: str
    identity: str
    at: float


@dataclass(slots=True)
class SimulatedRoom:
    """One room. `jobs` says what workers make of the next jobs, after that all join within a second and stay."""

    name: str = "call-1"
    jobs: list[Job] = field(default_factory=list)
    now: float = START
    waiting: int = 0
    registered: bool = True
    dispatches: dict[str, Dispatch] = field(default_factory=dict)
    past: list[Dispatch] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    whole_seconds: bool = False
    _later: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def advance(self, seconds: float) -> None:
        """Lets time pass, and what is due happen in its order."""
        until = self.now + seconds
        while self._later and self._later[0][0] <= until:
            self.now, _, happens = heapq.heappop(self._later)
            happens()
        self.now = until

    @property
    def next_at(self) -> float:
        """When something happens next; infinite where nothing will."""
        return self._later[0][0] if self._later else float("inf")

    def after(self, seconds: float, happens: Callable[[], object]) -> None:
        """Something that happens later."""
        heapq.heappush(self._later, (self.now + seconds, next(self._numbers), happens))

    # --- what the API does

    def create(self, asked: AgentDispatch, by: str) -> str:
        """CreateDispatch: a second agent comes if there is one already."""
        one = Dispatch(f"AD_{next(self._numbers)}", asked, self.now, by)
        self.dispatches[one.id] = one
        self.past.append(one)
        if self.registered:
            self._take(one)
        return one.id

    def delete(self, identifier: str, by: str) -> None:
        """DeleteDispatch: the agent that came by it is sent away. One that is not there is no error."""
        one = self.dispatches.pop(identifier, None)
        if one is None:
            return
        if by == "controller" and one.may_bring(self.now):
            raise Mistake(f"{identifier} was taken at {one.taken_at} and deleted at {self.now}")
        one.deleted = True
        self._leave(one, 0.0)

    def view(self) -> LiveRoom:
        """ListDispatch and ListParticipants, as one moment shows them."""
        dispatches = tuple(
            LiveDispatch(
                one.id,
                one.asked,
                one.created_at,
                one.taken_at if one.shown else None,
                (one.identity,) if one.shown else (),
            )
            for one in self.dispatches.values()
        )
        agents = tuple(
            LiveAgent(one.identity, one.asked.agent_name, self._shown_time(one.joined_at))
            for one in self.past
            if one.joined_at is not None and one.left_at is None
        )
        return LiveRoom(self.name, SESSION, START, self.waiting, dispatches, agents)

    def present(self, agent_name: str) -> list[Dispatch]:
        """Whose agents are in the room."""
        return [
            one
            for one in self.past
            if one.asked.agent_name == agent_name and one.joined_at and one.left_at is None
        ]

    def quit(self, *, lingers: float = 0.0) -> None:
        """All agents leave, or their workers are killed and LiveKit notices later."""
        for one in self.past:
            if one.joined_at is not None and one.left_at is None:
                self.after(lingers, lambda one=one: self._leave(one, 0.0))  # type: ignore[misc]

    # --- what workers do

    def _take(self, one: Dispatch) -> None:
        job = self.jobs.pop(0) if self.jobs else Job()
        one.taken_at = self.now
        one.identity = f"agent-{one.id}"
        self.after(job.shows_after, lambda: setattr(one, "shown", True))
        if job.joins_after is not None:
            self.after(job.joins_after, lambda: self._join(one, job))

    def _join(self, one: Dispatch, job: Job) -> None:
        if one.deleted:
            return
        one.joined_at = self.now
        at = self._shown_time(self.now)
        self.told.append(Told(True, one.asked.agent_name, one.identity, at))
        if job.stays is not None:
            self.after(job.stays, lambda: self._leave(one, job.lingers))

    def _leave(self, one: Dispatch, lingers: float) -> None:
        if lingers:
            self.after(lingers, lambda: self._leave(one, 0.0))
        elif one.joined_at is not None and one.left_at is None:
            one.left_at = self.now
            at = max(self._shown_time(self.now), self._shown_time(one.joined_at))
            self.told.append(Told(False, one.asked.agent_name, one.identity, at))

    def _shown_time(self, at: float | None) -> float:
        return float(int(at or 0.0)) if self.whole_seconds else at or 0.0

    def forbid_second(self, agent_name: str) -> None:
        """Raises `Mistake` unless nothing of that name can become an agent any more: only then it is asked for."""
        same = [one for one in self.past if one.asked.agent_name == agent_name]
        there = [one for one in same if one.may_bring(self.now)]
        if there:
            raise Mistake(f"a second {agent_name} is asked for while {there[0]} may be there")
        # One whose agent was there and is gone brings nobody.
        listed = [one for one in same if one.id in self.dispatches and one.left_at is None]
        if listed:
            raise Mistake(f"{agent_name} is asked for while {listed[0].id} is listed")
