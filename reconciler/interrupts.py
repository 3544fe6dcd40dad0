"""Interrupts while something is under way that must not be left in the middle.

Python raises `KeyboardInterrupt` at whatever line it happens to be: in the middle of starting a thread, whose work then
nobody waits for, or in a place that swallows it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def noticed(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` at the first interrupt instead of raising. A second one raises: somebody does not want to wait.

    Signals are the main thread's: in another one this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_told = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal is_told
        if is_told:
            raise KeyboardInterrupt
        is_told = True
        stop()

    former = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
