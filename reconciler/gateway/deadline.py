"""How much time a call has left. Time in which it waits for its turn is not the server's, and does not count."""

from __future__ import annotations

import time


class Deadline:
    """The end of a call that may take so many seconds from now on."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then; negative once it is past."""
        return self._at - time.monotonic()

    def extend(self, seconds: float) -> None:
        """Puts it off."""
        self._at += seconds
