"""What the lint says can never happen never happens: its words about calls, measured by the router."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.config.load import load
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding
from reconciler.planning import check
from reconciler.sip.era import Era
from reconciler.sip.occupancy import PENDING
from reconciler.sip.routing.call import Call, Outcome
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.rules import Rule
from reconciler.sip.routing.trunks import Trunk
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK
from tests.lint.reading import FILE

Drawn: TypeAlias = dict[str, Any]

CALLED = ["+15550100001", "+15550100002"]
CALLERS = ["+15550100098", "+15550100099"]
NETWORKS = ["203.0.113.0/25", "203.0.113.64/26", "203.0.113.128/25", "198.51.100.7"]
SOURCES = ["203.0.113.1", "203.0.113.65", "203.0.113.200", "198.51.100.7", "192.0.2.1"]
PINS = {"PIN_A": "11", "PIN_B": "22"}


def some(texts: list[str]) -> st.SearchStrategy[list[str]]:
    """One or several of them."""
    return st.lists(st.sampled_from(texts), min_size=1, max_size=2, unique=True)


@st.composite
def trunk(draw: st.DrawFn, numbers: list[str]) -> Drawn:
    """A trunk that LiveKit takes."""
    body: Drawn = {"numbers": draw(st.just("any") | some(numbers))}
    body["auth"] = {"username": "u", "password": {"env": "PASSWORD"}}
    if draw(st.booleans()):
        body["callers"] = draw(some(CALLERS))
    if draw(st.booleans()):
        body["allowed_addresses"] = draw(some(NETWORKS))
    return body


@st.composite
def rule(draw: st.DrawFn, trunks: list[str]) -> Drawn:
    """A rule of any kind."""
    kind = draw(st.sampled_from(["direct", "individual", "callee"]))
    room: Drawn = {"room" if kind == "direct" else "prefix": draw(st.sampled_from("ab"))}
    if draw(st.booleans()):
        room["pin"] = {"env": draw(st.sampled_from(sorted(PINS)))}
    body: Drawn = {"trunks": draw(st.just("any") | some(trunks)), "rooms": {kind: room}}
    for path, texts in (("callers", CALLERS), ("numbers", CALLED)):
        if draw(st.booleans()):
            body[path] = draw(some(texts))
    return body


@st.composite
def project(draw: st.DrawFn) -> Drawn:
    """A project of one or two trunks and some rules."""
    names = ["t1", "t2"][: draw(st.integers(1, 2))]
    trunks = {name: draw(trunk(CALLED)) for name in names}
    rules = {f"r{index}": draw(rule(names)) for index in range(draw(st.integers(2, 4)))}
    return {"version": 1, "sip": {"inbound_trunks": trunks, "dispatch_rules": rules}}


def read(drawn: Drawn) -> Configuration:
    """The project as a file has it."""
    return load({Path(FILE): json.dumps(drawn).encode()}, {**PINS, "PASSWORD": "p"})


def router(configuration: Configuration, era: Era) -> Router:
    """The project as calls see it."""
    return Router(
        [Trunk(f"{PENDING}{t.name}", t.name, t.fields) for t in configuration.sip[INBOUND_TRUNK.name]],
        [Rule(r.name, r.name, r.fields) for r in configuration.sip.get(DISPATCH_RULE.name, ())],
        era,
    )  # fmt: skip


def told(configuration: Configuration, era: Era) -> dict[str, list[Finding]]:
    """All findings of a project without conflicts, by their codes."""
    found: dict[str, list[Finding]] = {}
    for one in check(configuration, era):
        found.setdefault(one.code, []).append(one)
    assume(not found.keys() & {"conflict", "self-conflict"})
    return found


def names_of(found: Mapping[str, list[Finding]], code: str) -> set[str]:
    """The objects that a code is told of."""
    return {one.path.split(".")[2] for one in found.get(code, ())}


def reached(here: Router) -> Iterator[tuple[str, Call]]:
    """Each rule that takes a call, with that call: asked for a PIN the caller tries each, and `#` alone."""
    for caller in (*CALLERS, "+15550100097"):
        for called in (*CALLED, "+15550100003"):
            for source in SOURCES:
                plain = Call(caller, called, source)
                first = here.answer(plain)
                calls = [plain]
                if first.outcome is Outcome.PIN_REQUIRED:
                    calls = [Call(caller, called, source, pin=pin) for pin in PINS.values()]
                    calls.append(Call(caller, called, source, refuses_pin=True))
                for call in calls:
                    answer = here.answer(call)
                    if answer.outcome is Outcome.ACCEPTED and answer.rule is not None:
                        yield answer.rule.label, call


@settings(deadline=None, max_examples=500)
@given(project(), st.sampled_from(Era))
def test_a_rule_that_is_said_to_be_out_of_reach_gets_no_call(drawn: Drawn, era: Era) -> None:
    """Neither at once nor by its PIN; one that is said to be hidden gets those alone who type # alone."""
    configuration = read(drawn)
    found = told(configuration, era)
    lost = names_of(found, "shadowed-rule") | names_of(found, "unreachable-rule")
    hidden = names_of(found, "hidden-by-pin")
    if lost or hidden:
        for name, call in reached(router(configuration, era)):
            assert name not in lost, call
            assert name not in hidden or call.refuses_pin, call


@settings(deadline=None, max_examples=300)
@given(project(), st.sampled_from(Era))
def test_a_number_that_is_said_to_have_no_effect_has_none(drawn: Drawn, era: Era) -> None:
    """No call with it comes to the rule."""
    configuration = read(drawn)
    found = told(configuration, era)
    idle = set()
    for one in found.get("number-not-on-trunk", ()):
        _, _, name, rest = one.path.split(".")
        path, _, index = rest.rstrip("]").partition("[")
        idle.add((name, drawn["sip"]["dispatch_rules"][name][path][int(index)]))
    if idle:
        for name, call in reached(router(configuration, era)):
            assert (name, call.caller) not in idle
            assert (name, call.called) not in idle


SPELT = [*CALLED, CALLED[0].removeprefix("+")]


@settings(deadline=None, max_examples=500)
@given(
    st.dictionaries(st.sampled_from(["t1", "t2", "t3"]), trunk(SPELT), min_size=1),
    st.sampled_from(Era),
)
def test_trunks_are_said_to_be_ambiguous_just_where_a_call_fails(drawn: Drawn, era: Era) -> None:
    """Whatever numbers, spellings, callers and addresses they have, and whatever server it is."""
    configuration = read({"version": 1, "sip": {"inbound_trunks": drawn}})
    is_told = "ambiguous-trunks" in told(configuration, era)
    here = router(configuration, era)
    fails = any(
        here.answer(Call(caller, called, source)).outcome is Outcome.TRUNK_AMBIGUOUS
        for caller in (*CALLERS, "+15550100097")
        for called in (*SPELT, "+15550100003")
        for source in SOURCES
    )
    assert is_told == fails
