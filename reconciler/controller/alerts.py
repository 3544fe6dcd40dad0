"""Alerts: what a person ought to know, once each. On stderr, in the counters and, where it is about a room, in the
journal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from reconciler.controller.metrics import Metrics
from reconciler.render.escape import escape

log = logging.getLogger("reconciler.serve")


class Alerts:
    """Tells people. What stays wrong is told again only when it was right in between."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._standing: dict[str, str] = {}

    def tell(self, about: str, message: str) -> None:
        """An alert of its own."""
        self._metrics.alerts.labels(about).inc()
        log.error("alert: %s", escape(message))

    def wrong(self, about: str, message: str) -> None:
        """Something is wrong and stays so until `right`."""
        if self._standing.get(about) != message:
            self._standing[about] = message
            self.tell(about, message)

    def right(self, about: str) -> None:
        """It is right again."""
        if self._standing.pop(about, None) is not None:
            log.warning("%s is right again", about)

    def telling(self, about: str) -> Callable[[str], None]:
        """A function that says what is wrong with one thing."""
        return lambda message: self.wrong(about, message)

    @property
    def standing(self) -> dict[str, str]:
        """What is wrong now."""
        return dict(self._standing)
