"""Every way in which a server can answer badly: what it sends, byte by byte, and what has to be said about it.

`ANSWERS` are the faults by name. Each gets the socket of a connection whose request was read, and whatever it sends is
the answer; the connection is closed behind it. `says` is a part of the one line that a command then shows.
"""

from __future__ import annotations

import gzip
import json
import select
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.support.odd_server import saying

Answer = Callable[[socket.socket, threading.Event], None]

PROTOBUF = "application/protobuf"
MEGABYTE = 1 << 20
# Colours, a title, a link, a line that is a command for a workflow, a turned-round name, half of a character.
HOSTILE = "\x1b[2J\x1b]0;title\x07\r\n::error::faked\u202eslla\n\x1b]8;;http://x\x1b\\\ud800\x00"


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad answer. `is_tried_again` tells whether a call that may be repeated is repeated after it."""

    name: str
    answer: Answer
    says: str
    is_tried_again: bool = False


def _raw(data: bytes) -> Answer:
    return lambda client, stopping: client.sendall(data)


def _head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def _good(*lines: str) -> bytes:
    return _head(f"Content-Type: {PROTOBUF}", *lines)


def _twirp(code: object, message: object, status: str) -> Answer:
    body = json.dumps({"code": code, "msg": message}).encode()
    return saying(body, "application/json", status)


# --- those that take their time


def _drip(first: bytes, drop: bytes, client: socket.socket, stopping: threading.Event) -> None:
    """A first part, and then a drop now and then for ever, or until nobody listens."""
    client.sendall(first)
    while not stopping.wait(0.02):
        client.sendall(drop)


def _silent(client: socket.socket, stopping: threading.Event) -> None:
    while not stopping.is_set():
        readable, _, _ = select.select([client], [], [], 0.05)
        if readable:
            return  # the other side has gone


def _reset(client: socket.socket, stopping: threading.Event, first: bytes = b"") -> None:
    client.sendall(first)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


# --- those that send much


def _pour(head: bytes, size: int, client: socket.socket, stopping: threading.Event) -> None:
    """So many bytes, in chunks of a megabyte."""
    client.sendall(head)
    for _ in range(size // MEGABYTE):
        client.sendall(b"100000\r\n" + b"\x0a" * MEGABYTE + b"\r\n")
    client.sendall(b"0\r\n\r\n")


def bomb(size: int) -> bytes:
    """So many bytes, packed."""
    return gzip.compress(bytes(size), compresslevel=9)


_CLOSED = "closed the connection before it answered: try again"
_NO_HTTP = "does not answer in HTTP: check LIVEKIT_URL"
LATE = "no answer from"
_NOT_LIVEKIT = "which is not LiveKit's API: check LIVEKIT_URL"
_LARGE = "is larger than 64 MB"
_FAILS = ": try again later"
_CHUNKED = "Transfer-Encoding: chunked"

_FAULTS = [
    # Something else answers.
    Fault("html", saying(b"<html></html>", "text/html"), "answers with text/html"),
    Fault("html-404", saying(b"<html>", "text/html", "404 Not Found"), "answers with text/html"),
    Fault("html-502", saying(b"<html>", "text/html", "502 Bad Gateway"), _FAILS, True),
    Fault("bare-500", saying(b"", "text/plain", "500 Oops"), _FAILS, True),
    Fault("json-for-protobuf", saying(b"{}", "application/json"), "answers with application/json"),
    Fault("no-type", _raw(_head("Content-Length: 0")), "answers with nothing"),
    Fault("hostile-type", saying(b"", "\x1b[31mred\x07"), _NOT_LIVEKIT),
    Fault("204", _raw(_head(status="204 No Content")), _NOT_LIVEKIT),
    Fault("206", saying(b"\x0a", PROTOBUF, "206 Partial Content"), _NOT_LIVEKIT),
    Fault("304", _raw(_head(status="304 Not Modified")), "redirects to elsewhere"),
    Fault("999", saying(b"", PROTOBUF, "999 Beyond"), _FAILS, True),
    Fault("402", saying(b"pay", "text/plain", "402 Payment Required"), _NOT_LIVEKIT),
    Fault("ssh", _raw(b"SSH-2.0-OpenSSH_9.6\r\n"), _NO_HTTP, True),
    Fault("bytes", _raw(bytes(range(256)) * 8), _NO_HTTP, True),
    Fault("http2", _raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)), _NO_HTTP, True),
    Fault("status-of-letters", _raw(b"HTTP/1.1 abc OK\r\n\r\n"), _NO_HTTP, True),
    # A redirect; that nothing follows it is another test.
    Fault("redirect", saying(b"", "text/html", "301 Moved", "Location: http://x/"), "redirects to"),
    Fault(
        "long-redirect",
        saying(b"", "text/html", "307 Moved", f"Location: http://{'x' * 5000}"),
        "the key is not sent there",
    ),
    Fault("hostile-redirect", saying(b"", "", "307 Moved", "Location: http://\x1b[31m\x07x"), ""),
    # The answer is damaged or ends early.
    Fault("damaged", saying(b"\xff\xff\xff\xff"), "is damaged"),
    Fault("no-unicode", saying(b"\x0a\x04\x12\x02\xff\xfe"), ""),
    Fault("nothing", _raw(b""), _CLOSED, True),
    Fault("reset", _reset, _CLOSED, True),
    Fault("reset-inside", partial(_reset, first=_good("Content-Length: 9") + b"\x0a"), "", True),
    Fault("half-a-head", _raw(b"HTTP/1.1 200 OK\r\nContent-"), "", True),
    Fault("half-a-body", _raw(_good("Content-Length: 50") + b"\x0a\x02"), _CLOSED, True),
    Fault("negative-length", _raw(_good("Content-Length: -5") + b"\x0a\x02"), "", True),
    Fault("two-lengths", _raw(_good("Content-Length: 2", "Content-Length: 3") + b"abc"), "", True),
    Fault("bad-chunk", _raw(_good(_CHUNKED) + b"zz\r\nabc\r\n"), _CLOSED, True),
    Fault("half-a-chunk", _raw(_good(_CHUNKED) + b"ff\r\nabc"), _CLOSED, True),
    Fault("no-last-chunk", _raw(_good(_CHUNKED) + b"1\r\n\x0a\r\n"), _CLOSED, True),
    # Heads that are too much.
    Fault("long-header", _raw(_good(f"X: {'x' * 100_000}", "Content-Length: 0")), "", True),
    Fault("many-headers", _raw(_good(*(f"X-{n}: {n}" for n in range(5000)))), "", True),
    Fault("no-header", _raw(b"HTTP/1.1 200 OK\r\nno colon at all\r\n\r\n"), ""),
    # Too slow.
    Fault("silent", _silent, LATE, True),
    Fault("drips-head", partial(_drip, b"HTTP/1.1 200 OK\r\nX: ", b"x"), LATE, True),
    Fault("drips-headers", partial(_drip, b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), "", True),
    Fault("drips-body", partial(_drip, _good("Content-Length: 9999"), b"x"), LATE, True),
    Fault("drips-chunks", partial(_drip, _good(_CHUNKED), b"1\r\nx\r\n"), LATE, True),
    Fault("drips-100", partial(_drip, b"", b"HTTP/1.1 100 Continue\r\n\r\n"), LATE, True),
    Fault("103-alone", _raw(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"), "", True),
    # Too large, and packed.
    Fault("says-100-mb", _raw(_good("Content-Length: 104857600") + bytes(9)), _LARGE),
    Fault("pours-100-mb", partial(_pour, _good(_CHUNKED), 100 * MEGABYTE), ""),
    Fault(
        "pours-a-100-mb-error",
        partial(_pour, _head("Content-Type: text/html", _CHUNKED, status="400 No"), 100 * MEGABYTE),
        "answers with text/html",
    ),
    Fault(
        "gzip-bomb",
        saying(bomb(100 * MEGABYTE), PROTOBUF, "200 OK", "Content-Encoding: gzip"),
        "answers with gzip",
    ),
    Fault("unknown-coding", saying(b"\x1b[31m", PROTOBUF, "200 OK", "Content-Encoding: br"), "br"),
    # Errors whose bodies are not what they should be.
    Fault("401", saying(b"no", "text/plain", "401 Unauthorized"), "refuses the key"),
    Fault("403", saying(b"no", "text/plain", "403 Forbidden"), "does not let this key do"),
    Fault("error-no-unicode", saying(b'{"msg":"\xff"}', "application/json", "400 No"), ""),
    Fault("error-hostile", _twirp("invalid_argument", HOSTILE, "400 Bad"), "refuses: "),
    Fault("error-hostile-500", _twirp("internal", HOSTILE, "500 Bad"), _FAILS, True),
    Fault("error-hostile-code", _twirp(HOSTILE, "", "400 Bad"), "refuses: "),
    Fault("error-long", _twirp("invalid_argument", "long " * 10_000, "400 Bad"), ""),
    Fault("error-of-a-list", saying(b"[1]", "application/json", "400 Bad"), _NOT_LIVEKIT),
    Fault("error-of-null", saying(b"null", "application/json", "400 Bad"), _NOT_LIVEKIT),
    Fault("error-of-numbers", _twirp(7, {"a": [1]}, "400 Bad"), _NOT_LIVEKIT),
    Fault("error-deep", saying(b"[" * 50_000, "application/json", "400 Bad"), _NOT_LIVEKIT),
    Fault("error-huge-number", saying(b"9" * 50_000, "application/json", "400 Bad"), ""),
    # Dates that are none.
    *(
        Fault(
            f"dates-{name}",
            saying(b"", "text/plain", "401 No", f"Date: {date}", f"Retry-After: {date}"),
            "refuses the key",
        )
        for name, date in (
            ("text", "soon"),
            ("year-1", "Mon, 01 Jan 0001 00:00:00 GMT"),
            ("zone", "Mon, 01 Jan 2024 00:00:00 +99999999999"),
            ("day", "Mon, 99 Jan 2024 00:00:00 GMT"),
        )
    ),
    *(
        Fault(
            f"429-{name}",
            saying(b"", "text/plain", "429 Slow", f"Retry-After: {after}"),
            "asks for fewer requests",
            True,
        )
        for name, after in (
            ("for-ever", "1e400"),
            ("long", "86400"),
            ("negative", "-7"),
            ("text", "soon"),
            ("nan", "nan"),
            ("date", "Mon, 01 Jan 9999 00:00:00 GMT"),
        )
    ),
]

# All codes of the Twirp specification with their statuses, and what is said of each.
TWIRP = {
    "canceled": (408, "fails with canceled"),
    "unknown": (500, "refuses: said so"),
    "invalid_argument": (400, "refuses: said so"),
    "malformed": (400, "refuses: said so"),
    "deadline_exceeded": (408, "fails with deadline_exceeded"),
    "not_found": (404, "refuses: said so"),
    "bad_route": (404, "older than this call"),
    "already_exists": (409, "refuses: said so"),
    "permission_denied": (403, "does not let this key do"),
    "unauthenticated": (401, "refuses the key (said so)"),
    "resource_exhausted": (429, "asks for fewer requests (said so)"),
    "failed_precondition": (412, "refuses: said so"),
    "aborted": (409, "fails with aborted"),
    "out_of_range": (400, "refuses: said so"),
    "unimplemented": (501, "older than this call"),
    "internal": (500, "fails with internal"),
    "unavailable": (503, "fails with unavailable"),
    "dataloss": (503, "refuses: said so"),
}
_REPEATED = ("canceled", "deadline_exceeded", "aborted", "internal", "unavailable")

ANSWERS = {
    fault.name: fault
    for fault in (
        *_FAULTS,
        *(
            Fault(
                f"twirp-{code}",
                _twirp(code, "said so", f"{status} Twirp"),
                says,
                code in (*_REPEATED, "resource_exhausted"),
            )
            for code, (status, says) in TWIRP.items()
        ),
    )
}
