"""The verdict on a live room: does it have the agents that its convention wants, and if not, at which step it hangs.

What can be told from one look. LiveKit shows a job only up to 5 s after its agent is in the room and never takes it
away again, so a job says "a worker took it", and only the list of participants says who is there.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.agents.live import LiveRoom, shown, wanted_in

NANOSECONDS = 1_000_000_000
# A job that a worker took shows up to 5 s later (measured), and the server's clock is known to 2 s; before that,
# "no job" means nothing.
JOB_SHOWS_WITHIN = 7.5
# From taking a job to joining: models are loaded, calls are made. Longer than this is not slow but stuck.
JOB_TIMEOUT = 60.0


class Verdict(enum.StrEnum):
    """What is the matter with a room; all but the first two are bad."""

    OK = "ok"
    WAITING = "waiting"
    MISSING_DISPATCH = "missing dispatch"
    NEVER_JOINED = "agent never joined"
    LEFT = "agent left"
    DUPLICATE = "duplicate agent"
    UNEXPECTED = "unexpected agent"
    NO_CONVENTION = "no convention"

    @property
    def is_bad(self) -> bool:
        """Whether somebody ought to look."""
        return self not in (Verdict.OK, Verdict.WAITING)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and which agents are wanted but not there."""

    verdict: Verdict
    reason: str
    wanted: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def is_open(room: LiveRoom, convention: Convention | None) -> bool:
    """Whether the verdict depends on more than what a list of rooms tells."""
    return convention is not None and room.waiting > 0


def may_be_taken(room: LiveRoom, now: float) -> bool:
    """Whether a worker may have taken a job that does not show yet."""
    return any(
        one.job_since is None and now - one.created_at < JOB_SHOWS_WITHIN
        for one in room.dispatches or ()
    )


def judge(room: LiveRoom, convention: Convention | None, now: float) -> Judgement:
    """The verdict on one room. Where dispatches or agents were not asked for, there is nothing to complain of."""
    if convention is None:
        return Judgement(Verdict.NO_CONVENTION, "no convention covers this room")
    wanted = tuple(agent.agent_name for agent in wanted_in(convention, room))
    if room.agents is None:
        reason = "nobody waits in it" if not room.waiting else "it was not looked into"
        return Judgement(Verdict.OK, reason, wanted)
    there = Counter(one.agent_name for one in room.agents)
    # Who does not tell its name may be any that is missing: old workers do not.
    nameless = there.pop(None, 0)
    absent = tuple(name for name in wanted if not there[name])[nameless:]
    intruder = _intruder(there, wanted)
    if intruder is not None:
        verdict, reason = intruder
        if absent:
            reason += f"; {shown(absent)} is not there"
        return Judgement(verdict, reason, wanted, absent)
    if not absent:
        reason = f"{shown(wanted)} is there" if wanted else "no agent is wanted"
        return Judgement(Verdict.OK, reason, wanted)
    if not room.waiting:
        return Judgement(Verdict.OK, "nobody waits in it", wanted, absent)
    # The worst of the absent ones is what the room suffers from.
    verdict, reason = max(
        (_absence(room, convention, name, now) for name in absent),
        key=lambda found: _WEIGHT.index(found[0]),
    )
    return Judgement(verdict, reason, wanted, absent)


_WEIGHT = (
    Verdict.OK,
    Verdict.WAITING,
    Verdict.LEFT,
    Verdict.NEVER_JOINED,
    Verdict.MISSING_DISPATCH,
)


def _intruder(there: Counter[str | None], wanted: tuple[str, ...]) -> tuple[Verdict, str] | None:
    twice = [name for name, count in there.items() if count > 1 and name in wanted]
    if twice:
        return Verdict.DUPLICATE, f"{shown(twice)} is there {there[twice[0]]} times"
    strangers = [name for name in there if name not in wanted]
    if strangers:
        return (
            Verdict.UNEXPECTED,
            f"{shown(strangers)} is there, and the convention does not name it",
        )
    return None


def _absence(room: LiveRoom, convention: Convention, name: str, now: float) -> tuple[Verdict, str]:
    """At which step an agent hangs that is wanted and not there."""
    patience = convention.join_timeout / NANOSECONDS
    asked = room.dispatched(name)
    if not asked:
        by_somebody = {Mechanism.APP, Mechanism.CONTROLLER} & set(convention.dispatch)
        if by_somebody and now - room.created_at < patience:
            return Verdict.WAITING, f"{shown([name])} is not dispatched yet"
        return Verdict.MISSING_DISPATCH, f"nobody dispatched {shown([name])}"
    # The last one counts: what became of those before it is over.
    last = asked[-1]
    if last.job_since is not None:
        if now - last.job_since < max(JOB_TIMEOUT, patience):
            return Verdict.WAITING, f"a worker took the job of {shown([name])} and is joining"
        return (
            Verdict.LEFT,
            f"a worker took the job of {shown([name])}; its agent left, or never got in",
        )
    if now - last.created_at < max(patience, JOB_SHOWS_WITHIN):
        return Verdict.WAITING, f"{shown([name])} is dispatched and not there yet"
    return (
        Verdict.NEVER_JOINED,
        f"no worker took the job of {shown([name])}: is one registered under this name?",
    )
