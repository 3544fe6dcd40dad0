"""Work that is split over the cores of a machine: copies of this process do a part each, and send back what they found.

Python runs one thread at a time, so what computes more than it waits is not faster for threads. A copy knows all that
this process knew, and costs a few milliseconds; only results are sent, so they have to be data.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


def cores() -> int:
    """How many parts can be worked on at the same time: 1 where a process cannot be copied safely.

    Only the thread that forks lives on in the copy, and locks that others held stay locked; outside Linux, libraries
    of the system do not bear it either.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return len(os.sched_getaffinity(0))


def over_cores(parts: Sequence[Part], work: Callable[[Part], Result]) -> list[Result]:
    """What `work` makes of each part, in order; the first is done here, each other one in a copy of this process.

    A part whose copy died, or failed, is done here as well: whatever is wrong with it shows as it would have without.
    """
    copies = [_Copy(work, part) for part in parts[1:]]
    try:
        return [*map(work, parts[:1]), *(copy.result() for copy in copies)]
    finally:
        for copy in copies:
            copy.end()


class _Copy(Generic[Part, Result]):
    """A copy of this process that does one part."""

    def __init__(self, work: Callable[[Part], Result], part: Part) -> None:
        self._work, self._part = work, part
        reading, writing = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            _do(work, part, writing)
        os.close(writing)
        self._answer = os.fdopen(reading, "rb")

    def result(self) -> Result:
        """The result, as soon as it is there."""
        try:
            found: Result = pickle.load(self._answer)  # noqa: S301  # from our own copy, over a pipe of our own
        except (EOFError, pickle.UnpicklingError):
            return self._work(self._part)
        return found

    def end(self) -> None:
        """Ends the copy, whether its result is there or not."""
        self._answer.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _do(work: Callable[[Part], Result], part: Part, writing: int) -> None:
    """All that a copy does. Nothing of it gets out but the result: no output, no handler of this process."""
    try:
        with os.fdopen(writing, "wb") as out:
            pickle.dump(work(part), out, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)
