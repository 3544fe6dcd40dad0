"""What a broken connection of the rooms' client amounts to, in the words of the other client of this package."""

from __future__ import annotations

import aiohttp

from reconciler.errors import ApiError, Unreachable
from reconciler.gateway.failures import broken_off, insecure, no_http, too_slow

CONNECT_TIMEOUT = 10.0
"""Seconds until a connection has to be there."""


def is_no_room(error: ApiError) -> bool:
    """Whether an error means that nobody serves this room: it is over, or never was."""
    return error.status == 503 or error.code == "not_found"


def lost(error: BaseException, method: str, host: str, timeout: float) -> ApiError:
    """The error of a connection that broke: never sent, or perhaps done."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return insecure(error.certificate_error, method, host)
        case aiohttp.ClientConnectorSSLError():
            return insecure(error.os_error, method, host)
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(
                f"{host}: no such host: check LIVEKIT_URL", method=method, sent=False
            )
        case aiohttp.ClientConnectorError():
            reason = (error.os_error.strerror or "no connection").lower()
            return Unreachable(
                f"{host}: {reason}: is the server running, and LIVEKIT_URL right?",
                method=method,
                sent=False,
            )
        case aiohttp.ConnectionTimeoutError():
            return Unreachable(
                f"{host}: no connection within {min(timeout, CONNECT_TIMEOUT):g} s: check LIVEKIT_URL and the network",
                method=method,
                sent=False,
            )
        case TimeoutError():
            return too_slow(method, host, timeout)
        case aiohttp.ClientResponseError():
            return no_http(method, host)
        case _:
            return broken_off(method, host)
