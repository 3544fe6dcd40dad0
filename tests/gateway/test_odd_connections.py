"""Connections and answers that are unusual and still good, or good and then gone: both clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from reconciler.core.values import AgentDispatch, Secret
from reconciler.errors import ApiError, BadAnswer, Unreachable
from reconciler.gateway.answers import MAX_ANSWER, MAX_FAILURE, Room, seconds_until, shown
from reconciler.gateway.endpoint import Endpoint, http_url
from reconciler.gateway.rooms import RoomsClient
from reconciler.gateway.server import LiveServer
from tests.support.listening import Listening
from tests.support.odd_server import OddServer

_PROTOBUF = b"Content-Type: application/protobuf\r\n"


def _endpoint(url: str) -> Endpoint:
    base, host = http_url(url, "LIVEKIT_URL")
    return Endpoint(base, host, "devkey", Secret("a-secret-of-32-characters-or-more"))


def _lists(url: str) -> None:
    """One list a kind, by the client for objects. Raises what it raises."""
    server = LiveServer(_endpoint(url), timeout=10.0)
    try:
        server.observe()
    finally:
        server.close()


def _rooms(url: str) -> None:
    """A list of rooms, by the client for rooms. Raises what it raises."""

    async def ask() -> None:
        async with RoomsClient(_endpoint(url), timeout=10.0) as client:
            await client.rooms()

    asyncio.run(ask())


ASKING = pytest.mark.parametrize("ask", [_lists, _rooms])


@ASKING
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\n" + _PROTOBUF + b"\r\n",
        b"HTTP/1.0 200 OK\r\n" + _PROTOBUF + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + _PROTOBUF + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + _PROTOBUF + b"Connection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-type: Application/Protobuf\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200\r\n" + _PROTOBUF + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n"
        + _PROTOBUF
        + b"Content-Encoding: identity\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
        + _PROTOBUF
        + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n"
        + _PROTOBUF
        + b"X: "
        + b"x" * 7000
        + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + _PROTOBUF + b"Server: \xe9\xff\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=[
        "1.0",
        "1.0-length",
        "chunked",
        "close",
        "case",
        "no-reason",
        "identity",
        "100",
        "long",
        "latin",
    ],
)
def test_an_answer_that_is_unusual_is_good(ask: Callable[[str], None], answer: bytes) -> None:
    """HTTP/1.0, chunks, an interim answer first, a long header, letters of another encoding."""
    with OddServer(lambda client, _: client.sendall(answer)) as server:
        ask(server.url)


class FickleServer(Listening):
    """Answers the first request of each connection and keeps the connection, then closes it at the next request.

    That is what a client meets whose next request crosses a server's idle time-out. `seen` counts requests.
    """

    def __init__(self) -> None:
        self.seen = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            answered = False

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen += 1
                self.close_connection = self.answered
                if not self.answered:
                    self.answered = True
                    self.send_response(200)
                    self.send_header("Content-Type", "application/protobuf")
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *args: object) -> None:
                """Nobody reads a log of this."""

        super().__init__(Handler)


async def test_a_connection_that_ends_just_as_the_next_request_goes_out() -> None:
    """What only reads is sent again over a new one; a dispatch is not, and the error says that it may be there."""
    with FickleServer() as server:
        async with RoomsClient(_endpoint(server.url), timeout=20.0, concurrency=1) as client:
            for _ in range(3):
                assert await client.rooms() == []
            seen = server.seen
            # The first request of a connection is answered, the second meets its end.
            made = [await _dispatched(client) for _ in range(2)]
        assert sorted(made) == [False, True]
        assert server.seen - seen == 2


async def _dispatched(client: RoomsClient) -> bool:
    """Whether a dispatch was answered; where it was not, it may be there all the same."""
    try:
        await client.dispatch("room", AgentDispatch("agent"))
    except Unreachable as error:
        return not error.sent
    return True


def test_a_list_is_read_again_over_a_new_connection() -> None:
    """The client for objects meets the same, and tells nobody."""
    with FickleServer() as server:
        live = LiveServer(_endpoint(server.url), timeout=20.0)
        try:
            for _ in range(3):
                assert not any(live.read(["inbound_trunk"]).values())
        finally:
            live.close()
        assert server.seen > 3


@ASKING
def test_a_name_that_nobody_knows(ask: Callable[[str], None]) -> None:
    """`.invalid` is never in the DNS: one line that names the variable."""
    with pytest.raises(ApiError, match="no such host: check LIVEKIT_URL"):
        ask("http://nobody.invalid")


def test_the_room_for_an_answer() -> None:
    """A good one is read to its last byte or refused, never cut short; of a failure the beginning will do."""
    good = Room("List", "host", is_good=True)
    assert good.takes(MAX_ANSWER)
    with pytest.raises(BadAnswer, match="is larger than 64 MB"):
        good.takes(1)
    failure = Room("List", "host", is_good=False)
    assert failure.takes(MAX_FAILURE - 1)
    assert not failure.takes(1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\r\n  lines", "two lines"),
        ("Bearer eyJhbGciOi.eyJpc3Mi.sig-na_ture end", "Bearer (a token) end"),
        ("half eyJhbGciOi.eyJpc3Mi.", "half (a token)"),
        ("x" * 400, "x" * 300 + "…"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_server_says_is_shown_in_one_short_line(text: str, expected: str) -> None:
    """Our own token may come back in it, and half of one, and half a character."""
    assert shown(text) == expected


@pytest.mark.parametrize(
    "date",
    ["", "soon", "Mon, 99 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +99999999999", "\x00"],
)
def test_a_date_that_is_none(date: str) -> None:
    """Whatever stands there, nothing is made of it."""
    assert seconds_until(date) is None
