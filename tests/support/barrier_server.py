"""A server that answers only when so many requests wait at once: who asks one after another never gets an answer."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler

from tests.support.listening import Listening

PATIENCE = 20.0


class BarrierServer(Listening):
    """An empty LiveKit project for any key, whose answers come `together` at a time; a context manager."""

    api_key = "barrier"
    api_secret = "a-secret-that-nobody-checks-at-all"

    def __init__(self, together: int) -> None:
        barrier = threading.Barrier(together, timeout=PATIENCE)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    barrier.wait()
                except threading.BrokenBarrierError:
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Nobody reads a log of this."""

        super().__init__(Handler)
