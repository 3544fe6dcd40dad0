"""`reconcile serve` under load: how long a room waits for its dispatch, how long a look at all rooms takes, and what a
second process brings.

Each in the same run as its baseline: a bare handler that makes the same calls, a bare loop over the same rooms, and one
process instead of two.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from livekit import api

from benchmarks.bare_handler import AGENT
from benchmarks.figures import Figure
from benchmarks.measure import CommandFailed, Spread
from tests.support.livekit_server import LiveKitServer
from tests.support.ports import free_port

_HERE = Path(__file__).parent
_RECONCILE = Path(sys.executable).with_name("reconcile")
_FILE = f"""\
version: 1
project: {{name: bench}}
agents:
  names: {{avatar: {{agent_name: {AGENT}}}}}
  rooms: [{{prefix: ornina-, agents: [avatar], dispatch: controller}}]
"""
RATE = 100
LIFETIME = 5
MARGIN_MS = 25.0
SHARED_ROOMS = 3_000
# As many at a time that what limits a process is waiting for answers, and not this machine's two cores.
SHARED_CONCURRENCY = 4


def controller(seconds: int, rooms: int, runs: int) -> Iterator[Figure]:
    """All figures of the controller; `seconds` is how long rooms come to be at 100 a second."""
    yield _latency(seconds)
    yield _resync(rooms, runs)
    yield _shared(min(rooms, SHARED_ROOMS), runs)


# ---------------------------------------------------------------------------------------------------------------------
# From a webhook to its dispatch
# ---------------------------------------------------------------------------------------------------------------------


def _latency(seconds: int) -> Figure:
    ours, bare = _served(seconds), _handled(seconds)
    for took in (ours, bare):
        if len(took) != RATE * seconds:
            raise CommandFailed(f"{len(took)} dispatches were made, and not {RATE * seconds}")
    name = f"webhook to dispatch, {RATE}/s for {seconds} s: p99"
    return Figure(name, "ms", _p99(ours), _p99(bare), margin=MARGIN_MS)


def _p99(took: list[float]) -> Spread:
    """The 99th percentile between the median and the longest."""
    cuts = statistics.quantiles(took, n=100)
    return Spread(cuts[98], cuts[49], max(took))


def _served(seconds: int) -> list[float]:
    with _project() as folder, _server() as (server, port):
        with _started([_RECONCILE, "serve", "--port", str(port)], server, folder):
            _wait(port, "/readyz")
            asyncio.run(_make_rooms(server, seconds))
        with sqlite3.connect(folder / "reconcile-journal.db") as journal:
            rows = journal.execute(
                "SELECT milliseconds FROM journal_entry WHERE step = 'dispatched' AND attempt = 1"
            )
            return [row[0] for row in rows]


def _handled(seconds: int) -> list[float]:
    with _project() as folder, _server() as (server, port):
        report = folder / "took.json"
        command: list[str | Path] = [sys.executable, _HERE / "bare_handler.py", str(port), report]
        with _started(command, server, folder):
            _wait(port, "/readyz")
            asyncio.run(_make_rooms(server, seconds))
        took: list[float] = json.loads(report.read_text())
        return took


async def _make_rooms(server: LiveKitServer, seconds: int) -> None:
    """Rooms at an even rate, whatever the server takes for one.

    A pause for garbage would be caught up on, and so be a burst of rooms.
    """
    gc.disable()
    async with api.LiveKitAPI(server.url, server.api_key, server.api_secret) as client:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(RATE * seconds):
                await asyncio.sleep(max(started + number / RATE - time.perf_counter(), 0.0))
                request = api.CreateRoomRequest(name=f"ornina-{number}")
                group.create_task(client.room.create_room(request))
                # Rooms end as they began: six thousand that live would measure how long the server collects garbage.
                if number >= RATE * LIFETIME:
                    gone = api.DeleteRoomRequest(room=f"ornina-{number - RATE * LIFETIME}")
                    group.create_task(client.room.delete_room(gone))
    gc.enable()
    await asyncio.sleep(3.0)


# ---------------------------------------------------------------------------------------------------------------------
# A look at all rooms
# ---------------------------------------------------------------------------------------------------------------------


def _resync(rooms: int, runs: int) -> Figure:
    ours, bare = [], []
    # Without webhooks: those of all these rooms would still be under way, and be worked on meanwhile.
    with LiveKitServer() as server:
        port = free_port()
        asyncio.run(_fill(server, rooms))
        for _ in range(runs + 1):
            bare.append(_looked(server))
            ours.append(_resynced(server, port, rooms))
    return Figure(
        f"resync of {rooms:,} rooms", "s", Spread.of(ours[1:]), Spread.of(bare[1:]), promise=1.5
    )


async def _fill(server: LiveKitServer, rooms: int) -> None:
    async with (
        api.LiveKitAPI(server.url, server.api_key, server.api_secret) as client,
        asyncio.TaskGroup() as group,
    ):
        slots = asyncio.Semaphore(32)

        async def create(number: int) -> None:
            agents = [api.RoomAgentDispatch(agent_name=AGENT)]
            name = f"ornina-{number}"
            request = api.CreateRoomRequest(name=name, empty_timeout=7200, agents=agents)
            async with slots:
                await client.room.create_room(request)

        for number in range(rooms):
            group.create_task(create(number))


def _looked(server: LiveKitServer) -> float:
    command = [sys.executable, str(_HERE / "bare_resync.py")]
    ran = subprocess.run(
        command, env=_environment(server), capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise CommandFailed(f"bare_resync.py: exit {ran.returncode}\n{ran.stderr[-2000:]}")
    return float(ran.stdout)


def _resynced(server: LiveKitServer, port: int, rooms: int) -> float:
    """The first look of a fresh process: it knows nothing yet, and reads every room."""
    with _project() as folder, _started([_RECONCILE, "serve", "--port", str(port)], server, folder):
        _wait(port, "/readyz")
        metrics = _get(port, "/metrics")
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    if float(values['reconcile_rooms{verdict="ok"}']) != rooms:
        raise CommandFailed("the resync did not find all rooms as they should be")
    return float(values["reconcile_resync_seconds"])


# ---------------------------------------------------------------------------------------------------------------------
# Two processes
# ---------------------------------------------------------------------------------------------------------------------


def _shared(rooms: int, runs: int) -> Figure:
    one, two = [], []
    for _ in range(runs + 1):
        one.append(_worked_off(1, rooms))
        two.append(_worked_off(2, rooms))
    return Figure(
        f"two processes on Redis, {rooms:,} rooms",
        "/s",
        Spread.of(two[1:]),
        Spread.of(one[1:]),
        promise=1.8,
        more_is_better=True,
    )


def _worked_off(processes: int, rooms: int) -> float:
    """Rooms a second: all events are in Redis before the first one is taken."""
    with _project() as folder, LiveKitServer() as server:
        stub = free_port()
        endpoint = _environment(server) | {"LIVEKIT_URL": f"http://127.0.0.1:{stub}"}
        with process([sys.executable, _HERE / "stub_api.py", str(stub)], endpoint, folder):
            _wait(stub, "/count")
            ports = [free_port() for _ in range(processes)]
            with ExitStack() as stack:
                for port in ports:
                    stack.enter_context(process(_sharing(server, port), endpoint, folder))
                for port in ports:
                    _wait(port, "/readyz")
                started = time.perf_counter()
                asyncio.run(_enqueue(server, rooms))
                while int(_get(stub, "/count")) < rooms:
                    time.sleep(0.01)
                return rooms / (time.perf_counter() - started)


def _sharing(server: LiveKitServer, port: int) -> list[str | Path]:
    return [
        *(_RECONCILE, "serve", "--port", str(port), "--queue", server.redis_url),
        *("--concurrency", str(SHARED_CONCURRENCY), "--resync", "1h"),
        *("--journal", f"sqlite:///journal-{port}.db"),
    ]


async def _enqueue(server: LiveKitServer, rooms: int) -> None:
    from redis.asyncio import Redis

    from reconciler.controller.events import Event, Occurrence, pack

    redis = Redis.from_url(server.redis_url)
    pipeline = redis.pipeline(transaction=False)
    now = time.time()
    for number in range(rooms):
        event = Event(Occurrence.STARTED, f"ornina-{number}", f"RM_{number}", now, now, now)
        pipeline.xadd(f"reconcile:{{bench:{server.api_key}}}:events", {"event": pack(event)})
    await pipeline.execute()
    await redis.aclose()


# ---------------------------------------------------------------------------------------------------------------------
# Processes
# ---------------------------------------------------------------------------------------------------------------------


@contextmanager
def _project() -> Iterator[Path]:
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        (folder / "config").mkdir()
        (folder / "config" / "dispatch.yaml").write_text(_FILE)
        yield folder


@contextmanager
def _server() -> Iterator[tuple[LiveKitServer, int]]:
    """A real server, and the port that its webhooks go to."""
    port = free_port()
    with LiveKitServer(webhook_urls=[f"http://127.0.0.1:{port}/webhook"]) as server:
        yield server, port


def _environment(server: LiveKitServer) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RECONCILE_", "LIVEKIT_"))}
    return kept | {
        "LIVEKIT_URL": server.url,
        "LIVEKIT_API_KEY": server.api_key,
        "LIVEKIT_API_SECRET": server.api_secret,
    }


@contextmanager
def _started(command: list[str | Path], server: LiveKitServer, folder: Path) -> Iterator[None]:
    with process(command, _environment(server), folder):
        yield


@contextmanager
def process(
    command: list[str | Path], environment: Mapping[str, str], folder: Path
) -> Iterator[None]:
    """Runs it for as long as the block lasts, and lets it end in peace."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait(port: int, path: str) -> None:
    """Until a page is there."""
    deadline = time.monotonic() + 120.0
    while True:
        with contextlib.suppress(OSError):
            _get(port, path)
            return
        if time.monotonic() > deadline:
            raise CommandFailed(f"nobody answers on port {port}")
        time.sleep(0.05)


def _get(port: int, path: str) -> str:
    url = f"http://127.0.0.1:{port}{path}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text
