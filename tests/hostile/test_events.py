"""The action's own input, damaged: the event that GitHub hands over, and the plan that an earlier step left."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest

import main as action
from command import load_plan
from tests.hostile.manners import Trials, chosen
from tests.hostile.mutations import mutated_json
from tests.support.effort import effort
from workflow import BadInput, Step

EVENT = {
    "action": "synchronize",
    "number": 7,
    "pull_request": {
        "number": 7,
        "head": {"sha": "a" * 40, "repo": {"id": 1, "full_name": "acme/voice"}},
        "base": {"ref": "main", "repo": {"id": 1}},
        "title": "evil\n::error::owned ##[add-mask]x",
    },
    "repository": {"id": 1, "full_name": "acme/voice", "default_branch": "main"},
}
PLAN = {"format": "livekit-reconciler/plan", "format_version": 1, "plan": {"calls": []}}
ODD = (b"", b"\0", b"[" * 100_000, b'{"a": ' * 50_000, b"\xff\xfe", b"9" * 10_000, b"null", b"[]")


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A step of a workflow, with an event that a test writes."""
    event = tmp_path / "event.json"
    for name, value in {
        "GITHUB_REPOSITORY": "acme/voice",
        "GITHUB_REPOSITORY_ID": "1",
        "GITHUB_EVENT_PATH": str(event),
        "RUNNER_TEMP": str(tmp_path),
        "INPUT_COMMAND": "nothing",
    }.items():
        monkeypatch.setenv(name, value)
    return event


def test_no_event_breaks_the_action(environ: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it holds, the step fails with one annotation, in one line."""
    good = json.dumps(EVENT).encode()
    trials = Trials()
    for number in chosen(range(effort(100, 1000))):
        data = ODD[number] if number < len(ODD) else mutated_json(Random(f"event {number}"), good)
        environ.write_bytes(data)
        with trials.case(f"RECONCILE_CASE={number}: {data[:300]!r}"):
            assert action.main() == 1
            told = capsys.readouterr().err
            assert told.startswith("::error title=")
            assert len(told.splitlines()) == 1
            assert told.rstrip("\n").isprintable()
            _read()
    trials.end()


def _read() -> None:
    """What the commands ask a step for, each of which is one of the errors that the action catches."""
    try:
        step = Step.of(os.environ)
        _ = (step.is_of_fork, step.commit, step.repository_id)
    except (BadInput, OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return


def test_no_plan_breaks_the_action(tmp_path: Path) -> None:
    """A plan that is none is bad input."""
    good = json.dumps(PLAN).encode()
    path = tmp_path / "plan.json"
    for number in range(effort(100, 1000)):
        data = ODD[number] if number < len(ODD) else mutated_json(Random(f"plan {number}"), good)
        path.write_bytes(data)
        try:
            found = load_plan(path)
        except BadInput:
            continue
        assert isinstance(found["plan"], dict)
