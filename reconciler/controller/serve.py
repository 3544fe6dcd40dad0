"""Starts and stops the controller: everything that runs, in one event loop.

On SIGTERM or SIGINT no more webhooks are taken, what is being worked on is finished, and the journal is written. What
waits in the process is found again by the next one's first resync; what waits in Redis is left to others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from reconciler.controller.alerts import Alerts
from reconciler.controller.board import Board
from reconciler.controller.following import Follower
from reconciler.controller.http import Front, Readiness
from reconciler.controller.leases import LEASE_SECONDS, JournalStore, Leases, Store
from reconciler.controller.metrics import Metrics
from reconciler.controller.page import Page
from reconciler.controller.queue import LocalQueue, Queue, Ticket
from reconciler.controller.record import Recorder
from reconciler.controller.resync import Resync
from reconciler.controller.rules import RulesInForce
from reconciler.controller.tending import Tender, Tools
from reconciler.errors import QueueError, ReconcileError
from reconciler.gateway.rooms import RoomsClient
from reconciler.journal.database import Journal, open_journal

log = logging.getLogger("reconciler.serve")

# How long work that has begun may take to end once the process was asked to stop.
DRAIN = 15.0
_WATCH = 1.0
_FORGET_EVERY = 3600.0
# A queue or a journal that fails is asked again after so many seconds.
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What `serve` was asked. Times are in seconds; `port` 0 takes a free one."""

    paths: tuple[Path, ...]
    environ: Mapping[str, str] = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    resync: float = 30.0
    journal: str = "sqlite:///reconcile-journal.db"
    queue: str | None = None
    retention: float = 30 * 86_400.0
    timeout: float = 8.0
    concurrency: int = 64
    max_tries: int = 5
    overlays: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Running:
    """What runs, and who is told to stop."""

    tools: Tools
    tender: Tender
    readiness: Readiness
    journal: Journal
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    wake_resync: asyncio.Event = field(default_factory=asyncio.Event)


async def serve(settings: Settings, ready: Callable[[str], None] | None = None) -> None:
    """Runs until SIGTERM or SIGINT; `ready` is called with the URL once it listens.

    Raises `ReconcileError` where it cannot start.
    """
    async with AsyncExitStack() as stack:
        running = await _assemble(settings, stack)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, running.stop.set)
            stack.callback(loop.remove_signal_handler, name)
        await _run(settings, running, ready)


async def _assemble(settings: Settings, stack: AsyncExitStack) -> _Running:
    rules = RulesInForce(settings.paths, settings.environ, settings.overlays)
    readiness = Readiness(configuration=True)
    metrics = Metrics()
    alerts = Alerts(metrics)
    journal = await asyncio.to_thread(open_journal, settings.journal)
    stack.callback(journal.close)

    def journal_failed(reason: str) -> None:
        readiness.journal = False
        metrics.errors.labels("journal").inc()
        alerts.wrong("journal", reason)

    def journal_works() -> None:
        readiness.journal = True
        alerts.right("journal")

    recorder = Recorder(journal, rules.now.identity, journal_failed, journal_works)
    queue, store = await stack.enter_async_context(_shared(settings, rules, journal, recorder))
    await stack.enter_async_context(recorder)
    client = await stack.enter_async_context(
        RoomsClient(rules.now.endpoint, timeout=settings.timeout, concurrency=settings.concurrency)
    )
    readiness.journal = True
    tools = Tools(
        client,
        rules,
        Leases(store, _lease_seconds(settings)),
        queue,
        recorder,
        Board(),
        metrics,
        alerts,
        settings.max_tries,
        is_alone=settings.queue is None and _is_file(settings.journal),
    )
    return _Running(tools, Tender(tools), readiness, journal)


def _lease_seconds(settings: Settings) -> float:
    """A lease outlasts any call that is made under it."""
    return max(LEASE_SECONDS, settings.timeout + 4.0)


def _is_file(journal: str) -> bool:
    return journal.startswith("sqlite")


@asynccontextmanager
async def _shared(
    settings: Settings, rules: RulesInForce, journal: Journal, recorder: Recorder
) -> AsyncIterator[tuple[Queue, Store]]:
    """Where events wait and leases are kept: in this process and its journal, or in Redis."""
    if settings.queue is None:
        # A file has one writer at a time. A server has many, and leases do not wait there for entries to be written.
        is_file = _is_file(settings.journal)
        run = recorder.run if is_file else asyncio.to_thread
        yield (
            LocalQueue(),
            JournalStore(journal, run, is_alone=is_file, on_failure=recorder.on_failure),
        )
        return
    from reconciler.controller.redis import RedisQueue
    from reconciler.controller.redis_leases import RedisStore
    from reconciler.controller.redis_ties import RedisTies

    ties = RedisTies(settings.queue, rules.now.identity)
    queue = RedisQueue(ties, claim_after=_lease_seconds(settings) + 3.0)
    try:
        await queue.open()
        yield queue, RedisStore(ties)
        await queue.close()
    finally:
        await ties.close()


async def _run(settings: Settings, running: _Running, ready: Callable[[str], None] | None) -> None:
    tools = running.tools
    page = Page(tools.rules, tools.board, tools.alerts, running.journal)
    front = Front(tools.rules, tools.queue, tools.board, tools.metrics, page, running.readiness)
    runner = web.AppRunner(front.application(), access_log=None, handle_signals=False)
    await runner.setup()
    work = _Work(running, settings.concurrency)
    background: list[asyncio.Task[None]] = []
    try:
        site = web.TCPSite(runner, settings.host, settings.port, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            raise ReconcileError(
                f"cannot listen on {settings.host} port {settings.port}: {os.strerror(error.errno or 0).lower()}: "
                "choose another --host or --port"
            ) from error
        if ready is not None:
            ready(_url(runner))
        background = [
            asyncio.create_task(work.run(), name="work"),
            asyncio.create_task(_resync(settings, running), name="resync"),
            asyncio.create_task(_watch(running), name="watch"),
            asyncio.create_task(_forget(settings, running), name="retention"),
        ]
        await _until_stopped(running, background)
    finally:
        running.readiness.stopping = True
        if background:
            log.info("stopping: what is being worked on is finished")
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await work.drain(DRAIN)
        await runner.cleanup()


async def _until_stopped(running: _Running, background: list[asyncio.Task[None]]) -> None:
    """Ends when asked to, or with the error of whatever was not to end."""
    stop = asyncio.create_task(running.stop.wait(), name="stop")
    try:
        ended, _ = await asyncio.wait((stop, *background), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
    for task in ended:
        if task is not stop:
            task.result()


def _url(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Work:
    """Takes events from the queue and works on many at a time."""

    def __init__(self, running: _Running, at_once: int) -> None:
        self._running = running
        self._follower = Follower(running.tools, running.tender)
        self._slots = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """For ever. A queue that fails is an alert, and asked again."""
        tools = self._running.tools
        while True:
            await self._slots.acquire()
            try:
                ticket = await tools.queue.take()
            except QueueError as error:
                self._slots.release()
                tools.metrics.errors.labels("queue").inc()
                tools.alerts.wrong("queue", str(error))
                self._running.readiness.queue = False
                await asyncio.sleep(_PAUSE)
                continue
            except asyncio.CancelledError:
                self._slots.release()
                raise
            tools.alerts.right("queue")
            self._running.readiness.queue = True
            task = asyncio.create_task(self._follow(ticket))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _follow(self, ticket: Ticket) -> None:
        tools = self._running.tools
        try:
            if ticket.event.session:
                await self._follower.follow(ticket.event)
            await tools.queue.done(ticket)
        except ReconcileError as error:
            # The journal or the queue fails: the event is put back. Where that fails as well, Redis has it pending.
            tools.metrics.errors.labels("event").inc()
            tools.alerts.wrong("events", str(error))
            try:
                await tools.queue.put_again(ticket.event, time.time() + _PAUSE)
                await tools.queue.done(ticket)
            except ReconcileError:
                tools.queue.drop(ticket)
        except Exception as error:  # noqa: BLE001 - one event must not be the end of all others
            tools.alerts.unforeseen(
                f"event {ticket.event.occurrence} of room {ticket.event.room}", error
            )
            try:
                await tools.queue.done(ticket)
            except ReconcileError:
                tools.queue.drop(ticket)
        else:
            tools.alerts.right("events")
        finally:
            self._slots.release()

    async def drain(self, seconds: float) -> None:
        """Waits for what is being worked on."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


async def _resync(settings: Settings, running: _Running) -> None:
    resync = Resync(running.tools, running.tender)
    while True:
        running.wake_resync.clear()
        await _tried(running, "resync", lambda: resync.run(settings.resync))
        if not running.tools.alerts.standing.get("resync"):
            running.readiness.first_resync = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.wake_resync.wait(), settings.resync)


async def _tried(running: _Running, what: str, function: Callable[[], Awaitable[object]]) -> None:
    """Calls a function; what fails is an alert until it works again."""
    tools = running.tools
    try:
        await function()
    except ReconcileError as error:
        tools.metrics.errors.labels(what).inc()
        tools.alerts.wrong(what, str(error))
    else:
        tools.alerts.right(what)


async def _watch(running: _Running) -> None:
    tools = running.tools

    async def changed() -> None:
        tools.alerts.right("configuration")
        log.warning("the configuration changed: it is in force now")
        tools.board.unsettle_all()
        running.wake_resync.set()

    def broken(reason: str) -> None:
        tools.alerts.wrong("configuration", f"the changed file is not used: {reason}")

    await tools.rules.watch(_WATCH, changed, broken)


async def _forget(settings: Settings, running: _Running) -> None:
    """Takes old entries out of the journal."""

    async def once() -> None:
        before = time.time() - settings.retention
        await asyncio.to_thread(running.journal.forget, before)

    while True:
        await _tried(running, "retention", once)
        await asyncio.sleep(_FORGET_EVERY)
