"""Numbers that are none, and numbers that a rule will never see."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reconciler.lint.numbers import is_possible
from tests.lint.reading import CALLS, CARRIER, GUARD, codes, findings, project


@pytest.mark.parametrize(
    "number",
    [
        "+15550100001",
        "15550100001",
        "+1 (555) 010-0001",
        "+4930901820",
        "+442079460000",
        "+390612345678",
        "+33123456789",
        "1001",
        "100000",
        "anonymous",
        "*98",
        "front.desk",
    ],
)
def test_numbers_and_what_means_to_be_none_are_left_alone(number: str) -> None:
    """SIP-SEMANTICS 1 and 2: extensions and names are numbers to LiveKit as well."""
    assert is_possible(number)
    assert codes(project(trunks=f'carrier: {{numbers: ["{number}"], {GUARD}}}')) == []


@pytest.mark.parametrize(
    "number",
    [
        "+1555010001",
        "+155501000012",
        "0015550100001",
        "+0015550100001",
        "+99912345678",
        "+1234567890123456",
        "+1",
        "1234567",
        "+442",
    ],
)
def test_a_number_of_no_country_is_told(number: str) -> None:
    """SIP-SEMANTICS 3: LiveKit adds no country code and keeps the zeros in front."""
    assert not is_possible(number)
    (finding,) = findings(
        project(trunks=f'carrier: {{numbers: ["+15550100001", "{number}"], {GUARD}}}')
    )
    assert finding.code == "impossible-number"
    assert finding.path == "sip.inbound_trunks.carrier.numbers[1]"


def test_numbers_are_looked_at_wherever_they_stand() -> None:
    """Callers, numbers of rules and of outbound trunks are numbers, too."""
    text = project(
        trunks=f'carrier: {{numbers: any, callers: ["+1555"], {GUARD}}}',
        rules='calls: {trunks: [carrier], numbers: ["+1556"], rooms: {individual: {prefix: c-}}}',
        outbound='out: {address: sip.example, numbers: ["+1557"]}',
    )
    assert codes(text) == ["impossible-number"] * 3


def test_most_projects_need_no_library_for_their_numbers() -> None:
    """What takes longer to import than a small file to read is imported for numbers that need it."""
    program = (
        "import sys; from reconciler.lint.numbers import is_possible; "
        "print(is_possible('+15550100001'), 'phonenumbers' in sys.modules, "
        "is_possible('+4930901820'), 'phonenumbers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False", "True", "True"]


def rule(body: str) -> str:
    """One rule on the carrier's trunk."""
    return f"calls: {{trunks: [carrier], {body}, rooms: {{individual: {{prefix: call-}}}}}}"


@pytest.mark.parametrize("number", ["+15550100001", "15550100001", "+1 555 010 0001"])
def test_own_numbers_do_not_call(number: str) -> None:
    """The commonest mistake in public reports: `inbound_numbers` are callers."""
    found = findings(project(rules=rule(f'callers: ["+15550100099", "{number}"]')))
    assert "callers-are-own-numbers" in [one.code for one in found]
    trunks = f'carrier: {{numbers: ["+15550100001"], callers: ["{number}"], {GUARD}}}'
    assert codes(project(trunks=trunks)) == ["callers-are-own-numbers"]


def test_one_finding_is_enough_for_a_list_of_own_numbers() -> None:
    """Who copied all numbers of the trunk is told once."""
    trunks = f'carrier: {{numbers: ["+15550100001", "+15550100002"], {GUARD}}}'
    text = project(trunks=trunks, rules=rule('callers: ["+15550100001", "+15550100002"]'))
    assert codes(text) == ["callers-are-own-numbers"]


def test_others_may_call() -> None:
    """Callers that are nobody's number are what the list is for."""
    assert codes(project(rules=rule('callers: ["+15550100099"]'))) == []


@pytest.mark.parametrize("path", ["numbers", "callers"])
@pytest.mark.parametrize("form", ["+1 555 010 0077", "1-555-010-0077", "(1)5550100077"])
def test_no_call_has_punctuation(path: str, form: str) -> None:
    """SIP-SEMANTICS 4 and 20: a rule compares literally, and a user part has digits."""
    assert codes(
        project(trunks=f"carrier: {{numbers: any, {GUARD}}}", rules=rule(f'{path}: ["{form}"]'))
    ) == ["number-form"]


@pytest.mark.parametrize(
    ("trunk", "listed"), [("+15550100001", "15550100001"), ("15550100001", "+15550100001")]
)
def test_trunk_and_rule_write_a_number_alike(trunk: str, listed: str) -> None:
    """A report of "toUser must match exactly, no extra plus": the trunk takes both, the rule one of them."""
    trunks = f'carrier: {{numbers: ["{trunk}"], {GUARD}}}'
    assert codes(project(trunks=trunks, rules=rule(f'numbers: ["{listed}"]'))) == ["number-form"]
    assert codes(project(trunks=trunks, rules=rule(f'numbers: ["{trunk}"]'))) == []


def test_a_number_that_the_trunk_keeps_out_has_no_effect() -> None:
    """Some of a rule's numbers, or all of them: then the rule is out of reach."""
    assert codes(project(rules=rule('numbers: ["+15550100001", "+15550100002"]'))) == [
        "number-not-on-trunk"
    ]
    (finding,) = findings(project(rules=rule('numbers: ["+15550100002", "+15550100003"]')))
    assert (finding.code, finding.path) == (
        "unreachable-rule",
        "sip.dispatch_rules.calls.numbers",
    )


def test_a_trunk_for_everybody_keeps_nobody_out() -> None:
    """One open trunk among several is enough; so is one that the file does not know."""
    trunks = f"{CARRIER}\nopen: {{numbers: any, {GUARD}}}"
    listed = rule('numbers: ["+15550100002"]')
    assert codes(project(trunks=trunks, rules=listed.replace("[carrier]", "[carrier, open]"))) == []
    assert codes(project(rules=listed.replace("[carrier]", "[carrier, ST_else]"))) == []


def test_who_calls_back_reaches_somebody() -> None:
    """An outbound trunk with a number of no inbound trunk; any trunk for all numbers will do."""
    out = 'out: {address: sip.example, numbers: ["+15550100002"]}'
    assert codes(project(outbound=out)) == ["no-callback"]
    assert codes(project(outbound=out.replace("0002", "0001"))) == []
    assert codes(project(trunks=f"carrier: {{numbers: any, {GUARD}}}", outbound=out)) == []
    assert codes(project(trunks="", rules="", outbound=out)) == []


def test_the_same_numbers_in_two_places_are_fine() -> None:
    """A sound file has no findings."""
    assert codes(project(rules=CALLS)) == []
