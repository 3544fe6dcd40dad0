"""Makes tokens and audits them, for tests that look at one finding."""

from __future__ import annotations

import base64
import json
import warnings
from typing import Any

import jwt

from reconciler.core.values import Secret
from reconciler.sip.era import Era
from reconciler.tokens import Conventions
from reconciler.tokens.audit import Against, LiveFacts, audit
from reconciler.tokens.reading import read_token
from tests.tokens.projects import conventions

SECRET = "a-secret-of-32-characters-or-more"
NOW = 1_800_000_000
METADATA = {"session_id": "s", "participant": "p"}


def config(*names: str, **metadata: Any) -> dict[str, Any]:
    """A room configuration with these agents, all of which get this metadata."""
    text = {"metadata": json.dumps(metadata)} if metadata else {}
    return {"agents": [{"agentName": name, **text} for name in names]}


def claims(room: str = "interview-1", **changes: Any) -> dict[str, Any]:
    """Good claims but for what is changed; None leaves one out."""
    good = {
        "iss": "key",
        "sub": "user-7",
        "nbf": NOW - 10,
        "exp": NOW + 600,
        "video": {"roomJoin": True, "room": room},
        "roomConfig": config("", **METADATA),
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(body: dict[str, Any], algorithm: str = "HS256", secret: str = SECRET) -> str:
    """A token of these claims."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        key = None if algorithm == "none" else secret
        return jwt.encode(body, key, algorithm=algorithm)


def unsigned(header: object, body: object) -> str:
    """Any header and any claims as a token, with a signature that is none."""
    parts = (json.dumps(one).encode() for one in (header, body))
    return ".".join(
        [*(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts), "c2ln"]
    )


def codes(
    token: str,
    *,
    room: str | None = None,
    file: Conventions | None = None,
    live: LiveFacts | None = None,
    key: str | None = "key",
    era: Era | None = Era.NEW,
) -> dict[str, str]:
    """The severities of the findings by their codes, held against the shared configuration."""
    read = read_token(token)
    found = (file or conventions()).for_room(read.room or room or "")
    secret = None if key is None else Secret(SECRET)
    against = Against(NOW, room, found, True, era, key, secret, live)
    return {one.code: one.severity.value for one in audit(read, against)}
