"""LiveKit's messages about live rooms become the agent plane's own types."""

from __future__ import annotations

from livekit.protocol.agent_dispatch import AgentDispatch
from livekit.protocol.models import ParticipantInfo, Room

from reconciler.agents.live import LiveAgent, LiveDispatch, LiveRoom
from reconciler.gateway.messages import asked_of

# Both spellings are written by livekit-agents; older ones write neither.
NAME_ATTRIBUTES = ("lk.agent.name", "lk.agent_name")
# Machines that record, stream or agents themselves do not wait for an agent.
_NOT_WAITING = frozenset((ParticipantInfo.AGENT, ParticipantInfo.EGRESS, ParticipantInfo.INGRESS))
_SECOND = 1_000_000_000


def room_of(message: Room) -> LiveRoom:
    """A room as a list has it: agents are not counted (measured), what is inside is not known."""
    created = message.creation_time_ms / 1000 if message.creation_time_ms else message.creation_time
    return LiveRoom(message.name, message.sid, float(created), message.num_participants)


def dispatch_of(message: AgentDispatch) -> LiveDispatch:
    """A dispatch. That a job is there means that a worker took it, and nothing else (measured)."""
    jobs = message.state.jobs
    since = [
        (job.state.started_at or job.state.updated_at or message.state.created_at) / _SECOND
        for job in jobs
    ]
    return LiveDispatch(
        message.id,
        asked_of(message),
        message.state.created_at / _SECOND,
        max(since) if since else None,
        tuple(job.state.participant_identity for job in jobs),
    )


def agent_of(message: ParticipantInfo) -> LiveAgent | None:
    """The participant as an agent; None for people, and for agents that are about to be gone."""
    if message.kind != ParticipantInfo.AGENT or message.state == ParticipantInfo.DISCONNECTED:
        return None
    names = (message.attributes[key] for key in NAME_ATTRIBUTES if key in message.attributes)
    joined = message.joined_at_ms / 1000 if message.joined_at_ms else message.joined_at
    is_connected = message.state == ParticipantInfo.ACTIVE
    return LiveAgent(message.identity, next(names, None), float(joined), is_connected)


def is_waiting(message: ParticipantInfo) -> bool:
    """Whether this participant is somebody for whom agents come."""
    return message.kind not in _NOT_WAITING and message.state != ParticipantInfo.DISCONNECTED
