"""What live rooms lack that the reconciler itself is to bring, and what would be sent for it. A pure function.

Only rooms whose convention names the `controller` are planned for. Nothing is remembered between two runs: what lives
tells what to do, as for trunks and rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.agents.healing import Write, decide
from reconciler.agents.live import LiveRoom, wanted_in
from reconciler.agents.memory import Memory
from reconciler.agents.verdict import judge

# Nobody counts tries across runs: whoever runs an apply wants it tried.
_NO_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """A room that lacks an agent, or has one that nobody asked for.

    `missing` are agents that are wanted and not there, `writes` what an apply would send for them, `unasked` those
    that were dispatched although the convention does not name them: they are shown and left alone.
    """

    room: LiveRoom
    convention: Convention
    agents: tuple[str, ...]
    missing: tuple[str, ...]
    writes: tuple[Write, ...]
    unasked: tuple[str, ...]
    reason: str

    @property
    def lacks_an_agent(self) -> bool:
        """Whether the room is not as its convention wants it, now or soon."""
        return bool(self.missing)


def is_planned_for(convention: Convention | None) -> bool:
    """Whether the reconciler brings agents into rooms of this convention."""
    return convention is not None and Mechanism.CONTROLLER in convention.dispatch


def plan_room(convention: Convention, room: LiveRoom, now: float) -> RoomPlan | None:
    """The plan for one room whose dispatches and agents are known; None where there is nothing to tell.

    An agent that is asked for and may still come is nothing to tell.
    """
    decision = decide(convention, room, Memory(), now, _NO_LIMIT)
    judgement = judge(room, convention, now)
    unasked = _unasked(convention, room)
    is_lacking = bool(decision.writes or decision.given_up) or (
        judgement.verdict.is_bad and bool(judgement.absent)
    )
    if not (is_lacking or unasked):
        return None
    reasons = [write.reason for write in decision.writes]
    reasons += [given_up.reason for given_up in decision.given_up]
    if not reasons and is_lacking:
        reasons = [judgement.reason]
    return RoomPlan(
        room,
        convention,
        judgement.wanted,
        judgement.absent if is_lacking else (),
        tuple(decision.writes),
        unasked,
        "; ".join(dict.fromkeys(reasons)),
    )


def _unasked(convention: Convention, room: LiveRoom) -> tuple[str, ...]:
    """Agents dispatched that nobody named. LiveKit asks for the unnamed one by itself: it counts once a worker came."""
    wanted = {agent.agent_name for agent in wanted_in(convention, room)}
    found = (
        one.agent_name
        for one in room.dispatches or ()
        if one.agent_name not in wanted and (one.agent_name or one.job_since is not None)
    )
    return tuple(sorted(set(found)))
