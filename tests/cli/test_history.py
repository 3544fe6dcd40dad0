"""`reconcile history`: the story of a room, the list of those who were not served, and every way to ask in vain."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from reconciler.journal.database import open_journal
from reconciler.journal.entries import Entry, Step
from reconciler.render.formats import Format
from reconciler.render.history import show_history
from tests.support.cli import COMMAND, Shell
from tests.support.schemas import problems

# 2026-03-28, noon in UTC: the day before clocks change in Europe.
NOON = 1_774_699_200.0
SERVED = [
    Entry(NOON, "call-1", "RM_1", Step.ROOM_STARTED),
    Entry(NOON + 0.01, "call-1", "RM_1", Step.CONVENTION, text="prefix call-"),
    Entry(NOON + 0.05, "call-1", "RM_1", Step.DISPATCHED, "telephony", 1, 43.2, "AD_1"),
    Entry(NOON + 2.25, "call-1", "RM_1", Step.JOINED, "telephony", 1, 2204.0),
    Entry(NOON + 133, "call-1", "RM_1", Step.FINISHED),
]
FAILING = [
    Entry(NOON + 60, "call-2", "RM_2", Step.ROOM_STARTED),
    Entry(NOON + 61, "call-2", "RM_2", Step.FAILED, "", 1, None, "the server says no", True),
    Entry(NOON + 90, "call-2", "RM_2", Step.NOBODY_CAME, "", 2, 30_000.0, "no worker", True),
]
STORY = """\
History of room "call-1"

"call-1" · RM_1 · 2026-03-28 12:00:00+00:00, finished after 2m 13s
    12:00:00.000  room started
    12:00:00.010  convention                       prefix call-
    12:00:00.050  dispatched #1  telephony  43 ms  AD_1
    12:00:02.250  joined #1      telephony  2.2 s
    12:02:13.000  room finished

1 session, 5 entries.
"""


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone is shown in text; here it is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def write(shell: Shell, *entries: Entry, path: str = "reconcile-journal.db") -> None:
    """Puts entries into the journal of a folder."""
    journal = open_journal(f"sqlite:///{shell.folder / path}")
    journal.write(entries)
    journal.close()


@pytest.fixture
def told(shell: Shell) -> Shell:
    """A folder whose journal tells of a session that went well and of one that did not."""
    write(shell, *SERVED, *FAILING)
    return shell


def asked(shell: Shell, *arguments: str) -> dict[str, Any]:
    """The answer as JSON, which its schema allows."""
    ran = shell.run("history", *arguments, "--format", "json")
    assert ran.code == 0, ran.err
    document: dict[str, Any] = json.loads(ran.out)
    assert problems("history", document) == []
    return document


def test_the_story_of_a_room(told: Shell) -> None:
    """Each step with its time, the agent, how long it took, and why."""
    ran = told.run("history", "call-1")
    assert (ran.code, ran.out, ran.err) == (0, STORY, "")


def test_steps_that_failed_are_marked(told: Shell) -> None:
    """They stand in line with the others; the worker without a name has one for people."""
    out = told.run("history", "call-2").out
    assert "  ! 12:01:01.000  dispatch failed #1  (unnamed)          the server says no\n" in out
    assert "  ! 12:01:30.000  nobody came #2      (unnamed)  30.0 s  no worker\n" in out
    assert "not finished" in out
    assert "\x1b[" in told.run("history", "call-2", "--color", "always").out


def test_rooms_by_what_their_names_begin_with(told: Shell) -> None:
    """A * at the end, in the order of the sessions; alone it means all rooms."""
    for pattern in ("call-*", "*"):
        document = asked(told, pattern)
        assert [one["session"] for one in document["sessions"]] == ["RM_1", "RM_2"]
    assert asked(told, "call-1*")["room"] == "call-1"


def test_the_journal_as_json(told: Shell) -> None:
    """All facts, times in UTC."""
    (session,) = asked(told, "call-2")["sessions"]
    assert (session["started"], session["finished"]) == ("2026-03-28T12:01:00.000Z", None)
    assert session["failures"] == 2
    assert session["failure"] == {
        "at": "2026-03-28T12:01:30.000Z",
        "step": "nobody came",
        "agent": "(unnamed)",
        "text": "no worker",
    }
    assert session["entries"][0]["agent"] is None
    assert session["entries"][2]["milliseconds"] == 30_000.0


def test_those_who_were_not_served(shell: Shell) -> None:
    """One session each with its last failure, the latest first, and only of late."""
    now = time.time()
    late = [replace(one, at=one.at - NOON + now - 600) for one in (*SERVED, *FAILING)]
    old = Entry(now - 7200, "call-0", "RM_0", Step.GAVE_UP, "a", failed=True)
    write(shell, *late, old)
    document = asked(shell, "--failed", "--since", "1h")
    (session,) = document["sessions"]
    assert (session["room"], session["failures"], session["entries"]) == ("call-2", 2, [])
    both = asked(shell, "--failed")["sessions"]
    assert [one["room"] for one in both] == ["call-2", "call-0"]
    assert [one["room"] for one in asked(shell, "call-0", "--failed")["sessions"]] == ["call-0"]
    out = shell.run("history", "--failed", "--since", "1h").out
    assert 'nobody came  (unnamed)  "call-2"  RM_2' in out
    assert "no worker; started" in out
    assert "2 failures" in out


def test_since_and_limit(shell: Shell) -> None:
    """The newest are kept, and it is said that there is more."""
    now = time.time()
    steps = [Entry(now - 100 + number, "call-1", "RM_1", Step.LEFT) for number in range(9)]
    write(shell, Entry(now - 7200, "call-1", "RM_0", Step.LEFT), *steps)
    assert len(asked(shell, "call-1", "--since", "1h")["sessions"]) == 1
    document = asked(shell, "call-1", "--limit", "3")
    assert document["truncated"]
    assert len(document["sessions"][0]["entries"]) == 3
    assert "--limit shows more" in shell.run("history", "call-1", "--limit", "3").out
    assert not asked(shell, "call-1", "--limit", "10")["truncated"]


def test_the_journal_that_is_meant(told: Shell) -> None:
    """The option, else the variable, else a file in the folder."""
    write(told, Entry(NOON, "other", "RM_9", Step.ALERT), path="other.db")
    url = "sqlite:///other.db"
    assert asked(told, "other", "--journal", url)["sessions"]
    told.environ["RECONCILE_JOURNAL"] = url
    assert asked(told, "other")["sessions"]


def test_nothing_to_tell_is_no_error(told: Shell) -> None:
    """A line on stderr says so; scripts get a document without sessions."""
    ran = told.run("history", "call-")
    assert (ran.code, ran.out) == (0, "")
    assert 'room "call-"' in ran.err
    assert len(ran.err.splitlines()) == 1
    assert asked(told, "call-")["sessions"] == []
    assert told.run("history", "--failed", "--since", "1s").err.startswith("no failure")
    assert told.run("history", "nope*", "-q").err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--failed"),
        (["--since", "1h"], "--failed"),
        ([""], "all rooms"),
        (["x", "--since", "yesterday"], "1h"),
        (["x", "--since", "0s"], "1h"),
        (["x", "--since", "99999999h"], "1h"),
        (["x", "--limit", "0"], "--limit"),
    ],
)
def test_wrong_usage(told: Shell, arguments: list[str], words: str) -> None:
    """It is 64, in one line."""
    ran = told.run("history", *arguments)
    assert (ran.code, ran.out) == (64, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_journal_that_is_not_there(shell: Shell) -> None:
    """It is 1, in one line, and no file is made."""
    ran = shell.run("history", "call-1")
    assert (ran.code, ran.out) == (1, "")
    assert "reconcile-journal.db" in ran.err
    assert "reconcile serve" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert list(shell.folder.iterdir()) == []


def test_a_password_is_not_told(shell: Shell) -> None:
    """Neither of a server that is not there nor of a URL that is none."""
    for url in ("postgresql://u:hush-hush@127.0.0.1:1/db", "postgresql://u:hush-hush:1/d:b"):
        for environ in ({}, {"RECONCILE_JOURNAL": url}):
            shell.environ = environ
            more = [] if environ else ["--journal", url]
            ran = shell.run("history", "call-1", *more)
            assert ran.code == 1
            assert "hush" not in ran.out + ran.err
            assert len(ran.err.splitlines()) == 1


def test_names_from_strangers_are_harmless(shell: Shell) -> None:
    """No line, colour or mark-up comes out of a name, an agent or a text, in any format."""
    evil = "a\n\x1b[31m`|<b>\u202e"
    write(shell, Entry(NOON, evil, evil, Step.ALERT, evil, 1, 1.0, evil, True))
    for arguments in (["a*"], ["a*", "--failed"]):
        for form in ("text", "json", "markdown", "github"):
            out = shell.run("history", *arguments, "--format", form).out
            assert "\x1b" not in out
            assert "\u202e" not in out
            assert "a\n" not in out
    text = shell.run("history", evil).out
    assert text.count("\n") == 6


def test_a_time_that_no_calendar_has(shell: Shell) -> None:
    """A clock that was wrong by ages makes a strange date, and no traceback."""
    write(shell, *(Entry(at, "call-1", "RM_1", Step.ALERT, failed=True) for at in (-1e15, 1e15)))
    for arguments in (["call-1"], ["call-1", "--failed"]):
        assert shell.run("history", *arguments).code == 0
    assert asked(shell, "call-1")["sessions"][0]["started"] == "1970-01-01T00:00:00.000Z"


def test_markdown_tells_the_same(told: Shell) -> None:
    """A section for each session, with failed steps as a diff shows what is gone."""
    out = told.run("history", "*", "--format", "markdown").out
    assert '### `"call-1" · RM_1' in out
    assert "- 12:01:30.000  nobody came #2" in out
    assert "**2 sessions, 8 entries, 2 of them failed.**" in out


def test_times_are_local_with_their_distance_from_utc(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new day is told, and so is another distance on the night when clocks change."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    steps = [Entry(NOON + hours * 3600, "call-1", "RM_1", Step.LEFT) for hours in (0, 12, 12.5, 14)]
    write(shell, *steps)
    out = shell.run("history", "call-1").out
    assert "2026-03-28 13:00:00+01:00" in out
    shown = [line.strip() for line in out.splitlines()]
    assert shown[3:9] == [
        "13:00:00.000  left",
        "2026-03-29 +01:00",
        "01:00:00.000  left",
        "01:30:00.000  left",
        "2026-03-29 +02:00",
        "04:00:00.000  left",
    ]


def test_the_renderer_shows_the_zone_it_is_given(told: Shell) -> None:
    """The document has UTC; which zone is shown is a parameter."""
    document: Any = asked(told, "call-1")
    text = show_history(document, Format.TEXT, zone=timezone(timedelta(hours=5, minutes=30)))
    assert "2026-03-28 17:30:00+05:30" in text


def test_without_the_libraries_of_the_journal(tmp_path: Path) -> None:
    """The line says what to install, and all other commands go on."""
    program = "import sys; sys.modules['sqlalchemy'] = None\n" + COMMAND[2]
    command = [COMMAND[0], "-c", program]
    done = subprocess.run(
        [*command, "history", "call-1"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'livekit-reconciler[serve]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    for arguments in (["history", "--help"], ["--help"], ["schema", "history"]):
        subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, check=True)
