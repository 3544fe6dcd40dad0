"""What the controller decides about a room: each way to decide, and the moments at which a decision changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.agents.conventions import Convention, Mechanism, WhenAgentLeaves
from reconciler.agents.healing import LEFT_GRACE, LONGEST_BACKOFF, Act, Decision, decide
from reconciler.agents.live import LiveAgent, LiveDispatch, LiveRoom
from reconciler.agents.memory import AgentMemory, Memory
from reconciler.agents.verdict import JOB_TIMEOUT
from reconciler.core.values import AgentDispatch, Metadata

A, B = AgentDispatch("a"), AgentDispatch("b")
TOLD = AgentDispatch("a", Metadata("what the application says"))
BEGIN = 1000.0
PATIENCE = 10.0
TRIES = 3

OWN = Convention((A,), (Mechanism.CONTROLLER,), prefix="call-")
APPS = Convention((A,), (Mechanism.APP,), prefix="call-")
REPLACING = replace(OWN, when_agent_leaves=WhenAgentLeaves.REPLACE)


def room(
    *dispatches: LiveDispatch, agents: tuple[LiveAgent, ...] = (), waiting: int = 1
) -> LiveRoom:
    """A room that was looked into."""
    return LiveRoom("call-1", "RM_1", BEGIN, waiting, dispatches, agents)


def asked(
    at: float = BEGIN, job: float | None = None, by: str = "", agent: AgentDispatch = A
) -> LiveDispatch:
    """A dispatch, and since when a worker has its job."""
    return LiveDispatch(f"AD_{at:g}", agent, at, job, (by,) if by else ())


def knowing(**known: object) -> Memory:
    """What is remembered of agent a."""
    return Memory(agents={"a": AgentMemory(**known)})  # type: ignore[arg-type]


def decided(
    convention: Convention, seen: LiveRoom, now: float = BEGIN, memory: Memory | None = None
) -> Decision:
    """A decision with three tries."""
    return decide(convention, seen, memory or Memory(), now, TRIES)


def acts(decision: Decision) -> list[tuple[str, str, tuple[str, ...]]]:
    """What is written: why, whom, and what is deleted before."""
    return [(one.act.value, one.agent.agent_name, one.deletes) for one in decision.writes]


def test_nobody_asked_yet() -> None:
    """Who is wanted is asked for at once, whether anybody waits or not, each name once."""
    both = replace(OWN, agents=(A, B, A))
    found = decided(both, room(waiting=0))
    assert sorted(acts(found)) == [("dispatch", "a", ()), ("dispatch", "b", ())]
    assert [one.attempt for one in found.writes] == [1, 1]
    assert "call-*" in found.writes[0].reason


@pytest.mark.parametrize("way", [one for one in Mechanism if one is not Mechanism.CONTROLLER])
def test_others_are_to_ask(way: Mechanism) -> None:
    """Where the convention leaves it to somebody else, nothing is asked for, however long it takes: it is told."""
    theirs = replace(OWN, dispatch=(way,))
    early = decided(theirs, room(), BEGIN + PATIENCE - 0.1)
    assert (acts(early), early.missed, early.look_at) == ([], [], BEGIN + PATIENCE)
    late = decided(theirs, room(), BEGIN + PATIENCE)
    assert (acts(late), late.given_up, late.look_at) == ([], [], None)
    assert [one.agent_name for one in late.missed] == ["a"]
    assert way.value in late.missed[0].reason


def test_what_nobody_asked_for_is_told_once() -> None:
    """Not again at every look, and not where nobody waits."""
    theirs = replace(OWN, dispatch=(Mechanism.SIP,))
    told = Memory()
    told.of("a").missed = True
    assert decide(theirs, room(), told, BEGIN + 100, 5) == Decision()
    assert decided(theirs, room(waiting=0), BEGIN + 100) == Decision()


def test_an_application_goes_first() -> None:
    """Where both may, the application has `join_timeout` from the room's beginning."""
    both = replace(OWN, dispatch=(Mechanism.APP, Mechanism.CONTROLLER))
    found = decided(both, room(), BEGIN + PATIENCE - 0.1)
    assert (acts(found), found.look_at) == ([], BEGIN + PATIENCE)
    assert acts(decided(both, room(), BEGIN + PATIENCE)) == [("dispatch", "a", ())]


@pytest.mark.parametrize("agents", [(LiveAgent("x", "a", BEGIN),), (LiveAgent("x", None, BEGIN),)])
def test_somebody_is_there(agents: tuple[LiveAgent, ...]) -> None:
    """Nothing is done where the agent is there, or somebody who may be it."""
    for dispatches in ((), (asked(),), (asked(job=BEGIN),)):
        assert decided(REPLACING, room(*dispatches, agents=agents), BEGIN + 500) == Decision()


def test_a_dispatch_that_nobody_took() -> None:
    """It is made again when its time is over and somebody waits, as it was asked for."""
    dropped = asked(agent=TOLD)
    early = decided(APPS, room(dropped), BEGIN + PATIENCE - 0.1)
    assert (acts(early), early.look_at) == ([], BEGIN + PATIENCE)
    found = decided(APPS, room(dropped), BEGIN + PATIENCE)
    assert acts(found) == [("retry", "a", ("AD_1000",))]
    assert found.writes[0].agent == TOLD
    assert decided(APPS, room(dropped, waiting=0), BEGIN + 500) == Decision()


def test_of_several_that_nobody_took_all_are_deleted() -> None:
    """One is made in the place of all; the youngest says what the agent is told and how long to wait."""
    old, young = asked(), asked(BEGIN + 5, agent=TOLD)
    assert decided(APPS, room(young, old), BEGIN + PATIENCE).look_at == BEGIN + 5 + PATIENCE
    found = decided(APPS, room(young, old), BEGIN + 5 + PATIENCE)
    assert acts(found) == [("retry", "a", ("AD_1000", "AD_1005"))]
    assert found.writes[0].agent == TOLD


def test_a_short_join_timeout_waits_for_the_job_to_show() -> None:
    """A job shows 5 s late, and clocks differ by 2 s: before that, nothing is made again."""
    hasty = replace(APPS, join_timeout=1_000_000_000)
    assert not acts(decided(hasty, room(asked()), BEGIN + 7.0))
    assert acts(decided(hasty, room(asked()), BEGIN + 8.0))


@pytest.mark.parametrize(
    ("tries", "wait"), [(1, PATIENCE), (2, 2 * PATIENCE), (5, LONGEST_BACKOFF), (60, 60.0)]
)
def test_each_try_waits_longer(tries: int, wait: float) -> None:
    """Twice as long as the one before, and never longer than a minute."""
    memory = knowing(tries=tries, tried_at=BEGIN)
    early = decide(OWN, room(asked()), memory, BEGIN + wait - 0.1, 100)
    assert (acts(early), early.look_at) == ([], BEGIN + wait)
    late = decide(OWN, room(asked()), memory, BEGIN + wait, 100)
    assert [one.attempt for one in late.writes] == [tries + 1]


def test_the_tries_come_to_an_end() -> None:
    """After the last one the agent is given up, once: from then on nothing is said any more."""
    memory = knowing(tries=TRIES, tried_at=BEGIN)
    found = decided(OWN, room(asked()), BEGIN + 500, memory)
    assert not found.writes
    (given_up,) = found.given_up
    assert given_up.reason.startswith("a was dispatched 3 times: no worker took the job")
    memory.of("a").gave_up = True
    assert decided(OWN, room(asked()), BEGIN + 500, memory) == Decision()


@pytest.mark.parametrize("convention", [OWN, REPLACING, APPS])
def test_a_job_that_was_taken_has_its_time(convention: Convention) -> None:
    """For a minute nothing touches it, whether anybody waits or not."""
    taken = room(asked(job=BEGIN + 1))
    found = decided(convention, taken, BEGIN + JOB_TIMEOUT + 0.9)
    assert (acts(found), found.given_up, found.look_at) == ([], [], BEGIN + 1 + JOB_TIMEOUT)


def test_a_job_has_as_long_as_the_convention_says() -> None:
    """A `join_timeout` of more than a minute counts."""
    slow = replace(REPLACING, join_timeout=90_000_000_000)
    assert decided(slow, room(asked(job=BEGIN)), BEGIN + 89).look_at == BEGIN + 90
    assert acts(decided(slow, room(asked(job=BEGIN)), BEGIN + 90))


def test_a_job_whose_agent_never_joined() -> None:
    """It is replaced where the convention says so, else given up; and neither where nobody waits."""
    stuck, late = asked(job=BEGIN), BEGIN + JOB_TIMEOUT
    assert acts(decided(REPLACING, room(stuck), late)) == [("replace", "a", ("AD_1000",))]
    (given_up,) = decided(OWN, room(stuck), late).given_up
    assert "look at the worker's log" in given_up.reason
    assert decided(REPLACING, room(stuck, waiting=0), late) == Decision()


def test_a_worker_that_took_one_of_two() -> None:
    """As long as one of them may become an agent, the other one is left alone."""
    found = decided(REPLACING, room(asked(), asked(BEGIN + 1, job=BEGIN + 2)), BEGIN + 30)
    assert (acts(found), found.look_at) == ([], BEGIN + 2 + JOB_TIMEOUT)


LEFT = {"joined_at": BEGIN + 1, "left_at": BEGIN + 20, "gone": {"agent-1": BEGIN + 20}}


def test_an_agent_that_left_is_not_brought_back() -> None:
    """Unless the convention says so; its dispatch and its job are still listed."""
    for dispatches in ((), (asked(job=BEGIN, by="agent-1"),), (asked(job=BEGIN),)):
        found = decided(OWN, room(*dispatches), BEGIN + 500, knowing(**LEFT))
        assert found == Decision()


def test_an_agent_that_left_is_replaced() -> None:
    """A moment after it left, its old dispatches are deleted and one is made with what was asked for."""
    spent = asked(job=BEGIN, by="agent-1", agent=TOLD)
    early = decided(REPLACING, room(spent), BEGIN + 20.5, knowing(**LEFT))
    assert (acts(early), early.look_at) == ([], BEGIN + 20 + LEFT_GRACE)
    found = decided(REPLACING, room(spent), BEGIN + 20 + LEFT_GRACE, knowing(**LEFT))
    assert acts(found) == [("replace", "a", ("AD_1000",))]
    assert found.writes[0].agent == TOLD
    assert acts(decided(REPLACING, room(), BEGIN + 21, knowing(**LEFT))) == [("replace", "a", ())]
    assert decided(REPLACING, room(spent, waiting=0), BEGIN + 500, knowing(**LEFT)) == Decision()


def test_an_agent_that_quits_over_and_over() -> None:
    """It is brought back ever more slowly, and given up in the end."""
    memory = knowing(**LEFT, tries=2, tried_at=BEGIN + 15)
    assert decided(REPLACING, room(), BEGIN + 30, memory).look_at == BEGIN + 15 + 2 * PATIENCE
    assert acts(decided(REPLACING, room(), BEGIN + 35, memory)) == [("replace", "a", ())]
    memory.of("a").tries = TRIES
    assert decided(REPLACING, room(), BEGIN + 500, memory).given_up


def test_whose_job_it_is_counts_for_more_than_its_age() -> None:
    """A job that another worker still works on is not spent because somebody else came and left meanwhile."""
    slow = asked(job=BEGIN, by="agent-2")
    found = decided(REPLACING, room(slow), BEGIN + 30, knowing(**LEFT))
    assert (acts(found), found.look_at) == ([], BEGIN + JOB_TIMEOUT)
    # Old servers tell whole seconds: the agent seems to have come before it was asked for.
    rounded = asked(BEGIN + 1.4, job=BEGIN + 1.5, by="agent-1")
    assert acts(decided(REPLACING, room(rounded), BEGIN + 30, knowing(**LEFT)))


def test_what_was_deleted_is_made_again() -> None:
    """Whoever finds that a dispatch was deleted to be made again does so, whoever's room it is."""
    memory = knowing(owed=TOLD, tries=1)
    found = decided(APPS, room(waiting=0), BEGIN, memory)
    assert acts(found) == [("retry", "a", ())]
    assert (found.writes[0].agent, found.writes[0].attempt) == (TOLD, 2)
    # It was not deleted after all, or is there again: it has its time like any other.
    assert not acts(decided(APPS, room(asked()), BEGIN + 1, memory))


def test_a_new_dispatch_after_an_agent_left() -> None:
    """The application asks again: that is a dispatch like any other, and the old one goes when it is made anew."""
    spent, again = asked(job=BEGIN, by="agent-1"), asked(BEGIN + 30)
    assert decided(APPS, room(spent, again), BEGIN + 31, knowing(**LEFT)).look_at == BEGIN + 40
    found = decided(APPS, room(spent, again), BEGIN + 40, knowing(**LEFT))
    assert acts(found) == [("retry", "a", (spent.id, again.id))]


def test_the_earliest_look_counts() -> None:
    """Of several moments to look again."""
    decision = Decision()
    for moment in (5.0, 3.0, 4.0):
        decision.wait_until(moment)
    assert decision.look_at == 3.0


def test_every_act_has_a_name() -> None:
    """The words are labels of a counter."""
    assert [one.value for one in Act] == ["dispatch", "retry", "replace"]
