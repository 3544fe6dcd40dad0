"""The agents of a room as LiveKit reads them: as its message, and as the claim of a token.

The claim is written without the message, which takes longer to import than all the rest of this package. It is what
LiveKit's own SDK would write, but for an agent without a name, which stands there with its empty name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.core.values import AgentDispatch
from reconciler.tokens.errors import TokenError

if TYPE_CHECKING:
    from livekit.protocol.room import RoomConfiguration

# By the file's words; the first is LiveKit's default and is not written.
_POLICIES = {"never": "JRP_NEVER"}


def room_configuration(agents: Sequence[AgentDispatch]) -> RoomConfiguration:
    """A room configuration that names these agents and nothing else."""
    from livekit.protocol.agent_dispatch import RoomAgentDispatch
    from livekit.protocol.room import RoomConfiguration

    configuration = RoomConfiguration()
    for agent in agents:
        configuration.agents.append(
            RoomAgentDispatch(
                agent_name=agent.agent_name,
                metadata=agent.metadata.text,
                attributes=dict(agent.attributes),
                restart_policy=_policy(agent) or None,
                deployment=agent.deployment,
            )
        )
    return configuration


def room_claim(agents: Sequence[AgentDispatch]) -> dict[str, object]:
    """The same as the claim `roomConfig`."""
    return {"agents": [_agent(agent) for agent in agents]}


def _agent(agent: AgentDispatch) -> dict[str, object]:
    told: dict[str, object] = {"agentName": agent.agent_name}
    if agent.metadata.text:
        told["metadata"] = agent.metadata.text
    if agent.attributes:
        told["attributes"] = dict(agent.attributes)
    if agent.restart_policy:
        told["restartPolicy"] = _policy(agent)
    if agent.deployment:
        told["deployment"] = agent.deployment
    return told


def _policy(agent: AgentDispatch) -> str:
    if not agent.restart_policy:
        return ""
    try:
        return _POLICIES[agent.restart_policy]
    except KeyError as error:
        raise TokenError(
            f"the restart policy {agent.restart_policy} has no name in LiveKit: write never, or remove it"
        ) from error
