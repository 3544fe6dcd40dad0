"""Which convention a rule's rooms fall under and which agents follow, and when that cannot be said of all of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.agents.conventions import Convention, Conventions, Mechanism
from reconciler.compose import Compiled, compile_rule, conventions_of
from reconciler.core.finding import Severity
from reconciler.core.objects import Desired, Fields
from reconciler.core.values import (
    AgentDispatch,
    AgentList,
    Reference,
    References,
    Unknown,
    Value,
    text_set,
)
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.rooms import room_names
from reconciler.sip.spec import DISPATCH_RULE
from tests.sip.calls import Call, enters, room_of
from tests.sip.test_rooms import CALLS, PREFIXES, TRUNKS, rules

SALES, SUPPORT = AgentDispatch("sales"), AgentDispatch("support")
CALLER = "+15550100099"


def prefix(
    text: str, *agents: AgentDispatch, dispatch: Sequence[Mechanism] = (Mechanism.SIP,)
) -> Convention:
    """A convention for rooms whose names start with a text."""
    return Convention(agents, tuple(dispatch), prefix=text)


def room(text: str, *agents: AgentDispatch) -> Convention:
    """A convention for one room."""
    return Convention(agents, (Mechanism.SIP,), room=text)


def compiled(
    fields: Fields,
    conventions: Sequence[Convention],
    *,
    line: str | None = None,
    trunks: dict[str, Fields] | None = None,
    era: Era = Era.NEW,
    unmanaged: tuple[str, ...] = (),
) -> Compiled:
    """What follows for a rule of these fields."""
    rule = Desired(DISPATCH_RULE.name, "calls", fields, unmanaged=unmanaged)
    return compile_rule(rule, line, Conventions(conventions), trunks or {}, era)


def individual(text: str, **more: Value) -> dict[str, Value]:
    """A rule that makes a room for each caller."""
    return {"rooms": "individual", "rooms.individual.prefix": text, **more}


def codes(found: Compiled) -> list[str]:
    """The codes of the findings."""
    return [one.code for one in found.findings]


def test_a_rule_gets_the_agents_of_its_convention() -> None:
    """The order of the file means nothing: the longest prefix wins."""
    for conventions in (
        [prefix("call-", SALES), prefix("call-_", SUPPORT)],
        [prefix("call-_", SUPPORT), prefix("call-", SALES)],
    ):
        found = compiled(individual("call-"), conventions)
        assert (found.agents, codes(found)) == (AgentList((SUPPORT,)), [])


def test_a_longer_prefix_that_no_room_of_the_rule_has_takes_nothing_away() -> None:
    """`call-outbound-` is no start of `call-_+1555…`: both may stand beside one rule."""
    found = compiled(
        individual("call-"), [prefix("call-", SALES), prefix("call-outbound-", SUPPORT)]
    )
    assert (found.agents, codes(found)) == (AgentList((SALES,)), [])


def test_an_exact_room_beats_a_prefix() -> None:
    """A direct rule into that room gets its agents."""
    direct: dict[str, Value] = {"rooms": "direct", "rooms.direct.room": "lobby"}
    assert compiled(direct, [prefix("lob", SALES), room("lobby", SUPPORT)]).agents == AgentList(
        (SUPPORT,)
    )
    assert compiled(direct, [prefix("lob", SALES), room("lobby2", SUPPORT)]).agents == AgentList(
        (SALES,)
    )


SPLITS = [
    ("call-_+1", {}, "a prefix that takes the callers of one country away"),
    ("call-_+15550100099", {}, "a prefix that takes one caller away"),
    (
        "call-_+15550100099_a",
        {"callers": text_set([CALLER])},
        "a prefix that reaches into the random tail",
    ),
    ("call-_0", {"hide_phone_number": True}, "a prefix that takes some hidden numbers away"),
]


@pytest.mark.parametrize(
    ("text", "more", "reason"), SPLITS, ids=[reason for _, _, reason in SPLITS]
)
def test_rooms_of_one_rule_under_two_conventions_are_an_error(
    text: str, more: dict[str, Value], reason: str
) -> None:
    """One list of agents cannot be right for all of them: nothing is compiled, and the remedy is told."""
    found = compiled(individual("call-", **more), [prefix("call-", SALES), prefix(text, SUPPORT)])
    assert (found.agents, codes(found)) == (None, ["split-rooms"])
    (finding,) = found.findings
    assert finding.severity is Severity.ERROR
    assert f"call-*, {text}*" in finding.message
    assert "one convention (call-_*)" in finding.fix


def test_some_rooms_under_a_convention_and_some_under_none_are_split_too() -> None:
    """The agent would come for callers with a plus and for nobody else."""
    found = compiled(individual("call-"), [prefix("call-_+", SALES)])
    assert codes(found) == ["split-rooms"]
    assert "call-_+*, no convention" in found.findings[0].message


def test_listed_callers_make_certain_names() -> None:
    """What is listed is computed: a caller that cannot call takes no part."""
    conventions = [prefix("call-", SALES), prefix("call-_+1666", SUPPORT)]
    assert codes(compiled(individual("call-"), conventions)) == ["split-rooms"]
    listed = individual("call-", callers=text_set([CALLER, "+15550100098"]))
    assert compiled(listed, conventions).agents == AgentList((SALES,))


def test_an_exact_room_splits_a_rule_that_can_make_it() -> None:
    """Without a random tail the room of one caller can be named."""
    conventions = [prefix("call-", SALES), room(f"call-_{CALLER}", SUPPORT)]
    certain = individual("call-", **{"rooms.individual.random_suffix": False})
    assert codes(compiled(certain, conventions)) == ["split-rooms"]
    assert compiled(individual("call-"), conventions).agents == AgentList((SALES,))
    # Old servers do not know the field and make the tail all the same (27).
    assert compiled(certain, conventions, era=Era.OLD).agents == AgentList((SALES,))


def test_the_numbers_of_the_trunks_count_where_the_rule_lists_none() -> None:
    """A callee rule for one trunk makes the rooms of that trunk's numbers."""
    fields: dict[str, Value] = {
        "rooms": "callee",
        "rooms.callee.prefix": "to",
        "trunks": References((Reference("carrier"),)),
    }
    conventions = [prefix("to_", SALES), prefix("to_+1666", SUPPORT)]
    trunks: dict[str, Fields] = {"carrier": {"numbers": phone_numbers(["+15550100001"])}}
    assert compiled(fields, conventions, trunks=trunks).agents == AgentList((SALES,))
    assert codes(compiled(fields, conventions, trunks={"carrier": {}})) == ["split-rooms"]
    assert codes(compiled(fields, conventions)) == ["split-rooms"]  # a trunk that no file lists


def test_the_era_decides_about_the_empty_prefix() -> None:
    """Old servers make `_+1555…` of it, new ones `+1555…` (27)."""
    conventions = [prefix("_", SALES), prefix("", SUPPORT)]
    assert compiled({"rooms": "individual"}, conventions, era=Era.OLD).agents == AgentList((SALES,))
    assert compiled({"rooms": "individual"}, conventions, era=Era.NEW).agents == AgentList(
        (SUPPORT,)
    )


def test_a_rule_under_no_convention_keeps_its_live_agents() -> None:
    """A warning says so; only an explicit empty list empties."""
    found = compiled(individual("call-"), [prefix("interview-", SALES)])
    assert (found.agents, codes(found)) == (None, ["no-convention"])
    assert found.findings[0].severity is Severity.WARNING
    assert "call-_<number>_<random>" in found.findings[0].message
    assert compiled(individual("call-"), [prefix("call-")]).agents == AgentList(())


@pytest.mark.parametrize("mechanism", [one for one in Mechanism if one is not Mechanism.SIP])
def test_agents_that_somebody_else_brings_are_not_the_rules(mechanism: Mechanism) -> None:
    """Each room gets each agent exactly once, so the rule's list is empty then."""
    convention = prefix("call-", SALES, dispatch=[mechanism])
    found = compiled(individual("call-"), [convention])
    assert (found.agents, found.convention) == (AgentList(()), convention)
    either = prefix("call-", SALES, dispatch=[mechanism, Mechanism.SIP])
    assert compiled(individual("call-"), [either]).agents == AgentList((SALES,))


def test_lines_tell_two_rules_with_one_prefix_apart() -> None:
    """A neutral label on the rule, agents for it in the convention."""
    convention = Convention(
        (SALES,), (Mechanism.SIP,), prefix="call-", lines={"support": (SUPPORT,), "none": ()}
    )
    assert compiled(individual("call-"), [convention]).agents == AgentList((SALES,))
    assert compiled(individual("call-"), [convention], line="support").agents == AgentList(
        (SUPPORT,)
    )
    assert compiled(individual("call-"), [convention], line="none").agents == AgentList(())


def test_a_line_that_the_convention_does_not_know_is_an_error() -> None:
    """So is a rule without one where the convention has agents for lines only."""
    convention = Convention(None, (Mechanism.SIP,), prefix="call-", lines={"sales": (SALES,)})
    for line in (None, "slaes"):
        found = compiled(individual("call-"), [convention], line=line)
        assert (found.agents, codes(found)) == (None, ["unknown-line"])
        assert "sales" in found.findings[0].fix


def test_a_line_means_nothing_where_the_rule_brings_no_agent() -> None:
    """Who brings it is told by other means."""
    convention = prefix("call-", SALES, dispatch=[Mechanism.CONTROLLER])
    assert codes(compiled(individual("call-"), [convention], line="sales")) == []


@pytest.mark.parametrize("conventions", [[], [prefix("call-_+", SALES)], [prefix("call-", SALES)]])
def test_agents_that_are_unmanaged_are_left_alone_without_a_word(
    conventions: list[Convention],
) -> None:
    """They belong to somebody else: no list, no error, no warning."""
    found = compiled(individual("call-"), conventions, unmanaged=("agents",))
    assert (found.agents, codes(found)) == (None, [])


@pytest.mark.parametrize(
    "fields", [{}, {"rooms": Unknown()}, individual("call-", callers=Unknown())]
)
def test_nothing_follows_for_a_rule_that_could_not_be_read(fields: dict[str, Value]) -> None:
    """Its mistake has been told where it stands."""
    assert compiled(fields, [prefix("", SALES)]) == Compiled(None, None)


# --- against the rooms of calls

CONVENTIONS = st.lists(
    PREFIXES.map(prefix)
    | st.sampled_from(["call-_+15550100099", "+15550100001", "call-", "c_100"]).map(room),
    max_size=4,
    unique_by=lambda one: (one.prefix, one.room),
)


@settings(deadline=None, max_examples=600)
@given(
    rules(),
    CONVENTIONS,
    st.none() | st.lists(TRUNKS, min_size=1, max_size=2),
    st.lists(CALLS, min_size=1, max_size=4),
    st.sampled_from(Era),
)
def test_where_one_convention_is_found_every_room_falls_under_it(
    fields: dict[str, Value],
    conventions: list[Convention],
    trunks: list[Fields] | None,
    calls: list[Call],
    era: Era,
) -> None:
    """No call that enters makes a room whose convention was not foreseen."""
    index = Conventions(conventions)
    names = room_names(fields, trunks, era)
    assert names is not None
    found = conventions_of(names, index)
    for call in calls:
        if enters(call, fields, trunks):
            assert index.of_room(room_of(call, fields, era)) in found
