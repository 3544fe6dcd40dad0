"""What the clients of several projects share where they talk to the same server: connections, and what was found out.

A connection is opened once and used by one project after another. How old a server is has one answer for all of its
projects, so one of them asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.gateway.connections import connections_to
from reconciler.sip.era import Era

if TYPE_CHECKING:
    import urllib3

    from reconciler.gateway.endpoint import Endpoint


class Neighbours:
    """Projects that are looked at together, `most` of them at a time; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}
        self._eras: dict[str, Era] = {}
        self._asking: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def connections(self, endpoint: Endpoint) -> urllib3.HTTPConnectionPool:
        """The connections to an endpoint's server, enough for all who share them."""
        with self._lock:
            pool = self._pools.get(endpoint.url)
            if pool is None:
                pool = self._pools[endpoint.url] = connections_to(endpoint, self._most)
            return pool

    def era(self, endpoint: Endpoint, ask: Callable[[], Era | None]) -> Era | None:
        """The era of an endpoint's server: what is known, or what one who asks finds out while the others wait."""
        with self._lock:
            asking = self._asking.setdefault(endpoint.url, threading.Lock())
        with asking:
            known = self._eras.get(endpoint.url)
            if known is None:
                known = ask()
                if known is not None:
                    self._eras[endpoint.url] = known
            return known
