"""Routing tests of a file: what holds, what fails and in which words, and what cannot be run."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.config.load import load
from reconciler.core.finding import Finding
from reconciler.core.objects import Live, Snapshot
from reconciler.core.plan import RoutingTest
from reconciler.core.values import Reference, References, TextList
from reconciler.planning import Options, check_routes, make_plan
from tests.config.reading import read

SIP = """\
version: 1
sip:
  inbound_trunks:
    carrier: {numbers: ["+15550100001"], allowed_addresses: ["203.0.113.0/24"]}
  dispatch_rules:
    calls: {trunks: [carrier], rooms: {individual: {prefix: call-}}}
    lobby: {trunks: any, numbers: ["+15550100002"], rooms: {direct: {room: lobby, pin: {env: PIN}}}}
    web: {trunks: any, numbers: ["+15550100003"], rooms: {direct: {room: web-1}}}
agents:
  names: {anna: {agent_name: Anna}, quiet: {agent_name: ""}}
  rooms:
    - {prefix: call-, agents: [anna], dispatch: sip}
    - {prefix: lobby, agents: [], dispatch: sip}
    - {room: web-1, agents: [quiet], dispatch: controller}
tests:
"""


def ran(
    *tests: str, environ: Mapping[str, str] | None = None
) -> tuple[tuple[RoutingTest, ...], tuple[Finding, ...]]:
    """The outcome of tests, each given as the inside of a flow mapping."""
    text = SIP + "".join(f'  - {{from: "+15550100099", {one}}}\n' for one in tests)
    return check_routes(read(text, environ), Options())


@pytest.mark.parametrize(
    "test",
    [
        'to: "+15550100001"',
        'to: "+15550100001", room: call-, agents: [anna], trunk: carrier, rule: calls, convention: call-',
        'to: "+15550100001", room: call-_+15550100099_',
        'to: "+15550100001", source_ip: 198.51.100.1, outcome: no_rule, agents: []',
        'to: "+15550100002", outcome: pin_required, rule: lobby',
        'to: "+15550100002", pin: {env: PIN}, room: lobby, agents: []',
        'to: "+15550100003", room: web-1, agents: [quiet], convention: web-1',
        'to: "x", outcome: no_rule',
        'to: "x", source_ip: nonsense, outcome: invalid_source_ip',
    ],
)
def test_what_holds(test: str) -> None:
    """A room may be given by what it starts with; agents are those that come, whoever brings them."""
    (outcome,), findings = ran(test)
    assert outcome.passed, outcome
    assert findings == ()


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ('to: "x"', "expected accepted, found no_rule"),
        (
            'to: "+15550100001", room: call_',
            'expected room "call_", found "call-_+15550100099_<random>"',
        ),
        ('to: "+15550100003", room: web', ""),
        ('to: "+15550100003", room: ""', 'expected room "", found "web-1"'),
        ('to: "+15550100001", agents: []', "expected agents none, found Anna"),
        (
            'to: "+15550100001", agents: [anna, quiet]',
            "expected agents (unnamed), Anna, found Anna",
        ),
        ('to: "+15550100001", trunk: other', 'expected trunk "other", found "carrier"'),
        ('to: "+15550100003", trunk: carrier', 'expected trunk "carrier", found none'),
        ('to: "+15550100001", rule: web', 'expected rule "web", found "calls"'),
        ('to: "+15550100001", convention: call', 'expected convention "call", found "call-"'),
        (
            'to: "+15550100002", room: lobby',
            'expected accepted, found pin_required; expected room "lobby", found none',
        ),
    ],
)
def test_what_fails_says_what_was_found(test: str, message: str) -> None:
    """With the place of the test in the file."""
    (outcome,), _ = ran(test)
    assert outcome.message == (f"dispatch.yaml:16:5: {message}" if message else "")
    assert outcome.passed is not bool(message)


def test_a_pin_is_compared_by_its_value_or_by_its_reference() -> None:
    """One variable is the same PIN whether it is set or not; another one cannot be compared, and a warning says so."""
    same = 'to: "+15550100002", pin: {env: PIN}, room: lobby'
    other = 'to: "+15550100002", pin: {env: OTHER}, room: lobby'
    for environ in ({}, {"PIN": "1234"}):
        assert ran(same, environ=environ)[0][0] == RoutingTest("+15550100099 to +15550100002", True)
    for environ in ({}, {"PIN": "1234"}, {"OTHER": "1234"}):
        (outcome,), (finding,) = ran(other, environ=environ)
        assert outcome.passed
        assert outcome.message.startswith("not run: ")
        assert (finding.code, str(finding.mark)) == ("untested-route", "dispatch.yaml:16:5")
    assert ran(other, environ={"PIN": "1234", "OTHER": "1234"})[0][0].passed
    assert not ran(other, environ={"PIN": "1234", "OTHER": "5678"})[0][0].passed


def test_a_test_that_cannot_run_may_be_silenced() -> None:
    """The warning is one like others."""
    other = '  - {from: "1", to: "+15550100002", pin: {env: OTHER}, room: lobby}\n'
    for ignore, codes in (("", ["untested-route"]), ("lint: {ignore: [untested-route]}\n", [])):
        _, findings = check_routes(read(SIP + other + ignore, {}), Options())
        assert [finding.code for finding in findings] == codes


def test_a_plan_tests_what_will_be_live() -> None:
    """A trunk that the file does not manage answers as it lives, and a new one under the name that it will have."""
    text = """\
version: 1
sip:
  dispatch_rules:
    calls: {trunks: [carrier], rooms: {individual: {prefix: call-}}}
tests:
  - {from: "1", to: "+15550100001", trunk: carrier, rule: calls}
  - {from: "1", to: "+15550100002", rule: old}
"""
    number = TextList(("+15550100001",), ("+15550100001",))
    trunk = Live("inbound_trunk", "ST_1", "carrier", {"numbers": number})
    rule = Live(
        "dispatch_rule",
        "SDR_1",
        "old",
        {"rooms": "direct", "trunks": References((Reference("", "ST_2"),))},
    )
    live = Snapshot("host", {"inbound_trunk": [trunk], "dispatch_rule": [rule]})
    plan = make_plan(read(text), live, Options())
    assert [test.passed for test in plan.tests] == [True, False]
    assert plan.tests[1].message.endswith(
        'expected accepted, found no_rule; expected rule "old", found none'
    )
    managed = text.replace(
        "  dispatch_rules:",
        '  inbound_trunks: {carrier: {numbers: ["+15550100001"]}}\n  dispatch_rules:',
    )
    for existing in ({}, {"inbound_trunk": [trunk]}):
        plan = make_plan(read(managed), Snapshot("host", existing), Options())
        assert plan.tests[0].passed, plan.tests


def test_the_server_decides_what_a_test_means() -> None:
    """Up to 1.13.11 an allowed address in From opens the trunk."""
    text = (
        SIP
        + '  - {from: "1", to: "+15550100001", source_ip: 198.51.100.1, from_host: 203.0.113.0/24}\n'
    )
    configuration = read(text)
    for by_from_host in (False, True):
        (test,), _ = check_routes(configuration, Options(by_from_host=by_from_host))
        assert test.passed is by_from_host


def test_a_file_without_tests_costs_nothing() -> None:
    """No router is made."""
    assert check_routes(load({}, {}), Options()) == ((), ())
