"""The HTTP side of a controller on a free port, with a queue, a board and a journal that tests can look into."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from aiohttp import web

from reconciler.controller.alerts import Alerts
from reconciler.controller.board import Board
from reconciler.controller.http import SLOWEST, Front, Readiness
from reconciler.controller.metrics import Metrics
from reconciler.controller.page import Page
from reconciler.controller.queue import LocalQueue, Queue
from reconciler.controller.rules import RulesInForce
from reconciler.journal.database import Journal, open_journal

KEY, SECRET = "devkey", "canary-secret-of-32-characters-or-more"
ENVIRON = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": KEY,
    "LIVEKIT_API_SECRET": SECRET,
}
IDENTITY = f"acme-voice:{KEY}"
FILE = """
version: 1
project: {name: acme-voice}
agents:
  names:
    a: {agent_name: a}
  rooms:
    - {prefix: call-, agents: [a], dispatch: controller}
"""


@dataclass(frozen=True, slots=True)
class Served:
    """What is behind the port."""

    url: str
    port: int
    http: aiohttp.ClientSession
    queue: Queue
    board: Board
    metrics: Metrics
    alerts: Alerts
    journal: Journal
    readiness: Readiness
    page: Page

    async def send(self, content: Any, **options: Any) -> tuple[int, str]:
        """Sends a webhook as LiveKit would; returns the status and the result."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"Authorization": signed(body), "Content-Type": "application/webhook+json"}
        async with self.http.post(f"{self.url}/webhook", data=body, headers=headers) as answer:
            return answer.status, (await answer.json())["result"]

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page."""
        async with self.http.get(self.url + path) as answer:
            return answer.status, await answer.text()


def signed(body: bytes) -> str:
    """The token for a body."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    now = time.time()
    claims = {"iss": KEY, "exp": now + 300, "nbf": now, "sha256": digest}
    return jwt.encode(claims, SECRET, "HS256")


def room_started(name: str, identifier: str = "") -> dict[str, Any]:
    """A webhook as LiveKit writes it."""
    now = int(time.time())
    room = {"sid": f"RM_{name}", "name": name, "creationTime": str(now), "turnPassword": "canary"}
    return {"event": "room_started", "id": identifier, "createdAt": str(now), "room": room}


@asynccontextmanager
async def front(
    folder: Path,
    queue: Queue | None = None,
    *,
    rate: float = 2000.0,
    patience: float = SLOWEST,
) -> AsyncIterator[Served]:
    """A front that listens on loopback."""
    (folder / "dispatch.yaml").write_text(FILE)
    rules = RulesInForce((folder / "dispatch.yaml",), ENVIRON)
    journal = open_journal(f"sqlite:///{folder / 'journal.db'}")
    metrics, board, readiness = Metrics(), Board(), Readiness(True, True, True)
    alerts = Alerts(metrics)
    page = Page(rules, board, alerts, journal)
    chosen = queue or LocalQueue()
    made = Front(rules, chosen, board, metrics, page, readiness, rate=rate, patience=patience)
    runner = web.AppRunner(made.application(), access_log=None, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as session:
            yield Served(
                url, port, session, chosen, board, metrics, alerts, journal, readiness, page
            )
    finally:
        await runner.cleanup()
        journal.close()
