"""Small rooms and conventions for tests of the agent plane at run time. Times are seconds after the room was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.agents.conventions import Convention, Mechanism, WhenAgentLeaves
from reconciler.agents.live import LiveAgent, LiveDispatch, LiveRoom
from reconciler.core.values import AgentDispatch

SECOND = 1_000_000_000
MADE = 1_000_000.0
"""When rooms are made."""


def convention(
    *agents: str,
    dispatch: str = "controller",
    join_timeout: float = 10.0,
    when_agent_leaves: str = "ignore",
    lines: Mapping[str, Iterable[str]] | None = None,
) -> Convention:
    """A convention for `call-…`; `dispatch` may name several mechanisms."""
    return Convention(
        tuple(AgentDispatch(name) for name in agents),
        tuple(Mechanism(word) for word in dispatch.split()),
        prefix="call-",
        lines={
            line: tuple(AgentDispatch(name) for name in names)
            for line, names in (lines or {}).items()
        },
        join_timeout=int(join_timeout * SECOND),
        when_agent_leaves=WhenAgentLeaves(when_agent_leaves),
    )


def dispatch(name: str, at: float = 0.0, *, job: float | None = None, id: str = "") -> LiveDispatch:  # noqa: A002
    """A dispatch made `at` seconds, whose job a worker took at `job` seconds."""
    taken = None if job is None else MADE + job
    return LiveDispatch(id or f"AD_{name}_{at:g}", AgentDispatch(name), MADE + at, taken)


def agent(name: str | None, at: float = 1.0, *, identity: str = "") -> LiveAgent:
    """An agent that joined at `at` seconds."""
    return LiveAgent(identity or f"agent-{name}-{at:g}", name, MADE + at)


def room(
    *inside: LiveDispatch | LiveAgent, waiting: int = 1, is_known: bool = True, name: str = "call-1"
) -> LiveRoom:
    """A room with what is in it; `is_known=False` is one that was not looked into."""
    if not is_known:
        return LiveRoom(name, "RM_1", MADE, waiting)
    return LiveRoom(
        name,
        "RM_1",
        MADE,
        waiting,
        tuple(one for one in inside if isinstance(one, LiveDispatch)),
        tuple(one for one in inside if isinstance(one, LiveAgent)),
    )
