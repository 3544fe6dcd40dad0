"""The figures of a run in the text format of Prometheus, for node_exporter's textfile collector.

A run that could not look does not know what differs: it repeats what the last good run found, says by its own gauge
that it failed, and leaves the time of the last good run where it was. Where no run ever looked there is no figure of
drift at all; a zero would say that all is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.alerting.found import API_ERRORS, PLACES
from reconciler.alerting.memory import Memory
from reconciler.errors import ReconcileError
from reconciler.files import write_readable

if TYPE_CHECKING:
    from prometheus_client.core import Metric


@dataclass(frozen=True, slots=True)
class Run:
    """One run: when it ended, how long it took in seconds, and messages that could not be sent."""

    ended: datetime
    seconds: float
    unsent: int = 0


def require_library() -> None:
    """Raises `ReconcileError` where the library of the text format is not installed."""
    try:
        import prometheus_client  # noqa: F401  # whether it is there
    except ImportError as error:
        raise ReconcileError(
            "--metrics-file needs prometheus-client, which is not installed: "
            "pip install 'livekit-reconciler[metrics]'"
        ) from error


def write_metrics(path: Path, memory: Memory, run: Run) -> None:
    """Writes the file, whole or not at all, readable by everybody. Raises `FileError`."""
    write_readable(path, metrics_text(memory, run), "metrics file")


def metrics_text(memory: Memory, run: Run) -> bytes:
    """All figures of a run."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    class _Figures(Collector):
        """Figures that are known already, as the library collects them."""

        def collect(self) -> Iterator[Metric]:
            """One after the other."""
            yield from _figures(memory, run)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return generate_latest(registry)


def _figures(memory: Memory, run: Run) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    def gauge(name: str, text: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"reconcile_drift_{name}", text, labels=["project"])
        family.add_metric([memory.project], value)
        return family

    if memory.looked_at is not None:
        objects = GaugeMetricFamily(
            "reconcile_drift_objects",
            "Objects that differ, by plane, kind and what an apply would do, as of the last good run.",
            labels=["project", "plane", "kind", "action"],
        )
        # A place of which nothing differs has its zero, too: a rule about a series that is missing never fires.
        found = {(one.plane, one.kind, one.action): one.objects for one in memory.counts}
        for place in dict.fromkeys([*PLACES, *found]):
            objects.add_metric([memory.project, *place], found.get(place, 0))
        yield objects
        yield gauge("found", "1 where the last good run found drift.", memory.drift is not None)
        yield gauge(
            "last_success_timestamp_seconds",
            "When the last run that could look ended.",
            memory.looked_at.timestamp(),
        )
    if memory.drift is not None:
        since = memory.drift.since.timestamp()
        yield gauge("since_timestamp_seconds", "When the standing drift was first seen.", since)
    yield gauge("last_run_timestamp_seconds", "When the last run ended.", run.ended.timestamp())
    yield gauge(
        "last_run_success",
        "1 where the last run could look, whatever it found.",
        memory.blind is None,
    )
    failures = memory.blind.runs if memory.blind is not None else 0
    yield gauge("consecutive_failures", "Runs in a row that could not look.", failures)
    yield gauge("last_run_duration_seconds", "What the last run took.", run.seconds)
    yield gauge(
        "unsent_messages",
        "Messages that the last run could not send, and the next one will.",
        run.unsent,
    )
    errors = CounterMetricFamily(
        "reconcile_drift_api_errors",
        "Runs that failed by an error of LiveKit's API, by its kind.",
        labels=["project", "error"],
    )
    for error in sorted({*API_ERRORS, *memory.api_errors}):
        errors.add_metric([memory.project, error], memory.api_errors.get(error, 0))
    yield errors
