"""The file between two runs: complete or absent, never the end of a run, and one run at a time."""

from __future__ import annotations

import json
import threading
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.alerting.found import Count
from reconciler.alerting.memory import Blindness, Heard, Memory, Standing, of_this_host
from reconciler.alerting.state import StateFile, turn
from reconciler.errors import FileError
from tests.alerting.documents import NOW
from tests.support.schemas import schema

FULL = Memory(
    "acme",
    "acme.livekit.example",
    NOW,
    (Count("sip", "dispatch_rule", "update", 2),),
    Standing("0a1b", NOW, 3),
    NOW,
    Blindness(NOW, 2),
    {"unreachable": 7},
    {"slack 1": Heard({"0a1b": NOW}, NOW, NOW, NOW)},
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Everything that is remembered, for each watch of a file."""
    path = tmp_path / "new" / "drift.json"
    StateFile(path).write("a.yaml", FULL)
    StateFile(path).write("b.yaml", Memory())
    read = StateFile(path)
    assert read.watches == {"a.yaml": FULL, "b.yaml": Memory()}
    assert read.problem == ""


def test_the_file_is_private_and_as_its_schema_says(tmp_path: Path) -> None:
    """Mode 0600; the shipped schema has the same keys, and describes each."""
    path = tmp_path / "drift.json"
    StateFile(path).write("a.yaml", FULL)
    assert path.stat().st_mode & 0o777 == 0o600
    jsonschema.Draft202012Validator(schema("drift-state")).validate(json.loads(path.read_text()))
    parts = schema("drift-state")["$defs"]
    for name, kind in (
        ("memory", Memory),
        ("standing", Standing),
        ("blindness", Blindness),
        ("heard", Heard),
        ("count", Count),
    ):
        assert list(parts[name]["properties"]) == [one.name for one in fields(kind)], name


WHOLE: dict[str, Any] = {
    "format": "livekit-reconciler/drift-state",
    "format_version": 1,
    "watches": {"a": {}},
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a state of alerts"),
        ("{", "not a state of alerts"),
        ("[]", "not a state of alerts"),
        ("\x00\xff", "not a state of alerts"),
        ("[" * 100_000, "not a state of alerts"),
        (json.dumps({**WHOLE, "format_version": 2, "watches": 7}), "format version 2"),
        (json.dumps({**WHOLE, "format": "livekit-reconciler/receipt"}), "not a state of alerts"),
        (json.dumps({**WHOLE, "watches": {"a": {"looked_at": "yesterday"}}}), "looked_at"),
        (
            json.dumps({**WHOLE, "watches": {"a": {"looked_at": "2026-01-01T00:00:00"}}}),
            "looked_at",
        ),
        (json.dumps({**WHOLE, "watches": {"a": {"api_errors": {"x": -1}}}}), "api_errors"),
    ],
)
def test_a_damaged_or_newer_file_is_as_good_as_none(tmp_path: Path, text: str, words: str) -> None:
    """What is wrong is one line that names the file, and the next run writes it anew."""
    path = tmp_path / "drift.json"
    path.write_bytes(text.encode("latin-1"))
    state = StateFile(path)
    assert state.watches == {}
    assert words in state.problem
    assert str(path) in state.problem
    assert "\n" not in state.problem
    state.write("a", Memory())
    assert StateFile(path).problem == ""


@given(st.integers(0, 600), st.integers(0, 255))
def test_no_damage_raises(tmp_path_factory: pytest.TempPathFactory, place: int, byte: int) -> None:
    """One byte of a good file is another one: it is read, or it is not."""
    path = tmp_path_factory.mktemp("state") / "drift.json"
    StateFile(path).write("a.yaml", FULL)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(data)
    state = StateFile(path)
    assert bool(state.watches) != bool(state.problem)


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    """Reading says so and goes on; writing raises what the run turns into a line."""
    state = StateFile(tmp_path)
    assert "cannot be read" in state.problem
    with pytest.raises(FileError):
        state.write("a", Memory())


def test_a_device_keeps_nothing() -> None:
    """`--state /dev/null`: no memory, no complaint, no lock file beside the device, and the device stays one."""
    before = sorted(Path("/dev").iterdir())
    with turn(Path("/dev/null")):
        state = StateFile(Path("/dev/null"))
        assert (state.watches, state.problem) == ({}, "")
        state.write("a", FULL)
    assert sorted(Path("/dev").iterdir()) == before
    assert Path("/dev/null").is_char_device()


def test_another_host_begins_anew() -> None:
    """What was told of the staging project is not known of production; a run that never looked has no host."""
    assert of_this_host(FULL, FULL.host) == FULL
    assert of_this_host(FULL, "other.example") == Memory(host="other.example")
    assert of_this_host(Memory(project="x"), "a.example") == Memory("x", "a.example")


def test_two_runs_take_turns(tmp_path: Path) -> None:
    """Whoever comes second sees what the first one wrote: no look is lost, and the file is whole at any time."""
    path = tmp_path / "drift.json"
    problems: list[str] = []

    def run() -> None:
        for _ in range(10):
            with turn(path):
                state = StateFile(path)
                problems.append(state.problem)
                before = state.watches.get("a", Memory()).drift or Standing("x", NOW, 0)
                state.write("a", Memory(drift=Standing("x", NOW, before.runs + 1)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(problems) == {""}
    assert StateFile(path).watches["a"].drift == Standing("x", NOW, 40)
    assert sorted(one.name for one in tmp_path.iterdir()) == [".drift.json.lock", "drift.json"]


def test_a_run_does_not_wait_for_ever(tmp_path: Path) -> None:
    """One that hangs, or a folder that cannot be written, holds up nobody for good."""
    path = tmp_path / "drift.json"
    entered = []
    with turn(path), turn(path, patience=0.0):
        entered.append("second")
    (tmp_path / "file").write_text("")
    with turn(tmp_path / "file" / "drift.json"):
        entered.append("without a lock")
    assert entered == ["second", "without a lock"]


def test_times_survive_in_utc(tmp_path: Path) -> None:
    """A state that another machine wrote in its own zone is the same moment."""
    path = tmp_path / "drift.json"
    text = json.dumps({**WHOLE, "watches": {"a": {"looked_at": "2026-03-01T16:03:00+02:00"}}})
    path.write_text(text)
    looked_at = StateFile(path).watches["a"].looked_at
    assert looked_at is not None
    assert looked_at - NOW == timedelta(0)
