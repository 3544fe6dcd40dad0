"""What has to happen so that agents join a room, for each way in which they may come."""

from __future__ import annotations

import pytest

from reconciler.agents.arrival import arrival
from reconciler.agents.conventions import Convention, Mechanism
from reconciler.core.values import AgentDispatch

ANNA, NOBODY = AgentDispatch("anna"), AgentDispatch("")


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
    assert any("unnamed worker joins every new room" in one for one in arrival(None).obstacles)


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
