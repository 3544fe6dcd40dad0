"""What the journal says of a room, where all that is known of it are events."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from reconciler.controller.events import Event, Occurrence
from reconciler.journal.entries import Entry, Step
from tests.controller.fronts import ENVIRON
from tests.controller.replicas import Replica, replica

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.emulator import Emulator

LINES = """
version: 1
project: {name: acme-voice}
agents:
  names:
    sales: {agent_name: sales-agent}
    support: {agent_name: support-agent}
  rooms:
    - prefix: call-
      dispatch: sip
      agents: [support]
      lines: {sales: {agents: [sales]}}
"""


async def story(emulator: Emulator, folder: Path, *names: str) -> list[Entry]:
    """The entries of a room into which a caller and these agents come, until it ends."""
    environ = {
        **ENVIRON,
        "LIVEKIT_URL": emulator.url,
        "LIVEKIT_API_SECRET": emulator.api_secret,
    }
    place = f"sqlite:///{folder / 'leases.db'}"
    async with replica(folder / "one", place, environ, 3.0, LINES) as one:
        await _put(one, Occurrence.STARTED)
        await _put(one, Occurrence.CALLER_JOINED)
        for name in names:
            await _put(one, Occurrence.AGENT_JOINED, name)
        await _put(one, Occurrence.FINISHED)
        async with asyncio.timeout(20):
            while Step.FINISHED not in [entry.step for entry in one.journal.history("call-1")]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return one.journal.history("call-1")


async def _put(one: Replica, occurrence: Occurrence, agent_name: str | None = None) -> None:
    now = time.time()
    identity = agent_name or "caller"
    event = Event(occurrence, "call-1", "RM_1", now, now, now, identity, agent_name)
    await one.tools.queue.put(event)


async def test_a_room_of_a_line_is_judged_by_its_line(
    livekit_emulator: Emulator, tmp_path: Path
) -> None:
    """The convention's own agents are not missed where those of a line came, which are no strangers either."""
    told = await story(livekit_emulator, tmp_path, "sales-agent")
    assert [one.step for one in told if one.failed] == []
    assert [one.agent for one in told if one.step is Step.JOINED] == ["sales-agent"]


async def test_a_stranger_is_one_in_a_room_of_a_line_too(
    livekit_emulator: Emulator, tmp_path: Path
) -> None:
    """An agent that neither the convention nor a line names."""
    told = await story(livekit_emulator, tmp_path, "support-agent", "billing-agent")
    assert [one.agent for one in told if one.step is Step.ALERT] == ["billing-agent"]


async def test_who_never_came_is_told(livekit_emulator: Emulator, tmp_path: Path) -> None:
    """Somebody waited, and nobody came."""
    told = await story(livekit_emulator, tmp_path)
    assert [one.step for one in told if one.failed] == [Step.NOBODY_CAME]
