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


# --- texts that are meant as numbers


@pytest.mark.parametrize(
    "text",
    [
        "+1.555.010.0001",
        " +15550100001",
        "+1 555 010/0001",
        "+1\\u00a0555\\u00a0010\\u00a00001",
        "+1\\u2011555\\u20110100001",
        "tel:+15550100001",
        "sip:+15550100001@carrier.example",
        "+15550100001@carrier.example",
        "++15550100001",
    ],
)
@pytest.mark.parametrize("place", ["trunk", "callers", "rule", "outbound"])
def test_what_is_meant_as_a_number_and_is_none_to_livekit(text: str, place: str) -> None:
    """SIP-SEMANTICS 2: with other punctuation it is a name, which no call has; told wherever it stands."""
    files = {
        "trunk": project(trunks=f'carrier: {{numbers: ["{text}"], {GUARD}}}'),
        "callers": project(trunks=f'carrier: {{numbers: any, callers: ["{text}"], {GUARD}}}'),
        "rule": project(rules=rule(f'numbers: ["{text}"]')),
        "outbound": project(
            trunks="", rules="", outbound=f'out: {{address: sip.example, numbers: ["{text}"]}}'
        ),
    }
    (finding,) = findings(files[place])
    assert (finding.code, finding.fix) == ("number-form", "write +15550100001")


@pytest.mark.parametrize(
    "text", ["+1555*", "+1555.*", "+1555XXXX", "^+1555.+$", "+1555\\d{7}", "15550[0-9]*"]
)
def test_a_number_is_no_pattern(text: str) -> None:
    """A report of a trunk for all numbers that start alike: LiveKit has given patterns up."""
    (finding,) = findings(project(trunks=f"carrier: {{numbers: ['{text}'], {GUARD}}}"))
    assert (finding.code, finding.fix) == ("number-form", "list the numbers one by one")


@pytest.mark.parametrize("text", ["+1(555)0100001", "+1(555)010-0001"])
def test_a_number_with_parentheses_is_a_number(text: str) -> None:
    """SIP-SEMANTICS 1."""
    assert codes(project(trunks=f'carrier: {{numbers: ["{text}"], {GUARD}}}')) == []


@pytest.mark.parametrize(
    "text", ["anna.1", "+1.5", "10.0.0.1", "*98.12", "*98*1", "98*", "desk-7654321", "@"]
)
def test_names_with_digits_are_names(text: str) -> None:
    """Letters, or too few digits for a number."""
    assert codes(project(trunks=f'carrier: {{numbers: ["{text}"], {GUARD}}}')) == []


# --- what stands elsewhere in the file


def test_own_numbers_of_a_trunk_for_any_number_stand_elsewhere() -> None:
    """Where the trunk does not tell them, the rules and the outbound trunks do."""
    wide = f"carrier: {{numbers: any, {GUARD}}}"
    out = 'out: {address: sip.example, numbers: ["+15550100001"]}'
    callers = rule('callers: ["+15550100001"]')
    assert codes(project(trunks=wide, rules=callers)) == []
    assert codes(project(trunks=wide, rules=callers, outbound=out)) == ["callers-are-own-numbers"]
    other = "desk: {trunks: [carrier], numbers: [15550100001], rooms: {individual: {prefix: d-}}}"
    both = callers + "\n" + other.replace("15550100001", '"+15550100001"')
    assert codes(project(trunks=wide, rules=both)) == ["callers-are-own-numbers"]
    away = out.replace("0001", "0007")
    assert codes(project(rules=rule('callers: ["+15550100007"]'), outbound=away)) == ["no-callback"]


def test_a_rule_for_any_trunk_writes_a_number_like_the_trunk_that_has_it() -> None:
    """It is read beside the rules of every trunk; one spelling among several trunks is enough."""
    wild = rule('numbers: ["15550100001"]').replace("[carrier]", "any")
    assert codes(project(rules=wild)) == ["catch-all-rule", "number-form"]
    assert codes(project(rules=wild.replace('["1', '["+1'))) == ["catch-all-rule"]
    two = f'{CARRIER}\nother: {{numbers: ["15550100001"], callers: ["+15550100099"], {GUARD}}}'
    assert "number-form" not in codes(project(trunks=two, rules=wild))


def test_the_trunk_that_has_a_number_is_named() -> None:
    """Of several trunks the one that writes it otherwise."""
    trunks = f'{CARRIER}\nother: {{numbers: ["15550100002"], {GUARD}}}'
    listed = rule('numbers: ["+15550100001", "+15550100002"]')
    text = project(trunks=trunks, rules=listed.replace("[carrier]", "[carrier, other]"))
    (finding,) = findings(text)
    assert finding.message.startswith('"other" has this number as 15550100002')


@pytest.mark.parametrize(
    "rules",
    [
        rule('numbers: ["+15550100002"], unmanaged: [numbers]'),
        rule('numbers: ["+15550100002"], unmanaged: [trunks]'),
    ],
)
def test_of_lists_that_somebody_else_decides_about_nothing_is_said(rules: str) -> None:
    """That of the rule, the trunks of the rule, and that of the trunk."""
    assert codes(project(rules=rules)) == []
    trunks = CARRIER.replace("}", ", unmanaged: [numbers]}")
    assert codes(project(trunks=trunks, rules=rule('numbers: ["+15550100002"]'))) == []
