"""How far an answer is believed: its kind, its size, its date, and the text that is shown of it.

Whoever answers may be no LiveKit at all: a web page, a proxy with a story of its own, somebody who sends for ever.
What is shown of an answer is one short line, in which no token stands, not even our own that came back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from reconciler.errors import BadAnswer

# A list of fifty thousand objects with long texts in them; whoever sends more is not to fill this machine's memory.
MAX_ANSWER = 64 * 1024 * 1024
# Of an answer that says no only the reason is read.
MAX_FAILURE = 64 * 1024
_LONGEST_TEXT = 300
_TOKEN = re.compile(r"eyJ[\w-]*\.[\w-]*\.[\w-]*")
_OUR_TYPES = ("application/protobuf", "application/json")


class Room:
    """How much of one answer may still come."""

    __slots__ = ("_host", "_is_good", "_left", "_method")

    def __init__(self, method: str, host: str, *, is_good: bool) -> None:
        self._method = method
        self._host = host
        self._is_good = is_good
        self._left = MAX_ANSWER if is_good else MAX_FAILURE

    def takes(self, size: int) -> bool:
        """Whether more is wanted after so many bytes. Raises `BadAnswer` for a good answer that is too large."""
        self._left -= size
        if self._left < 0 and self._is_good:
            raise BadAnswer(
                f"{self._method}: the answer of {self._host} is larger than {MAX_ANSWER >> 20} MB: check LIVEKIT_URL",
                method=self._method,
                status=200,
            )
        return self._is_good or self._left > 0


def room_for(method: str, host: str, status: int, headers: Mapping[str, str]) -> Room:
    """The room for an answer. Raises `BadAnswer` for one that says at once that it is too large."""
    length = headers.get("Content-Length", "")
    if status == 200 and length.isdecimal() and int(length[:20]) > MAX_ANSWER:
        Room(method, host, is_good=True).takes(MAX_ANSWER + 1)
    return Room(method, host, is_good=status == 200)


def check_kind(method: str, host: str, headers: Mapping[str, str], content_type: str) -> None:
    """Raises `BadAnswer` for a good answer that is not of this type, or packed, which nobody asked for."""
    encoding = headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise stranger(method, host, encoding, 200)
    answered = headers.get("Content-Type", "")
    if not answered.lower().startswith(content_type):
        raise stranger(method, host, answered, 200)


def stranger(method: str, host: str, content_type: str, status: int) -> BadAnswer:
    """The error of an answer that is not LiveKit's."""
    kind = shown(content_type.split(";")[0]) or "nothing"
    if kind in _OUR_TYPES and status != 200:
        kind = f"{status} and no reason"
    return BadAnswer(
        f"{method}: {host} answers with {kind}, which is not LiveKit's API: check LIVEKIT_URL",
        method=method,
        status=status,
    )


def shown(text: str) -> str:
    """What somebody else wrote, in one line that is not too long. Tokens are left out, even halves of them."""
    line = " ".join(text[: 4 * _LONGEST_TEXT].split())
    line = _TOKEN.sub("(a token)", line).encode("utf-8", "backslashreplace").decode()
    return line if len(line) <= _LONGEST_TEXT else f"{line[:_LONGEST_TEXT]}…"


def ahead_of_us(headers: Mapping[str, str]) -> float | None:
    """By how many seconds the server's clock is ahead of ours, None where it does not tell."""
    date = seconds_until(headers.get("Date", ""))
    return None if date is None else date + 0.5  # the header has whole seconds


def seconds_until(date: str) -> float | None:
    """From now to a date as HTTP writes it; None for what is none."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, OverflowError, OSError):
        return None
