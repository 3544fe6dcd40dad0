"""Coroutines in commands: what an interrupt does to them, and how many run at a time."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.pipeline.event_loop import for_each, run


async def _interrupt_and_wait(number: signal.Signals, cleaned: list[str]) -> str:
    os.kill(os.getpid(), number)
    try:
        await asyncio.sleep(20)
    finally:
        await asyncio.sleep(0.01)
        cleaned.append("cleaned up")
    return "slept"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_and_waits_for_what_is_to_be_cleaned_up(
    number: signal.Signals,
) -> None:
    """`KeyboardInterrupt` comes after the last `finally`, and the handlers are as they were."""
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    cleaned: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run(_interrupt_and_wait(number, cleaned))
    assert cleaned == ["cleaned up"]
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_interrupt_may_be_a_call() -> None:
    """With `stop` the work ends in its own time, and its value is the result."""
    stopped = asyncio.Event()

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        await stopped.wait()
        return "ended in order"

    assert run(work(), stopped.set) == "ended in order"


def test_in_a_thread_it_is_just_run() -> None:
    """Signals belong to the main thread."""

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run, work()).result() == 7


async def test_many_at_a_time_and_no_more() -> None:
    """Every item once, `workers` at the same time."""
    running, most, done = 0, 0, []

    async def work(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        done.append(item)

    await for_each(range(50), work, 4)
    assert sorted(done) == list(range(50))
    assert most == 4


async def test_the_first_error_ends_all() -> None:
    """It is raised as it is, when nothing runs any more."""
    cleaned = []

    async def work(item: int) -> None:
        if item == 1:
            await asyncio.sleep(0.01)
            raise ValueError("one is bad")
        try:
            await asyncio.sleep(20)
        finally:
            cleaned.append(item)

    with pytest.raises(ValueError, match="one is bad"):
        await for_each(range(10), work, 3)
    assert sorted(cleaned) == [0, 2]
