"""Coroutines in commands that otherwise know none: run one until somebody interrupts it, and many at a time.

An interrupt (Ctrl-C, or SIGTERM from a pipeline that is cancelled) must not go off in the middle of the event loop: it
becomes a call, which ends the work in an orderly way.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
Item = TypeVar("Item")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(work: Coroutine[Any, Any, T], stop: Callable[[], None] | None = None) -> T:
    """Runs a coroutine to its end.

    An interrupt calls `stop`, and the coroutine ends in its own time. Without `stop` it is cancelled, cleans up, and
    `KeyboardInterrupt` is raised. In a thread interrupts are the business of whoever waits for it.
    """
    try:
        return asyncio.run(_interruptible(work, stop))
    except _Interrupted:
        raise KeyboardInterrupt from None


class _Interrupted(Exception):
    """The work was cancelled by an interrupt, and has ended."""


async def _interruptible(work: Coroutine[Any, Any, T], stop: Callable[[], None] | None) -> T:
    task = asyncio.ensure_future(work)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if stop is not None:
            stop()
        elif not interrupted:
            # Once: a second one would cut off the cleaning up.
            interrupted = True
            task.cancel()

    with _signals_call(interrupt):
        try:
            return await task
        except asyncio.CancelledError:
            if interrupted:
                raise _Interrupted from None
            raise


@contextmanager
def _signals_call(interrupt: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


async def for_each(
    items: Iterable[Item], work: Callable[[Item], Awaitable[None]], workers: int
) -> None:
    """Calls `work` for every item, `workers` at a time. The first error ends all of it and is raised as it is."""
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    tasks = [asyncio.create_task(worker()) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        # Their errors are looked at, and what they have to clean up is done before anybody goes on.
        await asyncio.gather(*tasks, return_exceptions=True)
