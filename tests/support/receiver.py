"""A webhook of the tests' own on loopback: keeps what it is sent, and answers as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.listening import Listening


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    path: str
    body: bytes


class Receiver(Listening):
    """Takes every POST; `status` and `answer` are what it says to the next ones."""

    def __init__(self) -> None:
        self.status = 200
        self.answer = b"ok"
        self.received: list[Received] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                receiver.received.append(Received(self.path, self.rfile.read(length)))
                self.send_response(receiver.status)
                self.end_headers()
                self.wfile.write(receiver.answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name in the library
                """Says nothing."""

        super().__init__(Handler)

    def take(self) -> list[Received]:
        """What came since the last time."""
        taken, self.received = self.received, []
        return taken
