"""What is planned for a live room: the agents that it lacks and that the reconciler brings, and no others."""

from __future__ import annotations

from hypothesis import given

from reconciler.agents.conventions import Convention
from reconciler.agents.healing import Act
from reconciler.agents.live import LiveRoom
from reconciler.agents.room_plan import RoomPlan, is_planned_for, plan_room
from tests.agents.rooms import MADE, agent, convention, dispatch, room
from tests.agents.test_verdict import conventions, rooms

A, B = "avatar", "telephony"


def planned(live: LiveRoom, at: float = 30.0, asked: Convention | None = None) -> RoomPlan | None:
    """The plan `at` seconds after the room was made."""
    return plan_room(asked or convention(A), live, MADE + at)


def acts(plan: RoomPlan | None) -> list[tuple[str, str]]:
    """What it would send."""
    return [(one.act.value, one.agent.agent_name) for one in (plan.writes if plan else ())]


def test_an_empty_room_gets_its_agent() -> None:
    """Who is to be there may be brought before anybody comes."""
    plan = planned(room(waiting=0))
    assert acts(plan) == [("dispatch", A)]
    assert plan is not None
    assert (plan.missing, plan.unasked) == ((A,), ())


def test_what_may_still_come_is_nothing_to_tell() -> None:
    """An agent that was dispatched a moment ago makes no plan: an apply just now would send nothing."""
    assert planned(room(dispatch(A, 29.0))) is None
    assert planned(room(dispatch(A, job=29.0))) is None


def test_a_dropped_job_is_tried_again() -> None:
    """LiveKit never tries again by itself: the old dispatch is deleted and a new one made, as it was told."""
    plan = planned(room(dispatch(A)))
    assert acts(plan) == [("retry", A)]
    assert plan is not None
    assert plan.writes[0].deletes == ("AD_avatar_0",)


def test_a_dropped_job_in_an_empty_room_waits() -> None:
    """Nobody misses the agent, and the next try may be dropped as well."""
    assert planned(room(dispatch(A), waiting=0)) is None


def test_an_agent_that_left_is_told_and_left_alone() -> None:
    """`when_agent_leaves: ignore`: nothing is sent, and the plan says why."""
    plan = planned(room(dispatch(A, job=1.0)), at=100.0)
    assert plan is not None
    assert acts(plan) == []
    assert plan.missing == (A,)
    assert "look at the worker's log" in plan.reason


def test_an_agent_that_left_is_replaced_where_the_file_says_so() -> None:
    """`when_agent_leaves: replace`."""
    asked = convention(A, when_agent_leaves="replace")
    assert acts(planned(room(dispatch(A, job=1.0)), at=100.0, asked=asked)) == [("replace", A)]


def test_the_application_goes_first() -> None:
    """Where both may dispatch, the application has its time."""
    asked = convention(A, dispatch="app controller")
    assert planned(room(), at=9.0, asked=asked) is None
    assert acts(planned(room(), at=10.0, asked=asked)) == [("dispatch", A)]


def test_who_was_not_asked_for_is_shown() -> None:
    """A dispatch that the convention does not name is never deleted."""
    plan = planned(room(dispatch(A), dispatch(B), agent(A)))
    assert plan is not None
    assert (plan.unasked, plan.missing, plan.writes) == ((B,), (), ())


def test_the_unnamed_dispatch_of_every_new_room_is_no_news() -> None:
    """LiveKit makes it by itself; it counts where a worker took its job."""
    assert planned(room(dispatch(A), dispatch(""), agent(A))) is None
    plan = planned(room(dispatch(A), dispatch("", job=1.0), agent(A)))
    assert plan is not None
    assert plan.unasked == ("",)


def test_whose_rooms_are_planned_for() -> None:
    """Those that the controller may write to."""
    assert is_planned_for(convention(A, dispatch="sip controller"))
    assert not is_planned_for(convention(A, dispatch="app"))
    assert not is_planned_for(None)


@given(conventions, rooms)
def test_no_agent_is_sent_to_where_it_is(asked: Convention, live: LiveRoom) -> None:
    """Never twice the same agent in a room: none that is there, none whose job a worker may be about to take."""
    plan = plan_room(asked, live, MADE + 50.0)
    there = {one.agent_name for one in live.agents or ()}
    for write in plan.writes if plan else ():
        name = write.agent.agent_name
        assert name not in there
        assert name in {one.agent_name for one in asked.agents or ()}
        if write.act is Act.DISPATCH:
            assert not live.dispatched(name)
        else:
            assert set(write.deletes) == {one.id for one in live.dispatched(name)}


@given(conventions, rooms)
def test_after_the_writes_there_is_nothing_to_write(asked: Convention, live: LiveRoom) -> None:
    """A second plan a moment later sends nothing."""
    plan = plan_room(asked, live, MADE + 50.0)
    if plan is None or live.dispatches is None:
        return
    gone = {one for write in plan.writes for one in write.deletes}
    kept = [one for one in live.dispatches if one.id not in gone]
    made = [dispatch(write.agent.agent_name, 50.0) for write in plan.writes]
    after = room(*kept, *made, *(live.agents or ()), waiting=live.waiting)
    again = plan_room(asked, after, MADE + 51.0)
    assert again is None or not again.writes
