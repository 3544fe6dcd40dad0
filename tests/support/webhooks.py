"""Webhooks as LiveKit signs and sends them."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import urllib.error
import urllib.request
from typing import Any

import jwt


def signed(body: bytes, key: str, secret: str, age: float = 0.0) -> str:
    """The token for a body, signed so many seconds ago."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    now = int(time.time() - age)
    claims = {"iss": key, "exp": now + 300, "nbf": now, "sha256": digest}
    return jwt.encode(claims, secret, algorithm="HS256")


def post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Sends bytes to the webhook of a controller; the status and the body of the answer."""
    request = urllib.request.Request(url + "/webhook", body, headers)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def send(url: str, key: str, secret: str, event: dict[str, Any]) -> tuple[int, str]:
    """A webhook as LiveKit signs it."""
    body = json.dumps(event).encode()
    return post(url, body, {"Authorization": signed(body, key, secret)})


def started(name: str, session: str = "RM_1", identifier: str = "EV_1") -> dict[str, Any]:
    """The event of a room that came to be; a room's TURN password is in it."""
    now = int(time.time())
    about = {"name": name, "sid": session, "creationTime": str(now), "turnPassword": "also-secret"}
    return {"event": "room_started", "id": identifier, "createdAt": str(now), "room": about}
