"""What people are told: alerts once each, log lines that cannot be faked, events with times that mean something."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from reconciler.controller.alerts import Alerts
from reconciler.controller.events import Occurrence, event_of
from reconciler.controller.log import start_log
from reconciler.controller.metrics import Metrics
from reconciler.gateway.webhook import Webhook

NOW = 1_700_000_000.0
log = logging.getLogger("reconciler.serve")


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """The log of before comes back after the test."""
    root, ours = logging.getLogger(), logging.getLogger("reconciler")
    kept = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = kept[0]
    root.setLevel(kept[1])
    ours.setLevel(kept[2])


def count(metrics: Metrics, about: str) -> float:
    """How many alerts there were."""
    return metrics.registry.get_sample_value("reconcile_alerts_total", {"about": about}) or 0.0


def test_what_stays_wrong_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Again only when it was right in between: in other words it is the same."""
    metrics = Metrics()
    alerts = Alerts(metrics)
    tell = alerts.telling("journal")
    for message in ("away", "away", "full", "full"):
        tell(message)
    assert alerts.standing == {"journal": "full"}
    alerts.right("journal")
    alerts.right("journal")
    tell("full")
    assert caplog.messages == [
        "alert: away",
        "journal is right again",
        "alert: full",
    ]
    assert count(metrics, "journal") == 2


def test_an_alert_of_its_own_does_not_stand(caplog: pytest.LogCaptureFixture) -> None:
    """It is told each time, on one line whatever a room is called."""
    metrics = Metrics()
    alerts = Alerts(metrics)
    for _ in range(2):
        alerts.tell("agents", "room a\nb\u202e: x is there 2 times")
    assert alerts.standing == {}
    assert caplog.messages == ["alert: room a\\nb\\u202e: x is there 2 times"] * 2
    assert count(metrics, "agents") == 2


def written(*, as_json: bool, quiet: bool = False, verbose: bool = False) -> list[str]:
    """The lines of a log into which four things are told."""
    stream = io.StringIO()
    start_log(stream, as_json=as_json, quiet=quiet, verbose=verbose)
    log.info("room %s: dispatch", "a\nfaked\x1b[31m")
    log.warning("careful")
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("trouble")
    return stream.getvalue().splitlines()


def test_a_line_each() -> None:
    """Time, level and text; a name with a newline or a colour in it is one line without either."""
    lines = written(as_json=False)
    assert [line.split(" ", 1)[1] for line in lines] == [
        "info room a\\nfaked\\x1b[31m: dispatch",
        "warning careful",
        "warning trouble",
    ]


def test_lines_for_collectors() -> None:
    """Each is one JSON object, which holds names as they are."""
    lines = [json.loads(line) for line in written(as_json=True)]
    assert [line["message"] for line in lines] == [
        "room a\nfaked\x1b[31m: dispatch",
        "careful",
        "trouble",
    ]
    assert {line["level"] for line in lines} == {"info", "warning"}
    assert all(line["at"].endswith("+00:00") for line in lines)


def test_how_much_is_told() -> None:
    """Less with `quiet`, the libraries' chatter with `verbose`."""
    assert len(written(as_json=False, quiet=True)) == 2
    assert len(written(as_json=False, verbose=True)) == 4


def _fail(*words: str) -> None:
    raise LookupError(" ".join(words))


@pytest.mark.parametrize("as_json", [True, False])
def test_a_failure_of_our_own(as_json: bool) -> None:
    """Where something fails that must not, its place and its kind are told, not its words: they may hold anything."""
    stream = io.StringIO()
    start_log(stream, as_json=as_json, quiet=True, verbose=False)
    try:
        _fail("of", "a", "secret")
    except LookupError:
        log.exception("unexpected")
    assert "LookupError" in stream.getvalue()
    assert "in _fail" in stream.getvalue()
    assert "of a secret" not in stream.getvalue()
    assert not as_json or json.loads(stream.getvalue())["message"] == "unexpected"


def webhook(event: str, kind: str = "AGENT", created: float = NOW, joined: float = 0.0) -> Webhook:
    """A webhook about a participant."""
    return Webhook(event, "EV", "call-1", "RM_1", created, NOW - 60, "x", kind, "a", joined)


@pytest.mark.parametrize(
    ("event", "kind", "occurrence"),
    [
        ("room_started", "STANDARD", Occurrence.STARTED),
        ("room_finished", "STANDARD", Occurrence.FINISHED),
        ("participant_joined", "AGENT", Occurrence.AGENT_JOINED),
        ("participant_joined", "4", Occurrence.AGENT_JOINED),
        ("participant_joined", "SIP", Occurrence.CALLER_JOINED),
        ("participant_joined", "STANDARD", Occurrence.CALLER_JOINED),
        ("participant_joined", "a kind of the future", Occurrence.CALLER_JOINED),
        ("participant_left", "AGENT", Occurrence.AGENT_LEFT),
        ("participant_left", "SIP", Occurrence.CALLER_LEFT),
        ("participant_connection_aborted", "AGENT", Occurrence.AGENT_LEFT),
        ("participant_connection_aborted", "STANDARD", Occurrence.CALLER_LEFT),
    ],
)
def test_what_happened(event: str, kind: str, occurrence: Occurrence) -> None:
    """Each event by who it is about."""
    found = event_of(webhook(event, kind), NOW)
    assert found is not None
    assert found.occurrence is occurrence


@pytest.mark.parametrize(
    ("event", "created", "joined", "now", "at"),
    [
        (
            "participant_joined",
            NOW,
            NOW - 0.5,
            NOW + 3,
            NOW - 0.5,
        ),  # when it joined, as it says itself
        (
            "participant_joined",
            NOW,
            0.0,
            NOW + 1.7,
            NOW + 1.7,
        ),  # fresh: now is more than whole seconds tell
        ("participant_joined", NOW, 0.0, NOW + 40, NOW),  # late
        ("participant_joined", 0.0, 0.0, NOW, NOW),  # untold
        ("participant_left", NOW, NOW + 0.8, NOW + 5, NOW + 0.8),  # never before it joined
        ("participant_left", NOW, NOW - 9, NOW + 5, NOW),
        ("room_finished", NOW + 5, 0.0, NOW, NOW + 5),  # by a clock that is ahead
    ],
)
def test_when_it_happened(event: str, created: float, joined: float, now: float, at: float) -> None:
    """LiveKit tells whole seconds: what is known better counts."""
    found = event_of(webhook(event, created=created, joined=joined), now)
    assert found is not None
    assert found.at == at
