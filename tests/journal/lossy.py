"""A proxy in front of PostgreSQL that loses an answer: the server gets the message, and its client hears nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType


class LossyProxy:
    """Passes bytes on in both directions; a context manager. `lost` counts answers that were lost."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.lost = 0
        self._word = b""

    def __enter__(self) -> LossyProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing alone does not wake a thread that waits for a connection.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def lose_answer_to(self, word: bytes) -> None:
        """Cuts the connection on which this word is sent, when the server has answered it."""
        self._word = word

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._behind))
                threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        cut = threading.Event()
        back = threading.Thread(target=self._answer, args=(client, server, cut), daemon=True)
        back.start()
        with client, server, contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self._word and self._word in data:
                    self._word = b""
                    cut.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)
            back.join()

    def _answer(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if cut.is_set():
                    self.lost += 1
                    break
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)
