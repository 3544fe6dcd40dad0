"""The `tests` section: what is read, and what is refused with its place and a remedy."""

from __future__ import annotations

import pytest

from reconciler.core.values import SecretRef
from tests.config.reading import read, read_all, told

HEAD = """\
version: 1
agents:
  names: {a: {agent_name: Alice}, quiet: {agent_name: ""}}
  rooms: []
tests:
"""


def test_a_test_has_all_its_keys() -> None:
    """Agents are known by their keys and by the names of their workers; a PIN is a reference."""
    text = HEAD + (
        '  - {name: first, from: "1", to: "", source_ip: 203.0.113.7, from_host: pbx, pin: {env: PIN},\n'
        "     outcome: pin_required, trunk: t, rule: r, room: x, convention: c, agents: [a, quiet, Alice]}\n"
    )
    configuration = read(text, {"PIN": "1234"})
    assert told(configuration) == []
    (test,) = configuration.tests
    assert (test.name, test.caller, test.called, test.source_ip) == (
        "first",
        "1",
        "",
        "203.0.113.7",
    )
    assert (test.from_host, test.outcome, test.trunk, test.rule) == (
        "pbx",
        "pin_required",
        "t",
        "r",
    )
    assert (test.room, test.convention) == ("x", "c")
    assert test.agents == ("Alice", "(unnamed)", "Alice")
    assert test.pin is not None
    assert (test.pin.reveal(), test.pin.ref) == ("1234", SecretRef(env="PIN"))
    assert str(test.mark) == "dispatch.yaml:6:5"


def test_a_test_needs_no_more_than_a_call() -> None:
    """What is not written is not looked at, and the call is the name."""
    (test,) = read(HEAD + '  - {from: "1", to: "2"}\n').tests
    assert test.name == "1 to 2"
    assert (test.outcome, test.trunk, test.rule, test.room, test.agents) == (None,) * 5


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        (
            '{from: "1"}',
            '6:5: error[missing-key] a test needs "to" (tests[0]) - add to; "" is a call without one',
        ),
        (
            '{from: "1", to: "2", rooms: x}',
            '6:26: error[unknown-key] a test has no "rooms" (tests[0].rooms) - did you mean "room"?',
        ),
        (
            '{from: "1", to: "2", agents: [alice]}',
            '6:35: error[unknown-agent] agents.names has no "alice" (tests[0].agents[0]) - did you mean "Alice"?',
        ),
        (
            '{from: "1", to: "2", agents: a}',
            '6:34: error[wrong-type] expected a list of agents, found "a" (tests[0].agents) - write [] for none',
        ),
        (
            '{from: "1", to: "2", outcome: acepted}',
            '6:35: error[unknown-word] "acepted" is not one of accepted, pin_required, no_rule, trunk_ambiguous, '
            'rule_conflict, invalid_rule, invalid_source_ip (tests[0].outcome) - did you mean "accepted"?',
        ),
        (
            '{from: "1", to: "2", pin: "1234"}',
            "6:31: error[secret-in-clear] a secret stands here in clear (tests[0].pin) - write {env: NAME} or "
            "{file: PATH}, and change the secret: it is in the history of this file",
        ),
    ],
)
def test_a_slip_is_told_with_its_place(line: str, finding: str) -> None:
    """One line, and what to do about it."""
    assert told(read(f"{HEAD}  - {line}\n")) == [f"dispatch.yaml:{finding}"]


def test_the_section_is_a_list() -> None:
    """A mapping of names is not taken for one."""
    (finding,) = told(read("version: 1\ntests: {a: {from: 1, to: 2}}\n"))
    assert finding.startswith("dispatch.yaml:2:8: error[wrong-type] expected a list of tests")


def test_tests_of_several_files_are_one_list_and_know_all_agents() -> None:
    """A file of tests may stand beside the file that names the agents."""
    configuration = read_all(
        {
            "a.yaml": 'version: 1\ntests: [{from: "1", to: "2", agents: [anna]}]\n',
            "b.yaml": "version: 1\nagents: {names: {anna: {agent_name: Anna}}}\n"
            'tests: [{from: "3", to: "4"}]\n',
        }
    )
    assert told(configuration) == []
    assert [test.caller for test in configuration.tests] == ["1", "3"]
