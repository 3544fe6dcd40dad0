"""The errors of the Twirp protocol as the emulated servers word them.

A handler raises `TwirpError`; `wrapped` gives the prefix LiveKit puts before errors that come from inside. Connection
faults are not here (`faults.py`), nor are the answers of the web server around Twirp (`auth.py`, `twirp.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

_STATUS = {
    "canceled": 408,
    "unknown": 500,
    "invalid_argument": 400,
    "malformed": 400,
    "deadline_exceeded": 408,
    "not_found": 404,
    "bad_route": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "unauthenticated": 401,
    "resource_exhausted": 429,
    "failed_precondition": 412,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 503,
}


class TwirpError(Exception):
    """An error answer: a code of the Twirp specification, a message and sometimes meta data."""

    def __init__(self, code: str, message: str, meta: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.meta = dict(meta or {})

    @property
    def status(self) -> int:
        return _STATUS[self.code]

    @property
    def body(self) -> bytes:
        """The JSON of the answer, written as Go writes it: `<`, `>` and `&` are escaped."""
        document: dict[str, object] = {"code": self.code, "msg": self.message}
        if self.meta:
            document["meta"] = self.meta
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
        return text.encode()


def status_of(code: str) -> int:
    """The HTTP status of a Twirp code."""
    return _STATUS[code]


def invalid(message: str) -> TwirpError:
    """A refused request."""
    return TwirpError("invalid_argument", message)


def wrapped(code: str, message: str) -> TwirpError:
    """An error from inside the server, with the prefix such errors carry (measured on 1.9.12)."""
    return TwirpError(code, "twirp error unknown: " + message)


_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quote(text: str) -> str:
    """A text in Go's quotes, as LiveKit's messages show ids, names and numbers."""
    return '"' + "".join(_quoted(character) for character in text) + '"'


def _quoted(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
