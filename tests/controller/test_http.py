"""The HTTP side over real connections: what is let in, what is refused, and what each page says."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.agents.live import LiveRoom
from reconciler.agents.verdict import Judgement, Verdict
from reconciler.controller.events import Event, Occurrence
from reconciler.controller.http import LARGEST_BODY, Bucket
from reconciler.controller.queue import Backlog, LocalQueue
from reconciler.errors import QueueError
from tests.controller.fronts import SECRET, Served, front, room_started, signed


async def raw(served: Served, *parts: bytes, pause: float = 0.0) -> bytes:
    """What is answered to bytes that are sent one part after another."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(4096), 20)
    finally:
        writer.close()


def head(length: str, authorization: str) -> bytes:
    """The first lines of a request."""
    lines = ["POST /webhook HTTP/1.1", "Host: x", f"Authorization: {authorization}", length, "", ""]
    return "\r\n".join(lines).encode()


async def test_a_webhook_is_taken_once(tmp_path: Path) -> None:
    """It is an event in the queue; sent again it is a success without effect."""
    async with front(tmp_path) as served:
        assert await served.send(room_started("call-1", "EV_1")) == (200, "taken")
        assert await served.send(room_started("call-1", "EV_1")) == (200, "repeated")
        assert await served.send({"event": "track_published", "id": "EV_2"}) == (200, "ignored")
        assert (await served.queue.backlog()).count == 1
        event = (await served.queue.take()).event
        assert (event.occurrence, event.room) == (Occurrence.STARTED, "call-1")


class FullOnce(LocalQueue):
    """A queue that fails the first time."""

    failed = False

    async def put(self, event: Event, identifier: str = "") -> bool:
        """Fails, then works."""
        if not self.failed:
            self.failed = True
            raise QueueError("Redis is away")
        return await super().put(event, identifier)


async def test_what_could_not_be_queued_may_come_again(tmp_path: Path) -> None:
    """LiveKit is told to try again, and then it is not taken for a repetition."""
    async with front(tmp_path, FullOnce()) as served:
        assert await served.send(room_started("call-1", "EV_1")) == (503, "not_taken")
        assert await served.send(room_started("call-1", "EV_1")) == (200, "taken")


async def test_nothing_is_taken_while_stopping(tmp_path: Path) -> None:
    """Another process, or the next one, is to get it."""
    async with front(tmp_path) as served:
        served.readiness.stopping = True
        assert await served.send(room_started("call-1")) == (503, "stopping")


async def test_strangers_are_not_listened_to(tmp_path: Path) -> None:
    """Who has no valid token is answered before its body was read, however large, and uses up no rate."""
    async with front(tmp_path, rate=3.0) as served:
        for _ in range(20):
            answer = await raw(served, head("Content-Length: 100000000", "garbage"))
            assert answer.startswith(b"HTTP/1.1 401")
        assert await served.send(room_started("call-1")) == (200, "taken")


async def test_too_much_at_once(tmp_path: Path) -> None:
    """More than the rate is told to come later."""
    async with front(tmp_path, rate=5.0) as served:
        answers = [await served.send(room_started(f"call-{number}")) for number in range(12)]
        assert answers.count((200, "taken")) >= 5
        assert (429, "too_fast") in answers


def test_the_rate_comes_back() -> None:
    """A second's worth at once, then so many a second."""
    now = [0.0]
    bucket = Bucket(10.0, lambda: now[0])
    assert [bucket.take() for _ in range(11)] == [True] * 10 + [False]
    now[0] = 0.25
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] = 1000.0
    assert [bucket.take() for _ in range(11)] == [True] * 10 + [False]


async def test_bodies_that_are_too_large(tmp_path: Path) -> None:
    """With a length, in chunks without one, and packed small: 413, and nothing is kept of it."""
    large = b"x" * (LARGEST_BODY + 1)
    token = signed(large)
    async with front(tmp_path) as served:
        assert await served.send(large) == (413, "too_large")
        chunk = b"%x\r\n%b\r\n" % (len(large), large)
        answer = await raw(served, head("Transfer-Encoding: chunked", token), chunk, b"0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 413")
        bomb = gzip.compress(b"x" * 50_000_000)
        packed = head(f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}", token)
        assert (await raw(served, packed, bomb)).startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))
        assert (await served.queue.backlog()).count == 0


async def test_a_body_in_chunks(tmp_path: Path) -> None:
    """Without a length it is as good as with one."""
    body = json.dumps(room_started("call-1")).encode()
    async with front(tmp_path) as served:
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        answer = await raw(served, head("Transfer-Encoding: chunked", signed(body)), chunks)
        assert answer.startswith(b"HTTP/1.1 200")


async def test_slow_senders_hold_up_nobody(tmp_path: Path) -> None:
    """While fifty send their bodies byte by byte others are served; the slow ones are let go after their time."""
    body = json.dumps(room_started("call-1")).encode()
    start = head(f"Content-Length: {len(body)}", signed(body))
    async with front(tmp_path, patience=0.5) as served:
        slow = [
            asyncio.create_task(raw(served, start, *(bytes((one,)) for one in body[:8]), pause=0.1))
            for _ in range(50)
        ]
        await asyncio.sleep(0.1)
        assert await served.send(room_started("call-2")) == (200, "taken")
        answers = await asyncio.gather(*slow, return_exceptions=True)
        told = [one for one in answers if isinstance(one, bytes)]
        assert told
        assert all(one.startswith(b"HTTP/1.1 408") for one in told)


@pytest.mark.parametrize(
    "text",
    [
        b"\x00\xff garbage\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /webhook HTTP/1.1\r\n" + b"A: b\r\n" * 3000,
    ],
)
async def test_what_is_not_http(tmp_path: Path, text: bytes) -> None:
    """It is refused or cut off, and the next request is served."""
    async with front(tmp_path) as served:
        try:
            answer = await asyncio.wait_for(raw(served, text), 2)
        except (TimeoutError, ConnectionError):
            answer = b""
        assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
        assert (await served.get("/healthz"))[0] == 200


async def test_the_other_doors_are_closed(tmp_path: Path) -> None:
    """A webhook is posted, pages are read, and there is nothing else."""
    async with front(tmp_path) as served:
        assert (await served.get("/webhook"))[0] == 405
        assert (await served.get("/nothing"))[0] == 404
        async with served.http.post(f"{served.url}/metrics") as answer:
            assert answer.status == 405


async def test_health_and_readiness(tmp_path: Path) -> None:
    """It is alive at once, and ready when everything is there; what is missing is told."""
    async with front(tmp_path) as served:
        assert await served.get("/healthz") == (200, "ok\n")
        assert await served.get("/readyz") == (200, "ready\n")
        served.readiness.first_resync = served.readiness.journal = False
        assert await served.get("/readyz") == (503, "not ready: journal, first resync\n")
        served.readiness.stopping = True
        assert await served.get("/readyz") == (503, "not ready: stopping\n")
        assert await served.get("/healthz") == (200, "ok\n")


async def test_metrics_are_prometheus_text(tmp_path: Path) -> None:
    """A parser reads them, names with quotes and newlines included, and the numbers are right."""
    async with front(tmp_path) as served:
        await served.send(room_started("call-1"))
        await served.send(b"")
        served.metrics.dispatches.labels('a "quoted"\nname\\', "dispatch").inc()
        room = LiveRoom("call-1", "RM_1", 0.0, 1)
        served.board.show(room, "call-*", Judgement(Verdict.LEFT, ""), 0.0, is_settled=False)
        status, text = await served.get("/metrics")
        assert status == 200
        found = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    assert found[("reconcile_webhooks_total", ("result", "taken"))] == 1
    assert found[("reconcile_webhooks_total", ("result", "malformed"))] == 1
    assert found[("reconcile_rooms", ("verdict", "agent left"))] == 1
    assert found[("reconcile_rooms", ("verdict", "ok"))] == 0
    assert found[("reconcile_queue_events",)] == 1
    assert found[("reconcile_config_current",)] == 1
    name = ("agent", 'a "quoted"\nname\\')
    assert found[("reconcile_dispatches_total", ("act", "dispatch"), name)] == 1


async def test_metrics_without_a_queue(tmp_path: Path) -> None:
    """A queue that cannot be asked is an error that is counted, and the rest is told."""

    class Away(LocalQueue):
        async def backlog(self) -> Backlog:
            raise QueueError("Redis is away")

    async with front(tmp_path, Away()) as served:
        assert 'reconcile_errors_total{what="queue"} 1.0' in (await served.get("/metrics"))[1]


async def test_nothing_secret_gets_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of webhooks, good and bad, neither the room's password nor the key stands in an answer, a log or a page."""
    caplog.set_level(logging.DEBUG)
    async with front(tmp_path) as served:
        body = json.dumps(room_started("call-1", "EV_1")).encode()
        told = [
            str(await served.send(body)),
            str(await served.send(body[:-1])),
            (
                await raw(served, head(f"Content-Length: {len(body)}", "x" + signed(body)), body)
            ).decode(),
            (await raw(served, head(f"Content-Length: {len(body)}", signed(b"")), body)).decode(),
        ]
        for path in ("/", "/?room=call-1", "/metrics", "/readyz", "/webhook"):
            told.append((await served.get(path))[1])  # noqa: PERF401  # one after the other
        told.append(repr((await served.queue.take()).event))
    told += [
        caplog.text,
        *capsys.readouterr(),
        (tmp_path / "journal.db").read_bytes().decode("latin1"),
    ]
    text = "\n".join(told)
    assert "canary" not in text
    assert SECRET not in text
    assert "webhook refused" in text


async def test_refusals_are_told_but_not_a_thousand_times(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody can send what is refused: one line for each reason is enough for a while."""
    async with front(tmp_path) as served:
        for _ in range(30):
            await raw(served, head("Content-Length: 0", "garbage"))
            await raw(served, head("Content-Length: 0", ""))
    # A journal that is made tells of it as well, where a test before this one has turned that on.
    assert len([one for one in caplog.messages if one.startswith("webhook refused")]) == 2
