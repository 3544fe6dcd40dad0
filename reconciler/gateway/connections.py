"""Connections to LiveKit whose answers end in time, however slowly they drip.

A socket's own time-out is for one read, and a sender that lets a byte fall now and then keeps every read within it: a
head that never ends, or interim answers (1xx) one after the other, would be read for ever. Here every read of an answer
has the time that is left for all of it.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from reconciler.gateway.deadline import Deadline

if TYPE_CHECKING:
    from reconciler.gateway.endpoint import Endpoint


class _TimedReader(io.RawIOBase):
    """Reads from a socket until its time is over. `raw` is the socket's own reader, which is closed with this one."""

    def __init__(self, sock: socket.socket, raw: Any, deadline: Deadline) -> None:
        self._socket = sock
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        """It is for reading only."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As much as there is. Raises `TimeoutError`."""
        left = self._deadline.left()
        if left <= 0.0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        """Lets the socket go."""
        self._raw.close()
        super().close()


class _TimedAnswer(http.client.HTTPResponse):
    """An answer that has, from its first byte to its last, the time that the socket has when it begins."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        seconds = sock.gettimeout()
        if seconds is not None:
            reader: Any = self.fp
            self.fp = io.BufferedReader(_TimedReader(sock, reader.detach(), Deadline(seconds)))


class _Connection(HTTPConnection):
    response_class = _TimedAnswer


class _SecureConnection(HTTPSConnection):
    response_class = _TimedAnswer


def connections_to(endpoint: Endpoint, most: int) -> urllib3.HTTPConnectionPool:
    """Connections to one host, at most so many of them at a time."""
    pool = urllib3.connection_from_url(endpoint.url, maxsize=most, block=True, retries=False)
    is_secure = isinstance(pool, urllib3.HTTPSConnectionPool)
    pool.ConnectionCls = _SecureConnection if is_secure else _Connection
    return pool
