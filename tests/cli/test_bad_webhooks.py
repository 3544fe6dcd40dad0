"""Webhooks that are none, sent to `reconcile serve` as a process: each is refused, and the next good one is taken."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from reconciler.emulator.server import Emulator
from tests.support.canaries import World, world
from tests.support.cli import Shell
from tests.support.every_command import Running
from tests.support.webhooks import post, signed, started

KEY, SECRET = "cnrykeyofapiQz", "cnrysecretofapiQz-of-32-characters-or-more"
GOOD = json.dumps(started("ornina-1")).encode()
OLD = json.dumps({**started("ornina-1"), "createdAt": str(int(time.time()) - 4000)}).encode()
LARGE = b"x" * 5_000_000
# More than the program and its libraries take, less than it would with a large body kept.
MOST_MEMORY_KB = 400_000


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, World]]:
    """A controller of an emulated project, for all tests of this file."""
    with Emulator(api_key=KEY, api_secret=SECRET) as emulator:
        made = world(Shell(tmp_path_factory.mktemp("serve")), emulator)
        with Running(made.shell, "serve", "--port", "0", "--resync", "1h", "-v") as running:
            yield running, made


def _head(
    body: bytes = GOOD, secret: str = SECRET, key: str = KEY, **changes: Any
) -> dict[str, str]:
    return {"Authorization": signed(body, key, secret, **changes)}


BAD = {
    "no-token": (GOOD, {}, 401, "unsigned"),
    "no-jwt": (GOOD, {"Authorization": "Bearer x"}, 401, "signature"),
    "other-secret": (
        GOOD,
        _head(secret="another-secret-of-32-characters-or-more"),
        401,
        "signature",
    ),
    "other-key": (GOOD, _head(key="another"), 401, "signature"),
    "other-body": (GOOD + b" ", _head(), 401, "digest"),
    "old-token": (GOOD, _head(age=4000.0), 401, "old"),
    "token-of-tomorrow": (GOOD, _head(age=-86_400.0), 401, "old"),
    "old-event": (OLD, _head(OLD), 401, "old"),
    "no-json": (b"\xff{", _head(b"\xff{"), 400, "malformed"),
    "a-list": (b"[]", _head(b"[]"), 400, "malformed"),
    "nothing": (b"", _head(b""), 400, "malformed"),
    "deep": (b"[" * 90_000, _head(b"[" * 90_000), 400, "malformed"),
    "wrong-types": (b'{"room": 7}', _head(b'{"room": 7}'), 400, "malformed"),
    "large": (LARGE, _head(LARGE), 413, "too_large"),
    "large-unsigned": (LARGE, {"Authorization": "x"}, 401, "signature"),
}


def _answer(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """The status and the result; a server that does not read a large body may close before all of it was sent."""
    try:
        status, text = post(url, body, headers)
    except OSError:
        return 0, ""
    return status, json.loads(text)["result"]


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_webhook_is_refused(serving: tuple[Running, World], name: str) -> None:
    """By its status and a word for it, and the controller is as well as before."""
    running, _ = serving
    body, headers, status, result = BAD[name]
    answered = _answer(running.url, body, headers)
    assert answered == (status, result) or (answered == (0, "") and body is LARGE)
    _is_well(running)


@pytest.mark.parametrize("kind", ["text/html", "application/x-www-form-urlencoded", ""])
def test_the_type_of_a_body_decides_nothing(serving: tuple[Running, World], kind: str) -> None:
    """LiveKit writes `application/webhook+json`; proxies write what they like. What counts is the signature."""
    assert _answer(serving[0].url, GOOD, {**_head(), "Content-Type": kind})[0] == 200


def test_a_webhook_that_comes_again_has_no_effect(serving: tuple[Running, World]) -> None:
    """Whoever has listened and sends the same once more, token and all."""
    body = json.dumps(started("ornina-9", identifier="EV_9")).encode()
    headers = _head(body)
    assert _answer(serving[0].url, body, headers) == (200, "taken")
    assert _answer(serving[0].url, body, headers) == (200, "repeated")


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n",
        b"POST /webhook HTTP/1.1\r\nHost: x\r\nX: ",
        b"POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /webhook HTTP/1.1\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        bytes(range(256)) * 20,
    ],
    ids=["half-a-body", "half-a-head", "bad-chunk", "long-header", "tls", "bytes"],
)
def test_who_speaks_no_http_holds_up_nobody(serving: tuple[Running, World], sent: bytes) -> None:
    """Fifty such connections stay open while a good webhook is taken."""
    address = urlsplit(serving[0].url)
    held = []
    try:
        for _ in range(50):
            held.append(socket.create_connection((address.hostname or "", address.port or 0), 30))
            held[-1].sendall(sent)
        _is_well(serving[0])
    finally:
        for one in held:
            one.close()


def test_nothing_of_it_stays(serving: tuple[Running, World]) -> None:
    """No traceback in the log, few lines, no secret anywhere, and no more memory than is usual."""
    running, made = serving
    for body, headers, _, _ in BAD.values():
        _answer(running.url, body, headers)
    text = running.text()
    assert "Traceback" not in text
    assert all(line.isprintable() for line in text.splitlines())
    refused = re.findall(r"webhook refused: .*", text)
    assert 1 <= len(refused) <= 200  # each reason once in ten seconds
    assert (
        made.problems(text, but=("API_KEY",)) == []
    )  # by the key the journal tells projects apart
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{running.pid}/status").read_text())
    assert peak is not None
    assert int(peak[1]) < MOST_MEMORY_KB


def _is_well(running: Running) -> None:
    """The controller takes what is good."""
    assert _answer(running.url, GOOD, _head())[0] == 200
