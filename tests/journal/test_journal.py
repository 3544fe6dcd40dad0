"""What is written into a journal comes out again, in order, once, and as the question asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.journal.database import Journal
from reconciler.journal.entries import Entry, Step, Unfinished
from reconciler.journal.storable import LONGEST_NAME, range_of, storable

START = 1_800_000_000.0


def entry(
    seconds: float = 0.0,
    room: str = "call-1",
    session: str = "RM_1",
    step: Step = Step.DISPATCHED,
    **more: Any,
) -> Entry:
    """An entry some seconds after the start."""
    return replace(Entry(START + seconds, room, session, step), **more)


def test_an_entry_comes_back_as_it_was_written(journal: Journal) -> None:
    """Every field is kept: numbers, the empty agent name, none at all, other scripts, the key."""
    full = entry(
        0.25,
        step=Step.RETRIED,
        agent="",
        attempt=2,
        milliseconds=812.5,
        text="no worker took the job “قصة”",
        failed=True,
        key="RM_1/retry/2",
        project="shop:key",
    )
    bare = entry(0.5)
    journal.write([full, bare])
    assert journal.history("call-1") == [full, bare]


def test_nothing_to_write_is_nothing(journal: Journal) -> None:
    """An empty list is no error."""
    journal.write([])
    assert journal.history("call-1") == []


def test_a_key_is_written_once(journal: Journal) -> None:
    """The second entry of a key is skipped, in one write or in two; the others of that write are kept."""
    first, again = entry(key="joined"), entry(1, key="joined")
    journal.write([first, again])
    journal.write([again, entry(2)])
    assert journal.history("call-1") == [first, entry(2)]


def test_a_key_is_never_taken_for_a_made_up_one(journal: Journal) -> None:
    """Entries without a key are all kept, whatever keys others have."""
    keyed = [entry(key=""), entry(key="~"), entry(key="=")]
    journal.write([*keyed, entry(1), entry(1)])
    assert journal.history("call-1") == [*keyed, entry(1), entry(1)]


def test_sessions_stand_in_the_order_of_their_beginning(journal: Journal) -> None:
    """Whatever the order of writing: session by session, each by time, and in the order of writing at one time."""
    old = [entry(0), entry(9), entry(9, text="second")]
    new = [entry(5, session="RM_0"), entry(7, session="RM_0")]
    journal.write([new[1], old[1], old[2]])
    journal.write([new[0], old[0]])
    assert journal.history("call-1") == [*old, *new]


def test_a_limit_keeps_the_newest(journal: Journal) -> None:
    """The newest session is there before an older one gets room; of a session the latest entries stay."""
    old = [entry(number) for number in range(3)]
    new = [entry(number, session="RM_2") for number in range(10, 13)]
    journal.write([*new, *old])
    assert journal.history("call-1", limit=4) == [old[2], *new]
    assert journal.history("call-1", limit=2) == new[1:]


def test_since_leaves_out_what_was_before(journal: Journal) -> None:
    """Entries from that time on are returned."""
    journal.write([entry(0), entry(5), entry(9)])
    assert journal.history("call-1", since=START + 5) == [entry(5), entry(9)]


def test_a_prefix_is_taken_literally(journal: Journal) -> None:
    """Rooms that begin so, and no others: percent signs and underscores mean nothing, capitals count."""
    rooms = ["a_b", "a_bc", "axb", "A_b", "a%b", "b"]
    journal.write([entry(number, room) for number, room in enumerate(rooms)])
    found = journal.history("a_", is_prefix=True)
    assert [one.room for one in found] == ["a_b", "a_bc"]
    assert len(journal.history("", is_prefix=True)) == len(rooms)
    assert journal.history("a_") == []


ODD_NAMES = [
    "\0",
    "a\0b",
    "\ud800",
    "\U0010ffff",
    "a\U0010ffffb",
    "\ud7ff\ue000",
    "'\"\\",
    "x" * 5000,
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_can_be_written_and_asked_for(journal: Journal, name: str) -> None:
    """A stranger's name stops no batch: what a database would refuse is replaced, and found again all the same."""
    journal.write([entry(0, name, agent=name, text=name, key=name), entry(1, "other")])
    (found,) = journal.history(name)
    assert found.room == storable(name, LONGEST_NAME)
    assert journal.history(name[:1], is_prefix=True) == [found]


@given(st.text(), st.text())
def test_the_range_of_a_prefix_is_all_that_begins_so(prefix: str, other: str) -> None:
    """Whatever text follows, it stands in the range; whatever does not begin so stands outside."""
    first, end = range_of(prefix)
    for text in (prefix, prefix + other, other):
        assert (first <= text and (end is None or text < end)) == text.startswith(prefix)


# ---------------------------------------------------------------------------------------------------------------------
# Failures
# ---------------------------------------------------------------------------------------------------------------------


def test_what_has_no_end_is_found(journal: Journal) -> None:
    """Only beginnings since then, of one project, and none whose session has an end."""
    begins, ends = Step.ROOM_STARTED, Step.FINISHED
    journal.write(
        [
            entry(0, "call-1", "RM_0", begins, project="shop"),
            entry(10, "call-1", "RM_1", begins, project="shop"),
            entry(10, "call-1", "RM_2", begins, project="shop"),
            entry(11, "call-1", "RM_2", ends, project="shop"),
            entry(12, "call-2", "RM_3", begins, project="studio"),
            entry(13, "call-2", "RM_4", project="shop"),
        ]
    )
    assert journal.unfinished("shop", START + 5) == [Unfinished("call-1", "RM_1", START + 10)]
    assert journal.unfinished("nobody", START) == []


def test_failures_are_told_by_session(journal: Journal) -> None:
    """One session each, framed by its first entry and its end, with the last thing that failed; the latest first."""
    journal.write(
        [
            entry(0, step=Step.ROOM_STARTED),
            entry(5, step=Step.NOBODY_CAME, agent="a", text="first", failed=True),
            entry(6, step=Step.GAVE_UP, agent="b", text="second", failed=True),
            entry(9, step=Step.FINISHED),
            entry(0, "call-2", "RM_2"),
            entry(7, "call-2", "RM_2", Step.FAILED, agent="", text="third", failed=True),
            entry(0, "call-3", "RM_3", Step.JOINED),
        ]
    )
    second, first = journal.failures(START)
    assert (first.room, first.session, first.started, first.finished) == (
        "call-1",
        "RM_1",
        START,
        START + 9,
    )
    assert (first.failed_at, first.step, first.agent, first.text, first.failures) == (
        START + 6,
        Step.GAVE_UP,
        "b",
        "second",
        2,
    )
    assert (second.session, second.finished, second.agent) == ("RM_2", None, "")
    assert [one.session for one in journal.failures(START, limit=1)] == ["RM_2"]


def test_failures_of_some_rooms_or_of_late(journal: Journal) -> None:
    """Only entries since the time that is given count, and only those of the rooms that are asked for."""
    failing = [entry(number, f"call-{number}", f"RM_{number}", failed=True) for number in range(12)]
    journal.write(failing)
    assert [one.session for one in journal.failures(START + 10)] == ["RM_11", "RM_10"]
    assert [one.session for one in journal.failures(START, room="call-3")] == ["RM_3"]
    some = journal.failures(START, room="call-1", is_prefix=True)
    assert [one.session for one in some] == ["RM_11", "RM_10", "RM_1"]


# ---------------------------------------------------------------------------------------------------------------------
# Retention
# ---------------------------------------------------------------------------------------------------------------------


def test_what_is_old_is_forgotten(journal: Journal) -> None:
    """Entries from before the time are gone, more than one batch of them, and are counted; the others stay."""
    journal.write([entry(number / 1000) for number in range(1200)])
    journal.write([entry(5)])
    assert journal.forget(START + 5) == 1200
    assert journal.history("call-1") == [entry(5)]
    assert journal.forget(START + 5) == 0


def test_leases_are_forgotten_when_nobody_used_them(journal: Journal) -> None:
    """A lease that was used since, or still runs, is kept with what it remembers."""
    journal.take("RM_idle", "a", 3600)
    journal.give_back("RM_idle", "a", b"idle")
    journal.take("RM_held", "a", 3600)
    journal.keep("RM_held", "a", b"held")
    journal.forget(0)
    kept = journal.take("RM_idle", "b", 3600)
    assert kept is not None
    assert kept.state == b"idle"
    journal.give_back("RM_idle", "b", b"idle")

    journal.forget(4_000_000_000)  # in a hundred years, all that is free
    gone = journal.take("RM_idle", "a", 1)
    assert gone is not None
    assert gone.state == b""
    assert journal.take("RM_held", "b", 1) is None
