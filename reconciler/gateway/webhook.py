"""LiveKit's webhooks: who sent one is checked before anything in it is read.

A webhook is a POST whose `Authorization` header is a token, signed with the project's secret, that holds a digest of
the body. The body has more in it than anybody needs (a room's TURN password among it): only the fields below are kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import warnings
from typing import TypeGuard

import jwt
import msgspec

from reconciler.errors import ReconcileError
from reconciler.gateway.endpoint import Endpoint
from reconciler.gateway.rooms_decode import NAME_ATTRIBUTES

# Clocks differ.
LEEWAY = 60.0
# LiveKit's own tokens live that long, and it gives up sooner.
OLDEST = 300.0
# Milliseconds, too, are fewer than this for thousands of years.
_LATEST = 1e15


class WebhookRefused(ReconcileError):
    """This is no webhook of this project. `status` is the HTTP status that says so, `reason` one word for counters."""

    def __init__(self, message: str, *, status: int = 401, reason: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class _Room(msgspec.Struct):
    name: str = ""
    sid: str = ""
    creation_time: str | int = msgspec.field(default=0, name="creationTime")
    creation_time_ms: str | int = msgspec.field(default=0, name="creationTimeMs")


class _Participant(msgspec.Struct):
    identity: str = ""
    kind: str | int = "STANDARD"
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    joined_at: str | int = msgspec.field(default=0, name="joinedAt")
    joined_at_ms: str | int = msgspec.field(default=0, name="joinedAtMs")


class _Body(msgspec.Struct):
    event: str = ""
    id: str = ""
    room: _Room = msgspec.field(default_factory=_Room)
    participant: _Participant = msgspec.field(default_factory=_Participant)
    created_at: str | int = msgspec.field(default=0, name="createdAt")


class Webhook(msgspec.Struct, frozen=True):
    """What a webhook says. Times are seconds since the epoch, 0 where it does not tell.

    `agent_name` is the name of the worker that an agent belongs to, None for people and for agents that do not tell.
    """

    event: str
    id: str
    room: str
    session: str
    created_at: float
    room_created_at: float
    identity: str = ""
    kind: str = ""
    agent_name: str | None = None
    joined_at: float = 0.0


_DECODER = msgspec.json.Decoder(_Body)


def read_webhook(endpoint: Endpoint, authorization: str, body: bytes, now: float) -> Webhook:
    """The webhook in a request. `now`: seconds since the epoch.

    Raises `WebhookRefused`: 401 for one that another key signed, whose body is not the one that was signed, or that is
    too old; 400 for a body that is no webhook.
    """
    return read_body(check_sender(endpoint, authorization, now), body, now)


def read_body(digest: str, body: bytes, now: float) -> Webhook:
    """The webhook in a body that was signed with this digest. Raises `WebhookRefused` as `read_webhook` does."""
    found = base64.b64encode(hashlib.sha256(body).digest())
    # LiveKit signs in standard Base64.
    if not hmac.compare_digest(found, digest.encode("utf-8", "replace")):
        raise WebhookRefused("the body is not the one that was signed", reason="digest")
    try:
        read = _DECODER.decode(body)
        created = _number(read.created_at)
        webhook = Webhook(
            read.event,
            read.id,
            read.room.name,
            read.room.sid,
            created,
            _time(read.room.creation_time_ms, read.room.creation_time),
            read.participant.identity,
            str(read.participant.kind),
            next(
                (
                    read.participant.attributes[key]
                    for key in NAME_ATTRIBUTES
                    if key in read.participant.attributes
                ),
                None,
            ),
            _time(read.participant.joined_at_ms, read.participant.joined_at),
        )
    except (
        msgspec.MsgspecError,
        UnicodeDecodeError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:
        raise WebhookRefused("the body is no webhook", status=400, reason="malformed") from error
    if created and now - created > OLDEST:
        raise WebhookRefused(f"the event is {now - created:.0f} s old", reason="old")
    return webhook


def _time(milliseconds: str | int, seconds: str | int) -> float:
    return _number(milliseconds) / 1000.0 or _number(seconds)


def _number(written: str | int) -> float:
    """A time as protobuf's JSON writes it. Raises `ValueError` for one in no year that anybody lives in."""
    number = float(written)
    if not 0.0 <= number < _LATEST:
        raise ValueError
    return number


def check_sender(endpoint: Endpoint, authorization: str, now: float) -> str:
    """The digest that the body has to have, from a header alone: who is no sender need not be listened to.

    Raises `WebhookRefused` with 401.
    """
    token = authorization.removeprefix("Bearer ").strip()
    if not token:
        raise WebhookRefused("there is no Authorization header", reason="unsigned")
    secret = endpoint.api_secret.reveal()
    if not secret:
        raise WebhookRefused("there is no LIVEKIT_API_SECRET to check it by", reason="signature")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
            claims = jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                options={
                    "require": ["exp", "iss"],
                    "verify_aud": False,
                    # Time is checked below, by the clock of whoever asks.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
    except (jwt.PyJWTError, ValueError) as error:
        raise WebhookRefused(
            "the signature is not by LIVEKIT_API_SECRET: set the webhook's key in LiveKit to LIVEKIT_API_KEY",
            reason="signature",
        ) from error
    if claims["iss"] != endpoint.api_key:
        raise WebhookRefused("the signature is by another API key", reason="signature")
    _check_time(claims, now)
    digest = claims.get("sha256")
    if not isinstance(digest, str):
        raise WebhookRefused("the body is not signed", reason="digest")
    return digest


def _is_time(claim: object) -> TypeGuard[float]:
    # Of what is no number every comparison is false: such a token would never run out.
    return isinstance(claim, int | float) and abs(claim) < _LATEST


def _check_time(claims: dict[str, object], now: float) -> None:
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if not _is_time(expires) or not _is_time(begins):
        raise WebhookRefused("the token has no time", reason="signature")
    if now > expires + LEEWAY:
        raise WebhookRefused(f"the token ran out {now - expires:.0f} s ago", reason="old")
    if now < begins - LEEWAY:
        raise WebhookRefused("the token is not valid yet: check this machine's clock", reason="old")
