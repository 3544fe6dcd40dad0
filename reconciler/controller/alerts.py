"""Alerts: what a person ought to know, once each. On stderr, in the counters and, where it is about a room, in the
journal.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from reconciler.controller.metrics import Metrics
from reconciler.render.escape import escape

log = logging.getLogger("reconciler.serve")


class Alerts:
    """Tells people. What stays wrong is told again only when it was right in between."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._standing: dict[str, str] = {}
        self._since: dict[str, float] = {}

    def tell(self, about: str, message: str) -> None:
        """An alert of its own."""
        self._metrics.alerts.labels(about).inc()
        log.error("alert: %s", escape(message))

    def wrong(self, about: str, message: str) -> None:
        """Something is wrong and stays so until `right`; in other words it is the same."""
        is_new = about not in self._standing
        self._standing[about] = message
        self._since[about] = time.monotonic()
        if is_new:
            self.tell(about, message)

    def right(self, about: str, *, unless_since: float | None = None) -> None:
        """It is right again; or only where it was not wrong since a moment of the monotonic clock."""
        if unless_since is not None and self._since.get(about, 0.0) >= unless_since:
            return
        if self._standing.pop(about, None) is not None:
            log.warning("%s is right again", about)

    def unforeseen(self, what: str, error: Exception) -> None:
        """A fault of this program: it goes on, and whoever mends it needs the trace."""
        self._metrics.errors.labels("unforeseen").inc()
        self.tell("unforeseen", f"{what}: {type(error).__name__}: please report it with the trace")
        log.error("trace of %s", escape(what), exc_info=error)

    def telling(self, about: str) -> Callable[[str], None]:
        """A function that says what is wrong with one thing."""
        return lambda message: self.wrong(about, message)

    @property
    def standing(self) -> dict[str, str]:
        """What is wrong now."""
        return dict(self._standing)
