"""A controller without its HTTP side: it works on events, with leases that it shares with others, in any LiveKit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.controller.alerts import Alerts
from reconciler.controller.board import Board
from reconciler.controller.events import Event, Occurrence
from reconciler.controller.following import Follower
from reconciler.controller.leases import Leases
from reconciler.controller.metrics import Metrics
from reconciler.controller.queue import LocalQueue
from reconciler.controller.record import Recorder
from reconciler.controller.rules import RulesInForce
from reconciler.controller.tending import Tender, Tools
from reconciler.gateway.rooms import RoomsClient
from reconciler.journal.database import Journal, open_journal
from tests.controller.fronts import FILE
from tests.controller.stores import store_at


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of several."""

    tools: Tools
    journal: Journal

    async def started(self, name: str) -> Event:
        """The event that tells that a room came to be."""
        (room,) = await self.tools.client.rooms([name])
        return Event(
            Occurrence.STARTED, name, room.session, room.created_at, room_created_at=room.created_at
        )

    async def dispatches(self, name: str) -> list[str]:
        """The ids of the dispatches in a room."""
        return [one.id for one in await self.tools.client.dispatches(name) or ()]

    async def work(self, tender: Tender) -> None:
        """Works on events for ever."""
        follower = Follower(self.tools, tender)
        while True:
            ticket = await self.tools.queue.take()
            await follower.follow(ticket.event)


@asynccontextmanager
async def replica(
    folder: Path, place: str, environ: Mapping[str, str], seconds: float, file: str = FILE
) -> AsyncIterator[Replica]:
    """A replica that works on what stands in its queue; its leases last so many seconds."""
    rules = _rules(folder, environ, file)
    journal = open_journal(f"sqlite:///{folder / 'own.db'}")
    metrics = Metrics()
    timeout = seconds / 2
    async with (
        store_at(place) as store,
        Recorder(journal, rules.now.identity, print) as recorder,
        RoomsClient(rules.now.endpoint, timeout=timeout) as client,
    ):
        tools = Tools(
            client,
            rules,
            Leases(store, seconds),
            LocalQueue(),
            recorder,
            Board(),
            metrics,
            Alerts(metrics),
        )
        made = Replica(tools, journal)
        task = asyncio.create_task(made.work(Tender(tools)))
        yield made
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    journal.close()


def _rules(folder: Path, environ: Mapping[str, str], file: str) -> RulesInForce:
    folder.mkdir(exist_ok=True)
    (folder / "dispatch.yaml").write_text(file)
    return RulesInForce((folder / "dispatch.yaml",), environ)
