"""A proxy in front of a server that lets some calls through and answers others as no LiveKit would.

`OddProxy(url)` is a fault proxy. After `spoil("Create*", answer)` every call of such a method is answered with the
bytes of `answer` (see `bad_answers.py`), and the connection is closed behind it; `mend()` ends that. With
`after_effect` the server does what was asked all the same. `requests` are the heads of all requests that came in.
"""

from __future__ import annotations

import contextlib
import json
import threading
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tests.support.fault_proxy import FaultProxy
from tests.support.odd_server import saying

if TYPE_CHECKING:
    from tests.support.bad_answers import Answer


class OddProxy(FaultProxy):
    """The proxy; `answers` may be spoilt and mended at any time."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.requests: list[dict[str, str]] = []
        self._spoilt: tuple[str, Answer | None, bool] | None = None
        self._stopping = threading.Event()

    def __enter__(self) -> OddProxy:
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stopping.set()
        super().__exit__(*error)

    def spoil(self, pattern: str, answer: Answer, *, after_effect: bool = False) -> None:
        """From now on calls of these methods are answered so."""
        self._spoilt = (pattern, answer, after_effect)

    def repeat(self, pattern: str) -> None:
        """From now on the error of these methods holds the whole request."""
        self._spoilt = (pattern, None, False)

    def mend(self) -> None:
        """From now on all calls pass."""
        self._spoilt = None
        self._stopping.set()  # whoever still drips
        self._stopping = threading.Event()

    def _serve(self, client: Any) -> None:
        self.requests.append(dict(client.headers))
        method = client.path.rpartition("/")[2]
        spoilt = self._spoilt
        if spoilt is None or not fnmatchcase(method, spoilt[0]):
            super()._serve(client)
            return
        _, answer, after_effect = spoilt
        body = client.rfile.read(int(client.headers.get("Content-Length") or 0))
        if after_effect:
            self._forward(client, body)
        self._log.record("", method, 0)
        client.close_connection = True
        if answer is None:
            told = f"{dict(client.headers)} {body.decode('utf-8', 'replace')}"
            text = json.dumps({"code": "invalid_argument", "msg": told}).encode()
            answer = saying(text, "application/json", "400 Bad Request")
        with contextlib.suppress(OSError):
            answer(client.connection, self._stopping)
