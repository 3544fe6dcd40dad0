"""Every verdict on a room, at its boundaries, as one look tells it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.agents.live import LiveAgent, LiveDispatch, LiveRoom, wanted_in, with_inside
from reconciler.agents.verdict import JOB_SHOWS_WITHIN, JOB_TIMEOUT, Verdict, is_open, judge
from tests.agents.rooms import MADE, agent, convention, dispatch, room

A, B = "avatar", "telephony"


def verdict(asked: Convention | None, live: LiveRoom, at: float = 5.0) -> str:
    """The verdict `at` seconds after the room was made."""
    return judge(live, asked, MADE + at).verdict.value


CASES = [
    ("the agent is there", room(dispatch(A), agent(A)), 5.0, "ok"),
    ("nobody waits", room(dispatch(A), waiting=0), 500.0, "ok"),
    ("nobody waits and nobody was asked", room(waiting=0), 500.0, "ok"),
    ("an agent without a dispatch: a job of another kind", room(agent(A)), 5.0, "ok"),
    ("not dispatched within the time", room(), 9.9, "waiting"),
    ("not dispatched after it", room(), 10.0, "missing dispatch"),
    ("dispatched, no job yet", room(dispatch(A, 5.0)), 14.9, "waiting"),
    ("dispatched, and no job in time", room(dispatch(A, 5.0)), 15.0, "agent never joined"),
    ("dispatched again meanwhile", room(dispatch(A), dispatch(A, 20.0)), 29.9, "waiting"),
    ("the job was taken", room(dispatch(A, job=1.0)), 60.9, "waiting"),
    ("the job was taken long ago", room(dispatch(A, job=1.0)), 61.0, "agent left"),
    ("left, and asked for again", room(dispatch(A, job=1.0), dispatch(A, 70.0)), 75.0, "waiting"),
    (
        "left, and asked in vain",
        room(dispatch(A, job=1.0), dispatch(A, 70.0)),
        80.0,
        "agent never joined",
    ),
    ("twice the same", room(agent(A), agent(A, 2.0)), 5.0, "duplicate agent"),
    ("somebody else", room(agent(A), agent("x")), 5.0, "unexpected agent"),
    ("the unnamed worker beside it", room(agent(A), agent("")), 5.0, "unexpected agent"),
    ("the unnamed worker in its place", room(agent("")), 500.0, "unexpected agent"),
    ("one that does not tell its name", room(dispatch(A), agent(None)), 500.0, "ok"),
    ("only the unnamed one was asked for", room(dispatch("")), 500.0, "missing dispatch"),
]


@pytest.mark.parametrize(("told", "live", "at", "expected"), CASES, ids=[one[0] for one in CASES])
def test_the_verdict(told: str, live: LiveRoom, at: float, expected: str) -> None:
    """One room under a convention that wants one agent, brought by the controller within 10 s."""
    assert verdict(convention(A), live, at) == expected, told


@pytest.mark.parametrize("mechanism", ["sip", "token", "automatic"])
def test_who_has_to_bring_the_agent_with_the_room_gets_no_time(mechanism: str) -> None:
    """A rule, a token and an unnamed worker ask in the moment in which the room is made: later nobody comes."""
    assert verdict(convention(A, dispatch=mechanism), room(), 0.1) == "missing dispatch"


@pytest.mark.parametrize("mechanism", ["app", "controller", "sip app"])
def test_who_may_bring_it_later_gets_the_time_of_the_convention(mechanism: str) -> None:
    """An application or the controller has until `join_timeout`."""
    asked = convention(A, dispatch=mechanism, join_timeout=3.0)
    assert verdict(asked, room(), 2.9) == "waiting"
    assert verdict(asked, room(), 3.0) == "missing dispatch"


def test_a_short_join_timeout_does_not_outrun_the_server() -> None:
    """A job shows only seconds after it was taken: before that nobody is said to have stayed away."""
    asked = convention(A, join_timeout=1.0)
    assert verdict(asked, room(dispatch(A)), JOB_SHOWS_WITHIN - 0.1) == "waiting"
    assert verdict(asked, room(dispatch(A)), JOB_SHOWS_WITHIN) == "agent never joined"


def test_a_long_join_timeout_is_a_long_time_to_join() -> None:
    """A worker that took the job has a minute, or as long as the convention says."""
    asked = convention(A, join_timeout=2 * JOB_TIMEOUT)
    assert verdict(asked, room(dispatch(A, job=0.0)), 2 * JOB_TIMEOUT - 1) == "waiting"
    assert verdict(asked, room(dispatch(A, job=0.0)), 2 * JOB_TIMEOUT) == "agent left"


def test_no_convention() -> None:
    """A room that the file does not know is one somebody ought to look at."""
    found = judge(room(agent("x")), None, MADE)
    assert (found.verdict, found.wanted, found.absent) == (Verdict.NO_CONVENTION, (), ())


def test_of_several_agents_the_worst_counts() -> None:
    """One is on its way, one was never asked for: that one is what the room suffers from."""
    asked = convention(A, B)
    found = judge(room(dispatch(A, 9.0)), asked, MADE + 12.0)
    assert found.verdict is Verdict.MISSING_DISPATCH
    assert found.absent == (A, B)
    assert B in found.reason


def test_an_intruder_tells_who_is_missing_as_well() -> None:
    """Somebody else in place of the agent is the commonest trace of a worker that was started without its name."""
    found = judge(room(agent("")), convention(A), MADE + 100.0)
    assert found.reason == (
        f"(unnamed) is there, and the convention does not name it; {A} is not there"
    )


def test_what_was_not_looked_into_is_no_complaint() -> None:
    """A list of rooms tells of no agents: that is not the same as no agents."""
    found = judge(room(is_known=False, waiting=0), convention(A), MADE + 500.0)
    assert (found.verdict, found.absent) == (Verdict.OK, ())


def test_who_is_looked_into() -> None:
    """Only rooms with a convention in which somebody waits."""
    assert is_open(room(is_known=False), convention(A))
    assert not is_open(room(is_known=False, waiting=0), convention(A))
    assert not is_open(room(is_known=False), None)


def test_bad_is_all_but_two() -> None:
    """What makes the exit code."""
    assert [one for one in Verdict if not one.is_bad] == [Verdict.OK, Verdict.WAITING]


def test_lines_are_told_apart_by_who_was_asked_for() -> None:
    """A room's name does not tell its line: the list that fits best to what is seen is taken for it."""
    asked = convention(A, dispatch="sip", lines={"sales": [B], "both": [A, B]})
    for seen, wanted in (((A,), (A,)), ((B,), (B,)), ((A, B), (A, B)), ((), (A,))):
        live = room(*(dispatch(name) for name in seen))
        assert tuple(one.agent_name for one in wanted_in(asked, live)) == wanted
    assert verdict(asked, room(dispatch(B), agent(B))) == "ok"


def test_an_agent_is_known_by_its_dispatch() -> None:
    """Old workers tell no name, but the job by which they came has their identity."""
    made = LiveDispatch("AD_1", dispatch(A).asked, MADE, MADE + 1, ("agent-AJ_1",))
    inside = with_inside(room(is_known=False), 1, (made,), (LiveAgent("agent-AJ_1", None, MADE),))
    assert [one.agent_name for one in inside.agents or ()] == [A]
    assert verdict(convention(A), inside) == "ok"


names = st.sampled_from([A, B, "", "x"])
dispatches = st.builds(
    dispatch, names, st.floats(0, 100), job=st.none() | st.floats(0, 100), id=st.uuids().map(str)
)
agents = st.builds(agent, names | st.none(), st.floats(0, 100), identity=st.uuids().map(str))
rooms = st.builds(
    lambda inside, waiting: room(*inside, waiting=waiting),
    st.lists(dispatches | agents, max_size=5),
    st.integers(0, 2),
)
conventions = st.builds(
    lambda wanted, mechanisms: convention(*wanted, dispatch=" ".join(mechanisms)),
    st.lists(names, max_size=3, unique=True),
    st.lists(st.sampled_from([one.value for one in Mechanism]), min_size=1, unique=True),
)


@given(conventions, rooms, st.floats(0, 1000))
def test_ok_means_that_nobody_waits_in_vain(asked: Convention, live: LiveRoom, at: float) -> None:
    """Whatever is in a room: it is ok only where all agents are there, or may be, or nobody waits."""
    found = judge(live, asked, MADE + at)
    wanted = {one.agent_name for one in asked.agents or ()}
    there = {one.agent_name for one in live.agents or ()}
    if found.verdict is Verdict.OK and live.waiting and None not in there:
        assert wanted <= there
    if wanted == there and len(live.agents or ()) == len(wanted):
        assert found.verdict is Verdict.OK


@given(conventions, rooms, st.floats(0, 1000), st.floats(0, 1000))
def test_time_makes_nothing_better(
    asked: Convention, live: LiveRoom, at: float, later: float
) -> None:
    """As long as nothing changes in a room, bad stays bad: a verdict does not flicker."""
    if judge(live, asked, MADE + at).verdict.is_bad:
        assert judge(live, asked, MADE + at + later).verdict.is_bad


@given(conventions, st.lists(dispatches | agents, max_size=5))
def test_the_order_of_a_list_does_not_matter(
    asked: Convention, inside: list[LiveDispatch | LiveAgent]
) -> None:
    """LiveKit's lists have no order."""
    shuffled = inside[::-1]
    before, after = (judge(room(*one), asked, MADE + 50.0) for one in (inside, shuffled))
    assert (before.verdict, before.absent) == (after.verdict, after.absent)
