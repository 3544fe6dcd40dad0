"""An HTTP proxy on loopback in front of any server, real or emulated, that breaks calls on purpose.

`FaultProxy(url)` is a context manager; clients use its `url` instead of the server's. Faults are armed as with the
emulator (`faults`), calls are recorded as there (`calls`, `count`). With a real server behind it, a lost answer is
what it is in production: the effect is there, the client does not know. `on_loss` is called before the connection of
a lost request or answer breaks: who kills the client there has killed it at just that call.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.emulator.faults import (
    Answer,
    Call,
    CallLog,
    Delay,
    Faults,
    LoseAnswer,
    LoseRequest,
    Truncate,
)
from reconciler.emulator.twirp import method_of
from tests.support.listening import Listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TIMEOUT = 60
# They belong to one connection, and the proxy has two.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class FaultProxy(Listening):
    """A proxy in a background thread: `url`, `faults`, `calls`, `count(method)`."""

    def __init__(self, target: str) -> None:
        self.faults = Faults()
        self.on_loss: Callable[[], None] = lambda: None
        self._log = CallLog()
        self._target = urlsplit(target)
        self._idle = threading.Condition()
        self._serving = 0
        proxy = self

        class Handler(_Handler):
            def serve(self) -> None:
                with proxy._counted():
                    proxy._serve(self)

        super().__init__(Handler)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call so far, in order."""
        return self._log.all()

    def count(self, method: str = "*") -> int:
        """How many calls a method, or a pattern such as `Create*`, had."""
        return self._log.count(method)

    def forget_calls(self) -> None:
        """Start counting anew."""
        self._log.clear()

    def settle(self) -> None:
        """Wait for the calls under way; clients that were killed have left them behind."""
        with self._idle:
            assert self._idle.wait_for(lambda: self._serving == 0, TIMEOUT)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._idle:
            self._serving += 1
        try:
            yield
        except OSError:
            pass  # the client is gone: nobody is left to be answered
        finally:
            with self._idle:
                self._serving -= 1
                self._idle.notify_all()

    def _serve(self, client: _Handler) -> None:
        body = client.rfile.read(int(client.headers.get("Content-Length") or 0))
        service, method = method_of(client.path)
        fault = self.faults.take(method) if service else None
        if isinstance(fault, LoseRequest):
            self._log.record(service, method, 0)
            self.on_loss()
            client.break_off()
            return
        if isinstance(fault, Delay):
            time.sleep(fault.seconds)
        if isinstance(fault, Answer) and not fault.after_effect:
            status, answer, headers = fault.status, fault.body, fault.headers
        else:
            status, answer, headers = self._forward(client, body)
        if isinstance(fault, LoseAnswer):
            self._log.record(service, method, 0)
            self.on_loss()
            client.break_off()
            return
        if isinstance(fault, Answer):
            status, answer, headers = fault.status, fault.body, fault.headers
        if service:
            self._log.record(service, method, status, _code(status, answer))
        size = fault.size if isinstance(fault, Truncate) else None
        client.reply(status, answer, headers, size)

    def _forward(self, client: _Handler, body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
        connection = http.client.HTTPConnection(
            self._target.hostname or "", self._target.port, timeout=TIMEOUT
        )
        try:
            headers = _end_to_end(dict(client.headers))
            connection.request(client.command, client.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), _end_to_end(dict(answer.getheaders()))
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet; two would wait for each other's acknowledgement, 40 ms a call.
    wbufsize = 64 * 1024

    def serve(self) -> None:
        """Answer one request."""
        raise NotImplementedError

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def break_off(self) -> None:
        """End the connection without a word."""
        self.close_connection = True
        with contextlib.suppress(OSError):  # a client that is gone has done so itself
            self.connection.shutdown(socket.SHUT_RDWR)

    def reply(self, status: int, body: bytes, headers: Mapping[str, str], size: int | None) -> None:
        """Send an answer, or its first `size` bytes and then the end."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if size is None else body[:size])
        if size is not None:
            self.wfile.flush()
            self.break_off()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: tests ask `calls`."""


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


def _code(status: int, body: bytes) -> str:
    if status == 200:
        return ""
    try:
        return str(json.loads(body).get("code", ""))
    except (ValueError, AttributeError):
        return ""
