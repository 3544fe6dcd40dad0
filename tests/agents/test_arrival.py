"""What has to happen so that agents join a room, for each way in which they may come."""

from __future__ import annotations

import pytest

from reconciler.agents.arrival import arrival, arrival_by_rules
from reconciler.agents.conventions import Convention, Mechanism
from reconciler.core.values import AgentDispatch

ANNA, BERT, NOBODY = AgentDispatch("anna"), AgentDispatch("bert"), AgentDispatch("")


def convention(*dispatch: Mechanism, agent: AgentDispatch = ANNA) -> Convention:
    """A convention with one agent."""
    return Convention((agent,), dispatch, prefix="call-")


@pytest.mark.parametrize(
    ("mechanism", "needed", "obstacle"),
    [
        (Mechanism.SIP, "a dispatch rule that brings anna", "the agents of the rule are ignored"),
        (
            Mechanism.TOKEN,
            "anna in the RoomConfiguration of the token",
            "if the join creates the room",
        ),
        (Mechanism.APP, "CreateDispatch once", "the same agent comes twice"),
        (
            Mechanism.CONTROLLER,
            "the application must not",
            "an application that dispatches as well",
        ),
    ],
)
def test_each_mechanism_has_its_needs_and_its_obstacles(
    mechanism: Mechanism, needed: str, obstacle: str
) -> None:
    """A rule or a token counts for new rooms only; dispatches are not deduplicated; a named worker waits for one."""
    found = arrival(convention(mechanism))
    assert found.agents == ("anna",)
    assert any(needed in text for text in found.needed)
    assert any("letter by letter: anna" in text for text in found.needed)
    assert any(obstacle in text for text in found.obstacles)
    assert any("without a dispatch it is never called" in text for text in found.obstacles)


def test_an_unnamed_worker_joins_by_itself_unless_agents_are_named() -> None:
    """That is the one obstacle, and no dispatch is needed."""
    found = arrival(convention(Mechanism.AUTOMATIC, agent=NOBODY))
    assert found.agents == ("(unnamed)",)
    assert found.needed == (
        "a worker without a name is registered when the room is created: it joins by itself",
    )
    (obstacle,) = found.obstacles
    assert "with agents named" in obstacle


def test_an_unnamed_worker_can_come_uninvited() -> None:
    """Where the room is made without agents named, and the convention does not want it."""
    for mechanism in (Mechanism.APP, Mechanism.CONTROLLER):
        assert "uninvited" in arrival(convention(mechanism)).obstacles[-1]
    for mechanism in (Mechanism.SIP, Mechanism.TOKEN):
        assert not any("uninvited" in one for one in arrival(convention(mechanism)).obstacles)
    nobody = Convention((), (Mechanism.SIP,), prefix="silent-")
    assert "uninvited" in arrival(nobody).obstacles[0]
    assert any(
        "unnamed worker joins every new room" in one for one in arrival_by_rules([]).obstacles
    )


def test_of_several_mechanisms_just_one_may_act() -> None:
    """Each room gets each agent exactly once; required metadata is among what is needed."""
    both = Convention(
        (ANNA,), (Mechanism.SIP, Mechanism.APP), prefix="x", required_metadata=("id",)
    )
    found = arrival(both)
    assert found.needed[0] == "one of these, and no more than one:"
    assert found.needed[-1] == "the metadata of the agents has the keys id"


def test_a_line_has_agents_of_its_own() -> None:
    """A convention for lines only has none for a room without one."""
    lines = Convention(None, (Mechanism.SIP,), prefix="x", lines={"sales": (ANNA,)})
    assert arrival(lines, "sales").agents == ("anna",)
    assert arrival(lines).agents == ()
    assert "no agents for the line billing" in arrival(lines, "billing").obstacles[0]


def test_rules_of_several_lines_each_bring_their_own() -> None:
    """All agents that may come are told, and of each line that its rule brings them."""
    both = Convention((ANNA,), (Mechanism.SIP,), prefix="x", lines={"sales": (BERT,)})
    found = arrival(both, None, "sales")
    assert found.agents == ("anna", "bert")
    assert "a dispatch rule that brings anna" in found.needed[1]
    assert "a dispatch rule of the line sales that brings bert" in found.needed[2]
    assert arrival(both, "sales").agents == ("bert",)


def test_who_is_no_matter_of_rules_is_the_same_for_every_line() -> None:
    """Only the agents that a rule names are told apart by line."""
    tokens = Convention((ANNA,), (Mechanism.TOKEN,), prefix="x", lines={"sales": (BERT,)})
    assert arrival(tokens, "sales").agents == ("anna",)


def test_rules_bring_agents_without_a_convention() -> None:
    """What they bring comes, and no more than the one rule's that the call lands by."""
    found = arrival_by_rules([(ANNA,), (), (BERT, NOBODY), (ANNA,)])
    assert found.agents == ("anna", "bert", "(unnamed)")
    assert found.needed[:3] == (
        "one of these, and no more than one:",
        "a call lands in it by a dispatch rule that brings anna",
        "a call lands in it by a dispatch rule that brings bert, (unnamed)",
    )
    assert "leaves the agents of its rules" in found.obstacles[0]


def test_an_agent_that_stands_twice_is_told_twice() -> None:
    """It comes twice."""
    assert arrival(Convention((ANNA, ANNA), (Mechanism.SIP,), prefix="x")).agents == ("anna",) * 2


def test_an_unnamed_worker_that_is_wanted_has_obstacles_of_its_own() -> None:
    """It needs no dispatch, and stays away where others are named."""
    found = arrival(convention(Mechanism.TOKEN, agent=NOBODY))
    assert "a worker without a name is registered at that moment" in found.needed
    assert "only other agents named" in found.obstacles[-1]
    assert not any("named worker does not come by itself" in one for one in found.obstacles)
