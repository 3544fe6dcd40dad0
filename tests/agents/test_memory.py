"""What is remembered about a room, from events and from looks, in any order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.agents.live import LiveAgent, LiveDispatch, LiveRoom
from reconciler.agents.memory import (
    PROVEN_AFTER,
    AgentMemory,
    Memory,
    What,
    dump,
    joined,
    left,
    looked,
    restore,
)
from reconciler.core.values import AgentDispatch, Metadata

A = AgentDispatch("a")
BEGIN = 1000.0
EMPTY = LiveRoom("call-1", "RM_1", BEGIN, 0, (), ())
DISPATCH = LiveDispatch("AD_1", A, BEGIN)


@pytest.mark.parametrize("stored", [b"", b"garbage", b"{}", b'{"agents": 3}', b"\xff", b"null"])
def test_what_cannot_be_read_is_forgotten(stored: bytes) -> None:
    """LiveKit's lists tell what counts; a memory of another version does no harm."""
    assert restore(stored) == Memory()


def test_a_memory_comes_back_as_it_was() -> None:
    """Everything in it survives being stored, what is owed included."""
    owed = AgentDispatch("a", Metadata("{}"), (("k", "v"),))
    known = AgentMemory(2, 1.5, 2.5, 3.5, 4.5, 5.5, True, owed, ["x"], {"y": 6.5})
    memory = Memory("call-1", BEGIN, True, True, {"a": known, "": AgentMemory()}, ["AD_1"])
    assert restore(dump(memory)) == memory


def test_a_story_told_by_looks() -> None:
    """Asked for, taken, there, gone: each is told once, with how long it took."""
    memory = Memory()
    taken = replace(DISPATCH, job_since=BEGIN + 1)
    there = (LiveAgent("x", "a", BEGIN + 3),)
    story = [
        replace(EMPTY, dispatches=(DISPATCH,)),
        replace(EMPTY, dispatches=(taken,)),
        replace(EMPTY, dispatches=(taken,), agents=there),
        replace(EMPTY, dispatches=(taken,)),
    ]
    told = []
    for number, seen in enumerate(story):
        now = BEGIN + 10.0 * number
        told += looked(memory, seen, now)
        assert looked(memory, seen, now) == []
    assert [(fact.what, fact.at, fact.milliseconds) for fact in told] == [
        (What.DISPATCHED, BEGIN, None),
        (What.JOB_TAKEN, BEGIN + 1, 1000.0),
        (What.JOINED, BEGIN + 3, 3000.0),
        (What.LEFT, BEGIN + 30, 27000.0),
    ]
    assert memory.of("a").is_gone


def test_what_was_not_asked_for_is_not_gone() -> None:
    """A look that did not read the participants says nothing about who is there."""
    memory = Memory()
    joined(memory, "a", "x", BEGIN)
    looked(memory, replace(EMPTY, agents=None, dispatches=None), BEGIN + 1)
    assert memory.of("a").here == ["x"]


def test_an_agent_without_a_name_is_not_remembered() -> None:
    """Nobody knows which one it is."""
    memory = Memory()
    assert looked(memory, replace(EMPTY, agents=(LiveAgent("x", None, BEGIN),)), BEGIN) == []
    assert memory.agents == {}


def test_events_in_the_wrong_order() -> None:
    """That it left is heard before that it joined: with the late news it is known to have been there."""
    memory = Memory()
    assert left(memory, "a", "x", BEGIN + 5) == []
    assert not memory.of("a").is_gone
    facts = joined(memory, "a", "x", BEGIN + 1)
    assert [(one.what, one.at) for one in facts] == [("joined", BEGIN + 1), ("left", BEGIN + 5)]
    assert memory.of("a").is_gone
    assert joined(memory, "a", "x", BEGIN + 1) == []


def test_a_look_is_surer_than_an_event() -> None:
    """Who is in the list is there, whatever was heard of it before."""
    memory = Memory()
    left(memory, "a", "x", BEGIN + 5)
    looked(memory, replace(EMPTY, agents=(LiveAgent("x", "a", BEGIN + 1),)), BEGIN + 6)
    assert memory.of("a").here == ["x"]


def test_events_that_come_twice() -> None:
    """The second time is no news."""
    memory = Memory()
    assert joined(memory, "a", "x", BEGIN)
    assert not joined(memory, "a", "x", BEGIN)
    assert left(memory, "a", "x", BEGIN + 1)
    assert not left(memory, "a", "x", BEGIN + 1)


def test_one_of_two_leaves() -> None:
    """The agent is gone only when nobody of its name is there any more."""
    memory = Memory()
    joined(memory, "a", "x", BEGIN)
    joined(memory, "a", "y", BEGIN)
    left(memory, "a", "x", BEGIN + 1)
    assert not memory.of("a").is_gone
    left(memory, "a", "y", BEGIN + 2)
    assert memory.of("a").is_gone


@pytest.mark.parametrize(("stayed", "tries"), [(PROVEN_AFTER - 0.1, 2), (PROVEN_AFTER, 0)])
def test_who_stayed_long_enough_did_its_work(stayed: float, tries: int) -> None:
    """Whoever is brought in its place has all tries; after a short visit the count goes on."""
    memory = Memory(agents={"a": AgentMemory(tries=2)})
    joined(memory, "a", "x", BEGIN)
    left(memory, "a", "x", BEGIN + stayed)
    assert memory.of("a").tries == tries


def test_an_agent_that_came_ends_all_worry() -> None:
    """Nothing is owed and nothing given up any more."""
    memory = Memory(agents={"a": AgentMemory(gave_up=True, owed=A)})
    joined(memory, "a", "x", BEGIN)
    assert (memory.of("a").gave_up, memory.of("a").owed) == (False, None)


def test_the_next_who_waits_has_all_tries() -> None:
    """What was given up is tried again when the room was empty meanwhile, and not before."""
    memory = Memory(agents={"a": AgentMemory(tries=5, gave_up=True), "b": AgentMemory(tries=1)})
    looked(memory, replace(EMPTY, waiting=1), BEGIN)
    assert memory.of("a").gave_up
    looked(memory, EMPTY, BEGIN)
    assert (memory.of("a").gave_up, memory.of("a").tries, memory.of("b").tries) == (False, 0, 1)


def test_what_is_there_again_is_not_owed() -> None:
    """A process was killed after it had made the dispatch again: if the application deletes that one, it is gone."""
    memory = Memory(agents={"a": AgentMemory(owed=A)}, dispatches=["AD_0"])
    looked(memory, replace(EMPTY, dispatches=(replace(DISPATCH, id="AD_0"),)), BEGIN)
    assert memory.of("a").owed == A
    looked(memory, replace(EMPTY, dispatches=(DISPATCH,)), BEGIN)
    assert memory.of("a").owed is None


def test_those_who_left_are_not_kept_for_ever() -> None:
    """An agent that quits all day does not fill the memory."""
    memory = Memory()
    for number in range(100):
        joined(memory, "a", f"x{number}", BEGIN + number)
        left(memory, "a", f"x{number}", BEGIN + number + 0.5)
    assert len(dump(memory)) < 1000


EVENTS = st.lists(
    st.tuples(st.booleans(), st.sampled_from("ab"), st.sampled_from("xyz"), st.floats(0, 100)),
    max_size=20,
)


@given(EVENTS)
def test_a_look_settles_everything(events: list[tuple[bool, str, str, float]]) -> None:
    """Whatever was heard before, after a look exactly those are there who are in the list."""
    memory = Memory()
    for came, name, identity, at in events:
        (joined if came else left)(memory, name, f"{name}{identity}", BEGIN + at)
    looked(memory, replace(EMPTY, agents=(LiveAgent("ax", "a", BEGIN + 50),)), BEGIN + 200)
    there = {name: known.here for name, known in memory.agents.items() if known.here}
    assert there == {"a": ["ax"]}
    assert restore(dump(memory)) == memory
