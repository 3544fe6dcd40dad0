"""Short-lived tokens for the API. Only the grants that the calls need are in them."""

from __future__ import annotations

import threading
import time
import warnings

import jwt

from reconciler.gateway.endpoint import Endpoint

LIFETIME = 600.0
# Renewed well before the end, so that no call in flight outlives its token.
RENEW_BEFORE = 120.0
# Clocks differ: a token that is valid from this moment on is refused by a server whose clock is behind.
BACKDATE = 60.0


class TokenSource:
    """The `Authorization` header for one endpoint, signed anew when the last one gets old."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._header = ""
        self._renew_at = 0.0
        self._lock = threading.Lock()

    def header(self) -> str:
        """`Bearer …`, good for at least two minutes."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                self._header = f"Bearer {self._sign()}"
                self._renew_at = time.monotonic() + LIFETIME - RENEW_BEFORE
            return self._header

    def _sign(self) -> str:
        now = time.time()
        claims = {
            "iss": self._endpoint.api_key,
            "sub": "livekit-reconciler",
            "nbf": int(now - BACKDATE),
            "exp": int(now + LIFETIME),
            "sip": {"admin": True},
        }
        with warnings.catch_warnings():
            # How long the key is was decided when the project was made; `livekit-server --dev` has six characters.
            warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
            return jwt.encode(claims, self._endpoint.api_secret.reveal() or "", algorithm="HS256")
