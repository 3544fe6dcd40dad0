"""What Prometheus is told. One registry for each process that serves, so that tests and neighbours do not share it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from reconciler.agents.verdict import Verdict

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_JOIN = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0)


class Metrics:
    """All counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.rooms = Gauge(
            "reconcile_rooms",
            "Live rooms by verdict, as of the last look.",
            ["verdict"],
            registry=registry,
        )
        self.webhooks = Counter(
            "reconcile_webhooks", "Webhooks by what became of them.", ["result"], registry=registry
        )
        self.dispatches = Counter(
            "reconcile_dispatches",
            "Dispatches made, by agent and reason.",
            ["agent", "act"],
            registry=registry,
        )
        self.dispatch_seconds = Histogram(
            "reconcile_dispatch_seconds",
            "From the webhook's arrival to the answer of CreateDispatch.",
            buckets=_LATENCY,
            registry=registry,
        )
        self.join_seconds = Histogram(
            "reconcile_join_seconds",
            "From the dispatch of an agent to its joining.",
            ["agent"],
            buckets=_JOIN,
            registry=registry,
        )
        self.alerts = Counter(
            "reconcile_alerts", "Alerts by what they are about.", ["about"], registry=registry
        )
        self.errors = Counter(
            "reconcile_errors", "Calls and writes that failed.", ["what"], registry=registry
        )
        self.backlog = Gauge(
            "reconcile_queue_events", "Events that nobody works on yet.", registry=registry
        )
        self.lag = Gauge(
            "reconcile_queue_lag_seconds",
            "Age of the oldest event that nobody works on yet.",
            registry=registry,
        )
        self.resync_seconds = Gauge(
            "reconcile_resync_seconds", "What the last resync took.", registry=registry
        )
        self.resync_at = Gauge(
            "reconcile_resync_timestamp_seconds",
            "When the last resync ended well.",
            registry=registry,
        )
        self.config_current = Gauge(
            "reconcile_config_current",
            "1 while the file on disk is the one in force.",
            registry=registry,
        )
        for verdict in Verdict:
            self.rooms.labels(verdict.value).set(0)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
