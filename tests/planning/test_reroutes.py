"""Calls that meet something else after a plan: those that are told, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

import pytest

from reconciler.core.objects import Fields
from reconciler.core.values import Secret, SecretRef, text_set
from reconciler.planning import Draft, Options
from reconciler.planning.reroutes import (
    ANY_CALLER,
    ANY_NUMBER,
    ANY_SOURCE,
    Pin,
    PinSide,
    Reroute,
    reroutes,
)
from reconciler.planning.routes import Routes, agents_of, is_authenticated
from reconciler.sip.fields import phone_numbers
from reconciler.sip.ordering.calls import ELSEWHERE
from reconciler.sip.routing.call import Answer, Call, Outcome
from reconciler.sip.routing.rules import Rule
from reconciler.sip.routing.trunks import Trunk
from tests.planning.pairs import SHARDS, Pair, hostile_pair, pairs
from tests.support.simulation import CALLERS, NUMBERS, configuration_of, snapshot_of

SOURCES = ("203.0.113.0", "198.51.100.0", "198.51.100.7", ELSEWHERE)
HEARD = (Outcome.ACCEPTED, Outcome.PIN_REQUIRED)


def sides(pair: Pair) -> tuple[Routes, Routes]:
    """Both projects, ready to be called."""
    return Draft(pair.configuration, pair.live, pair.options).sides()


def meets(answer: Answer, *, rooms: bool = True) -> object:
    """What a caller notices, and by which rule. Objects that are created have no id yet, so names tell rules apart."""
    if answer.outcome not in HEARD:
        return answer.outcome
    rule = answer.rule.label if answer.rule is not None else None
    room = (answer.room, answer.identity) if rooms else None
    return (answer.outcome, rule, room, is_authenticated(answer), *agents_of(answer))


def story(before: Answer, after: Answer) -> object:
    """What changes for a call, whoever makes it."""
    return meets(before, rooms=False), meets(after, rooms=False)


def mentioned(*sides: Routes) -> list[str]:
    """The numbers that some object lists, in its own spelling, and one that stands for all others."""
    objects: list[Trunk | Rule] = []
    for side in sides:
        objects += [*side.router.trunks.all, *side.router.rules.all]
    return [*dict.fromkeys(text for one in objects for text in one.texts("numbers")), ANY_NUMBER]


def calls_of(one: Reroute) -> Iterator[Call]:
    """All calls that a group stands for."""
    sources = [ELSEWHERE if text == ANY_SOURCE else text for text in one.sources or SOURCES]
    for number, caller, source in product(
        one.numbers, one.callers or (*CALLERS, ANY_CALLER), sources
    ):
        yield Call(caller, number, source, pin=one.call.pin)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_call_that_differs_is_told_and_no_other(shard: int) -> None:
    """For random projects the groups are exactly the calls that the two simulators answer differently."""
    random = Random(shard)
    differing = 0
    for _ in range(pairs(200) // SHARDS):
        before, after = sides(hostile_pair(random, 4, broken=random.random() < 0.3))
        found = reroutes(before, after)
        assert found.uncalled == 0
        for one in found.found:
            for call in calls_of(one):
                now, then = before.answer(call), after.answer(call)
                assert story(now, then) == story(one.before, one.after), call
                assert meets(now) != meets(then), call
        told = {
            (number, story(one.before, one.after)) for one in found.found for number in one.numbers
        }
        for caller, number, source in product(
            (*CALLERS, ANY_CALLER), mentioned(before, after), SOURCES
        ):
            call = Call(caller, number, source)
            now, then = before.answer(call), after.answer(call)
            if meets(now) != meets(then):
                differing += 1
                is_asked = Outcome.PIN_REQUIRED in (now.outcome, then.outcome)
                assert is_asked or (number, story(now, then)) in told, call
                assert any(number in one.numbers for one in found.found), call
    assert differing > 100


def rule(prefix: str, **fields: object) -> Fields:
    """A rule for any trunk."""
    return {"rooms": "individual", "rooms.individual.prefix": prefix, **fields}  # type: ignore[dict-item]


def test_nothing_is_told_of_what_stays() -> None:
    """Two equal projects answer every call alike, and a comment on a trunk reroutes nobody."""
    trunks: dict[str, Fields] = {"t": {"numbers": phone_numbers(NUMBERS[:1]), "metadata": "old"}}
    live = snapshot_of(trunks, {"r": rule("call")})
    changed: dict[str, Fields] = {"t": {**trunks["t"], "metadata": "new"}}
    for desired in (trunks, changed):
        draft = Draft(configuration_of(desired, {"r": rule("call")}), live, Options())
        assert reroutes(*draft.sides()).found == ()


def test_calls_that_reach_nobody_any_more_come_first() -> None:
    """Of all that a plan does to calls nobody may miss that some are not answered."""
    numbers = {
        name: {"numbers": phone_numbers([number])}
        for name, number in zip("abc", NUMBERS, strict=False)
    }
    live = snapshot_of({"a": numbers["a"], "b": numbers["b"]}, {"r": rule("old")})
    draft = Draft(
        configuration_of({"b": numbers["b"], "c": numbers["c"]}, {"r": rule("new", numbers=text_set(NUMBERS[1:3]))}),
        live, Options(),
    )  # fmt: skip
    found = reroutes(*draft.sides()).found
    assert [one.after.outcome for one in found][:1] == [Outcome.NO_RULE]
    assert NUMBERS[0] in found[0].numbers


def test_numbers_that_fare_alike_are_told_together() -> None:
    """A rule that goes elsewhere with all its numbers is one line, whoever calls."""
    trunks: dict[str, Fields] = {"t": {"numbers": phone_numbers(NUMBERS)}}
    draft = Draft(
        configuration_of(trunks, {"r": rule("new")}),
        snapshot_of(trunks, {"r": rule("old")}),
        Options(),
    )
    (one,) = reroutes(*draft.sides()).found
    assert one.numbers == (*NUMBERS, ANY_NUMBER)
    assert (one.callers, one.sources, one.pin) == ((), (), None)
    assert one.before.room == f"old_{ANY_CALLER}_<random>"


def test_a_pin_is_entered_where_it_is_known() -> None:
    """Where a caller is asked for a PIN, what is told is what becomes of somebody who has it."""
    pin = {"rooms.individual.pin": Secret("1234", SecretRef(env="PIN"))}
    trunks: dict[str, Fields] = {"t": {"numbers": phone_numbers(NUMBERS[:1])}}
    draft = Draft(
        configuration_of(trunks, {"r": rule("new", **pin)}),
        snapshot_of(trunks, {"r": rule("old", **pin)}),
        Options(),
    )
    found = reroutes(*draft.sides()).found
    assert {one.pin for one in found} == {Pin("r", PinSide.BOTH)}
    assert {one.after.room for one in found} == {f"new_{ANY_CALLER}_<random>"}


def test_not_every_number_of_a_large_project_is_called() -> None:
    """The numbers that were not called are counted, so that silence is never taken for safety."""
    many = [f"+1555{number:07}" for number in range(9_000)]
    trunks: dict[str, Fields] = {"t": {"numbers": phone_numbers(many)}}
    draft = Draft(
        configuration_of(trunks, {"r": rule("new")}),
        snapshot_of(trunks, {"r": rule("old")}),
        Options(),
    )
    found = reroutes(*draft.sides())
    called = sum(len(one.numbers) for one in found.found)
    assert called + found.uncalled == len(many) + 1
    assert 1_000 < called < 5_000
