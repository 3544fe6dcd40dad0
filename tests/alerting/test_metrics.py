"""The file for node_exporter, read with the library's own parser."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.alerting.decide import remember
from reconciler.alerting.found import Looked, NotLooked, looked
from reconciler.alerting.memory import Memory
from reconciler.alerting.metrics import Run, metrics_text, require_library, write_metrics
from reconciler.errors import FileError, ReconcileError
from tests.alerting.documents import NOW, change, document, field

LATER = NOW + timedelta(hours=1)
RUN = Run(LATER, 0.25)


def figures(memory: Memory, run: Run = RUN) -> dict[str, float]:
    """Every figure by its name and labels, the project left out."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics_text(memory, run).decode()):
        assert family.documentation
        for sample in family.samples:
            labels = [value for key, value in sample.labels.items() if key != "project"]
            assert sample.labels["project"] == memory.project
            found[" ".join([sample.name, *sorted(labels)])] = sample.value
    return found


def seen() -> Looked:
    """A look that found one rule changed."""
    return looked(document(changes=[change("inbound", field("metadata", "a", "b"))]))


def test_a_good_run_tells_drift_by_plane_and_kind() -> None:
    """What differs, and a zero for what does not; since when; when and how long it ran."""
    told = figures(remember(Memory(), seen(), NOW))
    assert told["reconcile_drift_objects dispatch_rule sip update"] == 1
    assert told["reconcile_drift_objects agents dispatch_rule update"] == 0
    assert told["reconcile_drift_objects inbound_trunk sip unlisted"] == 0
    assert sum("reconcile_drift_objects" in name for name in told) == 19
    assert told["reconcile_drift_found"] == 1
    assert told["reconcile_drift_since_timestamp_seconds"] == NOW.timestamp()
    assert told["reconcile_drift_last_success_timestamp_seconds"] == NOW.timestamp()
    assert told["reconcile_drift_last_run_timestamp_seconds"] == LATER.timestamp()
    assert told["reconcile_drift_last_run_success"] == 1
    assert told["reconcile_drift_last_run_duration_seconds"] == 0.25
    assert told["reconcile_drift_api_errors_total unreachable"] == 0


def test_a_failed_run_repeats_what_was_known() -> None:
    """No zero for what nobody looked at; the last good run stays where it was; errors are counted."""
    memory = remember(Memory(), seen(), NOW)
    for _ in range(2):
        memory = remember(memory, NotLooked("gone", "unreachable"), LATER)
    told = figures(memory, Run(LATER, 30.0, unsent=1))
    assert told["reconcile_drift_objects dispatch_rule sip update"] == 1
    assert told["reconcile_drift_found"] == 1
    assert told["reconcile_drift_last_success_timestamp_seconds"] == NOW.timestamp()
    assert told["reconcile_drift_last_run_success"] == 0
    assert told["reconcile_drift_consecutive_failures"] == 2
    assert told["reconcile_drift_api_errors_total unreachable"] == 2
    assert told["reconcile_drift_unsent_messages"] == 1


def test_where_nobody_ever_looked_there_is_no_figure_of_drift() -> None:
    """A zero would say that all is well."""
    told = figures(remember(Memory(), NotLooked("gone"), NOW))
    assert not any("objects" in name or "found" in name or "success_t" in name for name in told)
    assert told["reconcile_drift_last_run_success"] == 0


def test_no_drift_has_no_since() -> None:
    """A time of nothing would be a wrong one."""
    told = figures(remember(Memory(), looked(document(drift=False)), NOW))
    assert told["reconcile_drift_found"] == 0
    assert "reconcile_drift_since_timestamp_seconds" not in told


def test_the_name_of_a_project_fakes_no_figure() -> None:
    """Quotes and newlines in it stay in the label."""
    name = 'a"} 1\nreconcile_drift_found 0\n\\'
    memory = remember(Memory(), looked(document(project=name, drift=False)), NOW)
    assert figures(memory)["reconcile_drift_found"] == 0
    assert len(metrics_text(memory, RUN).splitlines()) == len(
        metrics_text(remember(Memory(), looked(document(drift=False)), NOW), RUN).splitlines()
    )


def test_the_file_is_written_whole_and_for_others_to_read(tmp_path: Path) -> None:
    """node_exporter runs as somebody else; nothing else is left in its folder."""
    path = tmp_path / "acme.prom"
    path.write_text("old")
    write_metrics(path, remember(Memory(), seen(), NOW), RUN)
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.read_bytes().startswith(b"# HELP reconcile_drift_objects ")
    assert [one.name for one in tmp_path.iterdir()] == ["acme.prom"]
    with pytest.raises(FileError, match="metrics file"):
        write_metrics(tmp_path, Memory(), RUN)


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ReconcileError, match=r"livekit-reconciler\[metrics\]"):
        require_library()
