"""What a broken connection, an HTTP status or a Twirp error amounts to: one error with one clear sentence each.

Nothing here decides about another try; it only says whether the request can have had its effect.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)
from urllib3.exceptions import (
    TimeoutError as TransportTimeout,
)

from reconciler.errors import ApiError, BadAnswer, NotSupported, Rejected, Unauthorized, Unreachable
from reconciler.gateway.answers import ahead_of_us, seconds_until, shown, stranger

# Codes by which a server says that it failed or gave up, and not that the request is wrong: what it did is not known.
# `unknown` is not among them: that is how LiveKit's older servers refuse what their own validation finds
# (SIP-SEMANTICS 12, 43).
_TRANSIENT = frozenset(("unavailable", "internal", "deadline_exceeded", "aborted", "canceled"))

_NO_SUCH_CALL = frozenset(("bad_route", "unimplemented"))
# Less is forgiven by the server (a minute), and our tokens begin as much earlier.
_CLOCKS_DIFFER = 60.0


class Throttled(ApiError):
    """429: not done, to be tried again after `retry_after` seconds."""

    def __init__(self, message: str, *, method: str, retry_after: float | None) -> None:
        super().__init__(message, method=method, code="resource_exhausted", status=429)
        self.retry_after = retry_after


def lost(error: HTTPError, method: str, host: str, timeout: float) -> ApiError:
    """The error of a connection that broke: never sent, or perhaps done."""
    cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    if isinstance(cause, SSLError):
        return insecure(cause, method, host)
    unsent = _unsent(cause, timeout)
    if unsent:
        return Unreachable(f"{host}: {unsent}", method=method, sent=False)
    if isinstance(cause, TransportTimeout):
        return too_slow(method, host, timeout)
    inner = cause.args[-1] if cause.args else None
    if isinstance(inner, HTTPException) and not isinstance(
        inner, RemoteDisconnected | IncompleteRead
    ):
        return no_http(method, host)
    return broken_off(method, host)


def insecure(cause: BaseException, method: str, host: str) -> BadAnswer:
    """The error of a server that is not, or not provably, the one that was meant."""
    reason = str(cause).split("] ", 1)[-1].split(" (_ssl", 1)[0].split(" [", 1)[0]
    return BadAnswer(
        f"{host}: no secure connection: {shown(reason)}: check LIVEKIT_URL and the certificate",
        method=method,
    )


def _unsent(cause: BaseException, timeout: float) -> str:
    """Why there was no connection; empty if there was one."""
    if isinstance(cause, NameResolutionError):
        return "no such host: check LIVEKIT_URL"
    if isinstance(cause, NewConnectionError):
        reason = str(cause).split("] ", 1)[-1].lower()
        return f"{reason}: is the server running, and LIVEKIT_URL right?"
    if isinstance(cause, ConnectTimeoutError):
        return f"no connection within {timeout:g} s: check LIVEKIT_URL and the network"
    return ""


def broken_off(method: str, host: str) -> Unreachable:
    """The error of a connection that ended before the answer did."""
    return Unreachable(
        f"{method}: {host} closed the connection before it answered: try again",
        method=method,
        sent=True,
    )


def no_http(method: str, host: str) -> Unreachable:
    """The error of an answer that is in no language of ours."""
    return Unreachable(
        f"{method}: {host} does not answer in HTTP: check LIVEKIT_URL", method=method, sent=True
    )


def too_slow(method: str, host: str, timeout: float) -> Unreachable:
    """The error of an answer that did not come, or did not end, in time."""
    return Unreachable(
        f"{method}: no answer from {host} within {timeout:g} s: try again, or pass a longer --timeout",
        method=method,
        sent=True,
    )


def failure(
    method: str, host: str, status: int, headers: Mapping[str, str], body: bytes
) -> ApiError:
    """The error that an HTTP status and a Twirp body amount to."""
    error = _failure(method, host, status, headers, body)
    error.said = body.decode("utf-8", "replace")
    return error


def _failure(
    method: str, host: str, status: int, headers: Mapping[str, str], body: bytes
) -> ApiError:
    code, message = _twirp_error(body)
    said = f" ({message})" if message else ""
    if 300 <= status < 400:
        target = shown(headers.get("Location", "")) or "elsewhere"
        return BadAnswer(
            f"{host} redirects to {target}: the key is not sent there; put the right address into LIVEKIT_URL",
            method=method,
            status=status,
        )
    if status == 429 or code == "resource_exhausted":
        return Throttled(
            f"{method}: {host} asks for fewer requests{said}: lower --concurrency",
            method=method,
            retry_after=_seconds(headers.get("Retry-After")),
        )
    if status in (401, 403) or code == "permission_denied":
        return _unauthorized(method, host, status, code, said, headers)
    if "sip not connected" in message or code in _NO_SUCH_CALL:
        return _unsupported(method, host, status, code)
    if code in _TRANSIENT or (status >= 500 and not code):
        what = f"fails with {code}{said}" if code else f"answers {status}"
        return Unreachable(
            f"{method}: {host} {what}: try again later", method=method, status=status, sent=True
        )
    if not code:
        return stranger(method, host, headers.get("Content-Type", ""), status)
    return Rejected(
        f"{method}: {host} refuses: {message or code}", method=method, code=code, status=status
    )


def _unauthorized(
    method: str, host: str, status: int, code: str, said: str, headers: Mapping[str, str]
) -> Unauthorized:
    ahead = ahead_of_us(headers) or 0.0
    if status == 401 and abs(ahead) > _CLOCKS_DIFFER:
        side = "behind" if ahead > 0.0 else "ahead of"
        text = f"refuses the key{said}: this machine's clock is {_long(abs(ahead))} {side} the server's: set it right"
    elif status == 401:
        text = f"refuses the key{said}: check LIVEKIT_API_KEY, LIVEKIT_API_SECRET and this machine's clock"
    else:
        wanted = "administer SIP" if "SIP" in method else "list and administer rooms"
        text = f"does not let this key do {method}{said}: it needs a key that may {wanted}"
    return Unauthorized(f"{host} {text}", method=method, code=code, status=status)


def _long(seconds: float) -> str:
    """`90 s`, `61 min`, `30 h`."""
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _unsupported(method: str, host: str, status: int, code: str) -> NotSupported:
    if code in _NO_SUCH_CALL:
        text = f"has no {method}: it is older than this call, or LIVEKIT_URL has a wrong path"
    else:
        text = "runs without SIP: livekit-server needs Redis for it"
    return NotSupported(f"{host} {text}", method=method, code=code, status=status)


def _twirp_error(body: bytes) -> tuple[str, str]:
    """Code and message of a Twirp error, empty for a body that is none."""
    try:
        loaded = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(loaded, dict):
        return "", ""
    code, message = loaded.get("code"), loaded.get("msg")
    return (
        shown(code) if isinstance(code, str) else "",
        shown(message) if isinstance(message, str) else "",
    )


def _seconds(text: str | None) -> float | None:
    """`Retry-After`, a number of seconds or a date; anything else is as good as nothing."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        until = seconds_until(text)
        if until is None:
            return None
        seconds = until
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def is_retryable(error: ApiError, *, repeat: bool) -> bool:
    """Whether a second try is safe after this error."""
    match error:
        case Throttled():
            return True
        case Unreachable(sent=sent):
            return repeat or not sent
        case _:
            return False
