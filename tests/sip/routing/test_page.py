"""The index answers as the page does: random hostile projects, every call, both eras."""

from __future__ import annotations

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from livekit.protocol.sip import SIPDispatchRule, SIPDispatchRuleInfo, SIPInboundTrunkInfo

from reconciler.sip.era import Era
from reconciler.sip.routing.call import Call, Outcome
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.steps import steps
from tests.sip.routing.page import Asked, Said, say
from tests.sip.routing.project import callee, direct, individual, kindless, router

NUMBERS = st.sampled_from(
    [
        "+15550100001",
        "15550100001",
        "1 (555) 010-0001",
        "+15550100002",
        "*98",
        "Anna",
        "",
        "+",
        "()",
        "5550100001",
        " +15550100001",
        "é9",
        "+155501000\n01",
    ]
)
ADDRESSES = st.sampled_from(
    [
        "203.0.113.7",
        "203.0.113.0/24",
        "203.0.113.0/33",
        "10.0.0.0/08",
        "0.0.0.0/0",
        "::/0",
        "2001:db8::/32",
        "[2001:db8::]/32",
        "[2001:db8::1]",
        "2001:db8::1%eth0",
        "::ffff:203.0.113.7",
        "pbx.example",
        "*",
        "sip://203.0.113.7",
        "203.0.113.7 ",
        "203.0.113.07",
        "",
        "/24",
        "[]",
        "]",
    ]
)
SOURCES = st.sampled_from(
    [
        "",
        "203.0.113.7",
        "198.51.100.1",
        "2001:db8::1",
        "2001:db8::1%eth0",
        "::ffff:203.0.113.7",
        "203.0.113.7:5060",
        "pbx.example",
        "1.2.3.4%eth0",
        "fe80::1%",
        "203.0.113.007",
    ]
)
HOSTS = st.sampled_from(["", "pbx.example", "203.0.113.7", "203.0.113.0/33", "2001:db8::1%eth0"])
PINS = st.sampled_from(["", "", "", "1234", "5678", "#"])
TRUNK_IDS = st.sampled_from(["ST_a", "ST_b", "ST_c", "ST_gone", ""])


def some(values: st.SearchStrategy[str], most: int = 2) -> st.SearchStrategy[list[str]]:
    """A short list, often empty, repeats allowed."""
    return st.just([]) | st.lists(values, max_size=most)


@st.composite
def trunks(draw: st.DrawFn) -> list[SIPInboundTrunkInfo]:
    """Up to three trunks."""
    return [
        SIPInboundTrunkInfo(
            sip_trunk_id=f"ST_{letter}",
            numbers=draw(some(NUMBERS, 3)),
            allowed_numbers=draw(some(NUMBERS)),
            allowed_addresses=draw(some(ADDRESSES)),
        )
        for letter in draw(st.permutations("abc"))[: draw(st.integers(0, 3))]
    ]


def bodies() -> st.SearchStrategy[SIPDispatchRule]:
    """A kind of room, now and then none."""
    prefixes = st.sampled_from(["", "call-", "é", "~"])
    return st.one_of(
        st.builds(direct, prefixes, PINS),
        st.builds(individual, prefixes, PINS, st.booleans()),
        st.builds(callee, prefixes, PINS, st.booleans()),
        st.integers(0, 9).map(lambda lot: kindless() if lot == 0 else direct()),
    )


@st.composite
def rules(draw: st.DrawFn) -> list[SIPDispatchRuleInfo]:
    """Up to five rules."""
    return [
        SIPDispatchRuleInfo(
            sip_dispatch_rule_id=f"SDR_{digit}",
            trunk_ids=draw(some(TRUNK_IDS, 3)),
            rule=draw(bodies()),
            inbound_numbers=draw(some(NUMBERS)),
            numbers=draw(some(NUMBERS)),
            hide_phone_number=draw(st.booleans()),
        )
        for digit in draw(st.permutations("12345"))[: draw(st.integers(0, 5))]
    ]


CALLS = st.builds(
    Asked, NUMBERS, NUMBERS, SOURCES, HOSTS, PINS, st.integers(0, 4).map(lambda n: n == 0)
)


def said(router: Router, asked: Asked) -> Said:
    """The router's answer as the page says it."""
    answer = router.answer(as_call(asked))
    return Said(
        str(answer.outcome),
        answer.trunk.id if answer.trunk is not None else None,
        answer.rule.id if answer.rule is not None else None,
        answer.room,
        answer.identity,
    )


def as_call(asked: Asked) -> Call:
    """The call as the router takes it."""
    return Call(asked.caller, asked.called, asked.source, asked.from_host, asked.pin, asked.no_pin)


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    trunks(),
    rules(),
    st.lists(CALLS, min_size=1, max_size=12),
    st.sampled_from([(Era.OLD, True), (Era.NEW, True), (Era.NEW, False)]),
)
def test_the_index_answers_as_the_page_says(
    trunks: list[SIPInboundTrunkInfo],
    rules: list[SIPDispatchRuleInfo],
    calls: list[Asked],
    behaviour: tuple[Era, bool],
) -> None:
    """Whatever the objects and the call: the same outcome, trunk, rule, room and identity, and steps to explain it."""
    era, by_from_host = behaviour
    built = router(*trunks, *rules, era=era, by_from_host=by_from_host)
    for asked in calls:
        expected = say(trunks, rules, asked, old=era is Era.OLD, by_from_host=by_from_host)
        assert said(built, asked) == expected
        event(expected.outcome)
        answer = built.answer(as_call(asked))
        assert all(
            text and 1 <= number <= 46 for number, text in steps(built, as_call(asked), answer)
        )


def test_every_outcome_is_among_the_random_ones() -> None:
    """The random projects are hostile enough to meet each outcome, many times."""
    seen: dict[str, int] = {}

    @settings(
        max_examples=400,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(trunks(), rules(), CALLS)
    def meet(
        trunks: list[SIPInboundTrunkInfo], rules: list[SIPDispatchRuleInfo], asked: Asked
    ) -> None:
        outcome = say(trunks, rules, asked, old=True, by_from_host=True).outcome
        seen[outcome] = seen.get(outcome, 0) + 1

    meet()
    assert set(seen) == set(Outcome)
    assert min(seen.values()) >= 5, seen
