"""One agent, whatever comes twice: events, replicas, answers that are lost, processes that are killed in a write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.controller.events import Event, Occurrence
from reconciler.core.values import AgentDispatch
from reconciler.journal.entries import Step
from tests.controller.fronts import ENVIRON
from tests.controller.replicas import Replica, replica
from tests.support.parties import parties

PARTY = "tests.controller.party"

if TYPE_CHECKING:
    from reconciler.emulator import Emulator

SECONDS = 3.0


@pytest.fixture
def environ(livekit_emulator: Emulator) -> Mapping[str, str]:
    """How to reach a LiveKit in which somebody waits in one room."""
    livekit_emulator.join("call-1", "caller")
    return {
        **ENVIRON,
        "LIVEKIT_URL": livekit_emulator.url,
        "LIVEKIT_API_KEY": livekit_emulator.api_key,
        "LIVEKIT_API_SECRET": livekit_emulator.api_secret,
    }


@pytest.fixture
async def two(
    environ: Mapping[str, str], place: str, tmp_path: Path
) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two replicas that share nothing but their leases."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(replica(tmp_path / "1", place, environ, SECONDS))
        other = await stack.enter_async_context(replica(tmp_path / "2", place, environ, SECONDS))
        yield one, other


def made(emulator: Emulator) -> int:
    """How many dispatches were asked for by anybody."""
    return emulator.count("CreateDispatch")


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that another thread or task brings about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # a thread brings it about
            await asyncio.sleep(0.02)


async def test_two_replicas_hear_it_many_times(
    livekit_emulator: Emulator, two: tuple[Replica, Replica]
) -> None:
    """LiveKit sends one webhook to both, and again: one of them dispatches, once."""
    before = await two[0].dispatches("call-1")
    event = await two[0].started("call-1")
    for _ in range(5):
        await asyncio.gather(*(one.tools.queue.put(event) for one in two))
    await until(lambda: made(livekit_emulator) > 0)
    await asyncio.sleep(1.5)
    assert made(livekit_emulator) == 1
    assert len(await two[0].dispatches("call-1")) == len(before) + 1


async def test_many_rooms_and_two_replicas(
    livekit_emulator: Emulator, two: tuple[Replica, Replica]
) -> None:
    """Each room gets its agent once, whoever is faster."""
    names = [f"call-{number}" for number in range(100, 130)]
    for name in names:
        livekit_emulator.join(name, "caller")
        event = await two[0].started(name)
        await asyncio.gather(*(one.tools.queue.put(event) for one in two))
    await until(lambda: made(livekit_emulator) >= len(names))
    await asyncio.sleep(1.5)
    assert made(livekit_emulator) == len(names)


async def test_events_in_the_wrong_order(
    livekit_emulator: Emulator, environ: Mapping[str, str], tmp_path: Path
) -> None:
    """That the agent joined is heard before that the room came to be: nobody says then that it left."""
    place = f"sqlite:///{tmp_path / 'journal.db'}"
    async with replica(tmp_path / "1", place, environ, SECONDS) as one:
        started = await one.started("call-1")
        made_at = await one.tools.client.dispatch("call-1", AgentDispatch("a"))
        agent = livekit_emulator.take_job("call-1", made_at.id)
        joined = Event(
            Occurrence.AGENT_JOINED,
            "call-1",
            started.session,
            started.at + 1,
            identity=agent.identity,
            agent_name="a",
        )
        await one.tools.queue.put(joined)
        await one.tools.queue.put(started)
        await asyncio.sleep(1.0)
        steps = [entry.step for entry in one.journal.history("call-1")]
        assert Step.JOINED in steps
        assert Step.LEFT not in steps
        assert made(livekit_emulator) == 1


async def test_an_answer_that_is_lost(
    livekit_emulator: Emulator, two: tuple[Replica, Replica]
) -> None:
    """The dispatch was made and nobody knows: nobody decides before the lease has run out, and then the list tells."""
    before = len(await two[0].dispatches("call-1"))
    livekit_emulator.faults.lose_answer("CreateDispatch")
    event = await two[0].started("call-1")
    await two[0].tools.queue.put(event)
    await until(lambda: made(livekit_emulator) == 1)
    await asyncio.sleep(0.1)
    await two[1].tools.queue.put(event)
    await asyncio.sleep(SECONDS + 1.5)
    assert made(livekit_emulator) == 1
    assert len(await two[0].dispatches("call-1")) == before + 1
    assert Step.ANSWER_LOST in {entry.step for entry in two[0].journal.history("call-1")}


async def test_a_request_that_is_lost(
    livekit_emulator: Emulator, two: tuple[Replica, Replica]
) -> None:
    """It had no effect, which nobody knows: it is made once more after the lease has run out, and not before."""
    livekit_emulator.faults.lose_request("CreateDispatch")
    event = await two[0].started("call-1")
    await two[0].tools.queue.put(event)
    await asyncio.sleep(0.5)
    await two[1].tools.queue.put(event)
    await asyncio.sleep(SECONDS / 2)
    before = made(livekit_emulator)
    await until(lambda: made(livekit_emulator) == before + 1)
    await asyncio.sleep(1.0)
    assert made(livekit_emulator) == before + 1


async def test_a_process_that_ends_in_a_write(
    livekit_emulator: Emulator, environ: Mapping[str, str], place: str, tmp_path: Path
) -> None:
    """It is asked to stop while its call is under way: the lease runs out, and whoever follows finds the dispatch."""
    async with replica(tmp_path / "heir", place, environ, SECONDS) as heir:
        before = len(await heir.dispatches("call-1"))
        livekit_emulator.faults.delay("CreateDispatch", SECONDS / 2)
        async with replica(tmp_path / "ends", place, environ, SECONDS) as ends:
            await ends.tools.queue.put(await ends.started("call-1"))
            await until(lambda: livekit_emulator.faults.pending == 0)
        await heir.tools.queue.put(await heir.started("call-1"))
        await asyncio.sleep(SECONDS + 2.0)
        assert len(await heir.dispatches("call-1")) == before + 1


@pytest.mark.slow
async def test_a_process_that_is_killed_in_a_write(
    livekit_emulator: Emulator, environ: Mapping[str, str], place: str, tmp_path: Path
) -> None:
    """Its call arrives after its death: whoever follows waits for the lease to run out, and finds the dispatch."""
    async with replica(tmp_path / "heir", place, environ, SECONDS) as heir:
        before = len(await heir.dispatches("call-1"))
        livekit_emulator.faults.delay("CreateDispatch", SECONDS / 2)
        with parties(
            PARTY,
            (place, "tend", str(tmp_path / "dead"), livekit_emulator.url, "call-1", str(SECONDS)),
        ) as (party,):
            party.go()
            await until(lambda: livekit_emulator.faults.pending == 0)
            await asyncio.to_thread(party.kill)
        event = await heir.started("call-1")
        await heir.tools.queue.put(event)
        await asyncio.sleep(SECONDS + 2.0)
        assert len(await heir.dispatches("call-1")) == before + 1
