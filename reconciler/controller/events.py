"""What a webhook amounts to: something happened in a room, or it is time to look at it again.

Events are hints. What counts is LiveKit's own list, which is read before anything is decided, so one that comes twice,
late or in the wrong order does no harm.
"""

from __future__ import annotations

import enum

import msgspec

from reconciler.gateway.webhook import Webhook


class Occurrence(enum.StrEnum):
    """What happened."""

    STARTED = "room_started"
    FINISHED = "room_finished"
    GONE = "gone"
    """It is no longer listed, and nobody told that it finished."""
    AGENT_JOINED = "agent_joined"
    AGENT_LEFT = "agent_left"
    CALLER_JOINED = "caller_joined"
    CALLER_LEFT = "caller_left"
    LOOK = "look"


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event of one room session. Times are seconds since the epoch.

    `at` is when it happened, `received_at` when it came in here, by this machine's clock. `room_created_at` may be 0.
    """

    occurrence: Occurrence
    room: str
    session: str
    at: float
    received_at: float = 0.0
    room_created_at: float = 0.0
    identity: str = ""
    agent_name: str | None = None
    joined_at: float = 0.0


_PARTICIPANT = {
    "participant_joined": (Occurrence.AGENT_JOINED, Occurrence.CALLER_JOINED),
    "participant_left": (Occurrence.AGENT_LEFT, Occurrence.CALLER_LEFT),
    # The connection was given up by the server: the participant is as gone as after leaving.
    "participant_connection_aborted": (Occurrence.AGENT_LEFT, Occurrence.CALLER_LEFT),
}
_NOT_WAITING = frozenset(("EGRESS", "INGRESS", "1", "2"))
_AGENT = frozenset(("AGENT", "4"))


def event_of(webhook: Webhook, now: float) -> Event | None:
    """The event in a webhook; None where it is about something that no agent depends on (tracks, recordings)."""
    if not webhook.session:
        return None
    at = _moment(webhook.created_at, now)
    match webhook.event:
        case "room_started" | "room_finished":
            occurrence = Occurrence(webhook.event)
        case "participant_joined" | "participant_left" | "participant_connection_aborted":
            if webhook.kind in _NOT_WAITING:
                return None
            of_agent, of_caller = _PARTICIPANT[webhook.event]
            occurrence = of_agent if webhook.kind in _AGENT else of_caller
            if occurrence in (Occurrence.AGENT_JOINED, Occurrence.CALLER_JOINED):
                at = webhook.joined_at or at
            else:
                # Whole seconds only: whoever left did so after having joined.
                at = max(at, webhook.joined_at)
        case _:
            return None
    return Event(
        occurrence,
        webhook.room,
        webhook.session,
        at,
        now,
        webhook.room_created_at,
        webhook.identity,
        webhook.agent_name,
        webhook.joined_at,
    )


def _moment(created_at: float, now: float) -> float:
    """When it happened. LiveKit tells whole seconds; of an event that is this fresh, now is a better answer."""
    return now if not created_at or 0.0 <= now - created_at < 2.0 else created_at


def look(room: str, session: str, at: float) -> Event:
    """It is time to look at a room."""
    return Event(Occurrence.LOOK, room, session, at)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Event)


def pack(event: Event) -> bytes:
    """The event as it travels between processes."""
    return _ENCODER.encode(event)


def unpack(packed: bytes) -> Event | None:
    """A packed event; None for what is none, which another version may have left behind."""
    try:
        return _DECODER.decode(packed)
    except msgspec.MsgspecError:
        return None
