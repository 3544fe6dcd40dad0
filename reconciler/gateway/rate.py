"""At most so many requests a minute, for hosts that refuse more: a few at once, then one after another.

Whoever is refused (429) has to wait longer than whoever waits by himself, and takes the room of other programs. A tenth
of the requests of a minute may go out at once, so that a plan is never slowed; the rest follow evenly. In no minute
are there more than were asked for. All clients of a process that talk to one host share one limit.

The hosted product takes a fixed number from each project, and each of its projects has a host of its own. Other servers
have no such limit, so by default there is none for them.
"""

from __future__ import annotations

import threading
import time

HOSTED = ".livekit.cloud"
HOSTED_LIMIT = 900
"""Requests a minute: the hosted product refuses those beyond 1,000, and the dashboard and applications need some."""
MINUTE = 60.0
_BURST_SHARE = 10


class RateLimit:
    """Turns for requests, `per_minute` of them; safe to share between threads."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._burst = max(per_minute // _BURST_SHARE, 1)
        self._interval = MINUTE / (per_minute - self._burst + 1)
        self._full_at = 0.0
        self._lock = threading.Lock()
        self._hurry = threading.Event()

    def take(self) -> float:
        """Waits for the next turn; returns the seconds that it took."""
        wait = self.reserve(time.monotonic())
        if wait <= 0.0:
            return 0.0
        started = time.monotonic()
        self._hurry.wait(wait)
        return time.monotonic() - started

    def reserve(self, now: float) -> float:
        """Takes the next turn, and tells how many seconds after `now` it is."""
        if self._hurry.is_set():
            return 0.0
        with self._lock:
            begin = max(self._full_at, now)
            self._full_at = begin + self._interval
            return max(begin - (self._burst - 1) * self._interval - now, 0.0)

    def hurry(self) -> None:
        """Ends all waiting, for good: somebody interrupted, and what has begun shall end."""
        self._hurry.set()

    def seconds_for(self, requests: int) -> float:
        """How long so many requests take at least, if nothing went out just before."""
        return max(requests - self._burst, 0) * self._interval


_limits: dict[tuple[str, int], RateLimit] = {}
_registering = threading.Lock()


def limit_of(host: str, asked: int | None = None) -> RateLimit | None:
    """The limit for a host, shared by all who ask. `asked`: so many a minute, 0 is no limit, None what is usual."""
    per_minute = _usual(host) if asked is None else asked
    if not per_minute:
        return None
    with _registering:
        return _limits.setdefault((host, per_minute), RateLimit(per_minute))


def _usual(host: str) -> int:
    return HOSTED_LIMIT if host.partition(":")[0].endswith(HOSTED) else 0
