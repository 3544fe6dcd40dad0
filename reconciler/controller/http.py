"""What others reach over HTTP: webhooks in; health, metrics and the status page out.

A webhook is checked before anything in it is read, and answered as soon as its event is in the queue: what follows
from it is nobody's to wait for. Body size and rate are bounded.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from reconciler.controller.board import Board
from reconciler.controller.events import event_of
from reconciler.controller.metrics import Metrics
from reconciler.controller.page import Page
from reconciler.controller.queue import Queue, QueueFull
from reconciler.controller.rules import RulesInForce
from reconciler.errors import JournalError, QueueError
from reconciler.gateway.webhook import WebhookRefused, check_sender, read_body

log = logging.getLogger("reconciler.serve")

# A room's metadata has at most 64 kB, and a participant's attributes as much again.
LARGEST_BODY = 512 * 1024
# Webhooks a second; LiveKit sends one that was refused again.
FASTEST = 2_000.0
# Seconds for a body to come: a webhook is sent at once.
SLOWEST = 10.0
_TELL_EVERY = 10.0
# The page needs nothing but itself.
_SECURE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Bucket:
    """Lets so many through a second, and a second's worth at once."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._left = rate
        self._at = clock()

    def take(self) -> bool:
        """Whether one more may pass."""
        now = self._clock()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


@dataclass(slots=True)
class Readiness:
    """What must be there before this process counts as ready."""

    configuration: bool = False
    journal: bool = False
    first_resync: bool = False
    stopping: bool = False
    queue: bool = True

    @property
    def missing(self) -> list[str]:
        """What is not there yet."""
        if self.stopping:
            return ["stopping"]
        names = {
            "configuration": self.configuration,
            "journal": self.journal,
            "queue": self.queue,
            "first resync": self.first_resync,
        }
        return [name for name, is_there in names.items() if not is_there]


class Front:
    """The HTTP side of one process."""

    def __init__(
        self,
        rules: RulesInForce,
        queue: Queue,
        board: Board,
        metrics: Metrics,
        page: Page,
        readiness: Readiness,
        *,
        rate: float = FASTEST,
        patience: float = SLOWEST,
    ) -> None:
        self._rules = rules
        self._queue = queue
        self._board = board
        self._metrics = metrics
        self._page = page
        self._readiness = readiness
        self._bucket = Bucket(rate)
        self._patience = patience
        self._told_at: dict[str, float] = {}

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_post("/webhook", self._webhook)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics_page)
        application.router.add_get("/", self._status)
        return application

    async def _webhook(self, request: web.Request) -> web.Response:
        status, result = await self._accept(request)
        self._metrics.webhooks.labels(result).inc()
        return web.json_response({"result": result}, status=status)

    async def _accept(self, request: web.Request) -> tuple[int, str]:
        if self._readiness.stopping:
            return 503, "stopping"
        try:
            # Strangers use up nothing that senders need: neither the rate nor the time for a body.
            digest = check_sender(
                self._rules.now.endpoint, request.headers.get("Authorization", ""), time.time()
            )
            if not self._bucket.take():
                return 429, "too_fast"
            async with asyncio.timeout(self._patience):
                body = await request.read()
            now = time.time()
            webhook = read_body(digest, body, now)
        except WebhookRefused as refused:
            self._refused(refused)
            return refused.status, refused.reason
        except TimeoutError:
            return 408, "too_slow"
        except web.HTTPRequestEntityTooLarge:
            return 413, "too_large"
        except (web.RequestPayloadError, OSError):
            return 400, "broken_off"
        event = event_of(webhook, now)
        if event is None:
            return 200, "ignored"
        try:
            # One that LiveKit sends again because it did not hear the answer is no error, and has no effect.
            is_new = await self._queue.put(event, webhook.id)
        except (QueueFull, QueueError) as error:
            log.warning("webhook not taken: %s", str(error) or "the queue is full")
            return 503, "not_taken"
        return 200, "taken" if is_new else "repeated"

    def _refused(self, refused: WebhookRefused) -> None:
        """Tells why, but not a thousand times a second: anybody can send what is refused."""
        now = time.monotonic()
        if now - self._told_at.get(refused.reason, -_TELL_EVERY) >= _TELL_EVERY:
            self._told_at[refused.reason] = now
            log.warning("webhook refused: %s", refused)

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, request: web.Request) -> web.Response:
        missing = self._readiness.missing
        if missing:
            return web.Response(status=503, text=f"not ready: {', '.join(missing)}\n")
        return web.Response(text="ready\n")

    async def _metrics_page(self, request: web.Request) -> web.Response:
        for verdict, count in self._board.counts().items():
            self._metrics.rooms.labels(verdict.value).set(count)
        self._metrics.config_current.set(self._rules.is_current)
        try:
            backlog = await self._queue.backlog()
        except QueueError:
            self._metrics.errors.labels("queue").inc()
        else:
            self._metrics.backlog.set(backlog.count)
            self._metrics.lag.set(backlog.oldest)
        return web.Response(
            body=self._metrics.text(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    async def _status(self, request: web.Request) -> web.Response:
        try:
            text = await self._page.html(
                request.query.get("room", "").strip(), is_still="still" in request.query
            )
        except JournalError as error:
            text = self._page.broken(str(error))
        return web.Response(text=text, content_type="text/html", headers=_SECURE)
