"""A server on loopback that answers as no LiveKit would: bytes as they are, or no end of them.

`OddServer(answer)` is a context manager; `answer` gets the socket of each connection after the request's head was
read, and whatever it sends is the answer. `hits` are the request heads that came in.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType


_TLS_HANDSHAKE = b"\x16"


class OddServer:
    """One listening socket in a background thread: `url`, `hits`; `stopping` is set at the end."""

    api_key = "devkey"
    api_secret = "a-secret-of-32-characters-or-more"

    def __init__(
        self,
        answer: Callable[[socket.socket, threading.Event], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.hits: list[bytes] = []
        self._tls = tls
        self.stopping = threading.Event()
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> OddServer:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                client, _ = self._socket.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            stack.enter_context(client)
            client.settimeout(10)
            if self._tls is not None:
                client = stack.enter_context(self._tls.wrap_socket(client, server_side=True))
            head = b""
            while b"\r\n\r\n" not in head and not head.startswith(_TLS_HANDSHAKE):
                part = client.recv(65536)
                if not part:
                    return
                head += part
            self.hits.append(head)
            self._answer(client, self.stopping)


def saying(
    body: bytes, content_type: str = "application/protobuf", status: str = "200 OK", *more: str
) -> Callable[[socket.socket, threading.Event], None]:
    """An answer with this body, and more header lines."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", *more]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]

    def answer(client: socket.socket, stopping: threading.Event) -> None:
        client.sendall("\r\n".join(lines).encode() + body)

    return answer


def dripping(client: socket.socket, stopping: threading.Event) -> None:
    """A good head, and then a byte now and then for ever."""
    client.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/protobuf\r\nContent-Length: 9999\r\n\r\n"
    )
    while not stopping.wait(0.05):
        client.sendall(b"x")


def silent(client: socket.socket, stopping: threading.Event) -> None:
    """No answer at all, on an open connection."""
    stopping.wait()
