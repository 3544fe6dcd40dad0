"""Threads whose answers are awaited one by one, and that nobody waits for once they are of no use.

A command that is interrupted, or finds out that its file is wrong, must not hang until a slow server has answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def background(workers: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads that is left behind at the end: what was not awaited by then is not wanted."""
    pool = ThreadPoolExecutor(max(workers, 1), thread_name_prefix=name)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
