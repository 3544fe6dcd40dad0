"""Short-lived tokens for the API. Only the grants that the calls need are in them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm

from reconciler.gateway.endpoint import Endpoint

LIFETIME = 600.0
# Renewed well before the end, so that no call in flight outlives its token.
RENEW_BEFORE = 120.0
# Clocks differ: a token that is valid from this moment on is refused by a server whose clock is behind.
BACKDATE = 60.0


class _AnyLength(HMACAlgorithm):
    """Takes keys of any length: it was decided when their project was made, and `livekit-server --dev` has six letters.

    The library would warn. A filter of warnings belongs to the whole process, and threads that set one for a moment
    take it from each other.
    """

    def check_key_length(self, key: bytes) -> str | None:
        return None


_JWS = jwt.PyJWS(["HS256"])
_JWS.unregister_algorithm("HS256")
_JWS.register_algorithm("HS256", _AnyLength(HMACAlgorithm.SHA256))


class TokenSource:
    """The `Authorization` header for one endpoint, signed anew when the last one gets old."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._header = ""
        self._renew_at = 0.0
        self._lock = threading.Lock()

    def header(self) -> str:
        """`Bearer …` for SIP objects, good for at least two minutes."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                self._header = self._sign({"sip": {"admin": True}})
                self._renew_at = time.monotonic() + LIFETIME - RENEW_BEFORE
            return self._header

    def for_rooms(self) -> str:
        """`Bearer …` for listing, making and deleting rooms."""
        return self._sign({"video": {"roomList": True, "roomCreate": True}})

    def for_room(self, room: str) -> str:
        """`Bearer …` for the inside of one room: LiveKit wants the admin of exactly that one."""
        return self._sign({"video": {"roomAdmin": True, "room": room}})

    def _sign(self, grants: Mapping[str, Any]) -> str:
        now = time.time()
        claims = {
            "iss": self._endpoint.api_key,
            "sub": "livekit-reconciler",
            "nbf": int(now - BACKDATE),
            "exp": int(now + LIFETIME),
            **grants,
        }
        secret = self._endpoint.api_secret.reveal() or ""
        token = _JWS.encode(json.dumps(claims).encode(), secret, algorithm="HS256")
        return f"Bearer {token}"
