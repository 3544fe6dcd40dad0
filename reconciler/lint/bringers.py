"""Who brings the agents of a convention, as the checks ask for it."""

from __future__ import annotations

from typing import Final

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.core.values import AgentDispatch

# What brings an agent only at the moment in which a room is made.
AT_BIRTH: Final = frozenset({Mechanism.SIP, Mechanism.TOKEN})
# Who dispatches into a room that may have been made without naming an agent.
LATE: Final = frozenset({Mechanism.APP, Mechanism.CONTROLLER})


def agents_of(one: Convention) -> list[AgentDispatch]:
    """All agents of a convention, those of its lines included."""
    return [*(one.agents or ()), *(agent for line in one.lines.values() for agent in line)]


def has_named_agents(one: Convention) -> bool:
    """Whether some agent comes only where it is named."""
    return any(agent.agent_name for agent in agents_of(one))


def bringers(one: Convention) -> frozenset[Mechanism]:
    """Those of `dispatch` who can bring all of the agents: a worker with a name never comes by itself."""
    found = frozenset(one.dispatch)
    return found - {Mechanism.AUTOMATIC} if has_named_agents(one) else found


def is_token_only(one: Convention) -> bool:
    """Whether agents are left to tokens, and to nobody else."""
    return bool(agents_of(one)) and bringers(one) == {Mechanism.TOKEN}
