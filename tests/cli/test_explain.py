"""`reconcile explain`: calls and rooms, from the file, from a live project, and from both."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell
from tests.support.schemas import problems

if TYPE_CHECKING:
    from pathlib import Path

_MAIN = "from reconciler.cli.main import main; main()"
CALL = ("explain", "--from", "+15550100099", "--to", "+15550100001")
ROOM = "call-_+15550100099_<random>"


def told(shell: Shell, *arguments: str) -> dict[str, Any]:
    """The JSON of a command that succeeds, checked against its schema."""
    ran = shell.run(*arguments, "--format", "json")
    assert ran.code == 0, ran
    document: dict[str, Any] = json.loads(ran.out)
    name = (
        "explain-diff"
        if "same" in document
        else "explain-room"
        if "needed" in document
        else "explain"
    )
    assert problems(name, document) == []
    return document


def test_a_call_is_explained_from_the_file_without_a_server(shell: Shell) -> None:
    """Trunk, rule, room, caller, convention, agents, and the steps; no variable has to be set."""
    shell.write("config/dispatch.yaml", CONFIGURATION)
    document = told(shell, *CALL, "--source-ip", "203.0.113.7")
    steps = document.pop("steps")
    assert document == {
        "format_version": 1,
        "outcome": "accepted",
        "trunk": "carrier",
        "rule": "inbound",
        "room": ROOM,
        "identity": "sip_+15550100099",
        "auth_required": True,
        "convention": "call-",
        "agents": ["acme-telephony"],
    }
    assert {
        "rule": 15,
        "text": 'trunk "carrier" lists the number called, and is the only one',
    } in steps
    away = told(shell, *CALL, "--source-ip", "198.51.100.1")
    assert (away["outcome"], away["trunk"], away["rule"]) == ("no_rule", None, None)
    assert (away["room"], away["identity"], away["agents"]) == (None, None, [])


def test_the_live_project_needs_no_file(applied: Shell) -> None:
    """The agents are those of the live rule; the convention is null where no file says anything."""
    with_file = told(applied, *CALL, "--live")
    assert (with_file["convention"], with_file["agents"]) == ("call-", ["acme-telephony"])
    (applied.folder / "config/dispatch.yaml").unlink()
    document = told(applied, *CALL, "--live")
    assert (document["convention"], document["agents"]) == (None, ["acme-telephony"])
    assert document["room"] == ROOM
    assert applied.run("snapshot", "s.json").code == 0
    stored = told(applied, *CALL, "--live", "s.json")
    assert {**stored, "steps": []} == {**document, "steps": []}


def test_what_an_apply_will_do_to_a_call_is_what_it_does(project: Shell) -> None:
    """`--diff` says beforehand what `--live` says afterwards, ids apart."""
    before = told(project, *CALL, "--diff")
    assert (before["same"], before["live"]["outcome"], before["after"]["outcome"]) == (
        False,
        "no_rule",
        "accepted",
    )
    text = project.run(*CALL, "--diff").out
    assert f'After this change the call goes to room "{ROOM}"' in text
    assert project.run("apply", "--auto-approve").code == 0
    live = told(project, *CALL, "--live")
    for key in live.keys() - {"steps"}:
        assert before["after"][key] == live[key], key
    again = told(project, *CALL, "--diff")
    assert again["same"]
    assert again["live"] == again["after"]


SALES = """\
    sales:
      trunks: any
      line: sales
      rooms: {individual: {prefix: call-}}
agents:
  names:
    seller: {agent_name: acme-seller}
"""
LINES = CONFIGURATION.replace("agents:\n  names:\n", SALES).replace(
    "agents: [telephony],", "agents: [telephony], lines: {sales: {agents: [seller]}},"
)


@pytest.mark.parametrize(
    ("before", "after", "heading", "same"),
    [
        ("", "", "nothing changes", True),
        ("agents: [telephony]", "agents: []", "meets other agents", False),
        ("prefix: call-}}", "prefix: call-2-}}", "goes elsewhere", False),
        ("acme, password: {env: CARRIER_PASSWORD}", "acme", "by another way", False),
        ("[carrier]\n", "[carrier]\n      metadata: {a: 1}\n", "what it brings", True),
    ],
)
def test_the_difference_is_named(
    applied: Shell, before: str, after: str, heading: str, same: bool
) -> None:
    """Whether the room, the agents, the way, or only what stands beside it changes, with the steps that differ."""
    applied.write("config/dispatch.yaml", CONFIGURATION.replace(before, after))
    assert told(applied, *CALL, "--diff")["same"] is same
    ran = applied.run(*CALL, "--diff")
    assert heading in ran.out.splitlines()[0]
    assert ("What changes on the way" in ran.out) is bool(before)
    assert ("[changes]" in ran.out) is not same


def test_a_plane_can_be_left_out_of_the_change(applied: Shell) -> None:
    """`--only` is that of an apply, also where a variable says it; without `--diff` it means nothing."""
    applied.write(
        "config/dispatch.yaml", CONFIGURATION.replace("agents: [telephony]", "agents: []")
    )
    assert told(applied, *CALL, "--diff", "--only", "agents")["after"]["agents"] == []
    assert told(applied, *CALL, "--diff", "--only", "sip")["same"]
    applied.environ["RECONCILE_ONLY"] = "sip"
    assert told(applied, *CALL, "--diff")["same"]
    assert told(applied, *CALL)["agents"] == []
    ran = applied.run(*CALL, "--only", "sip")
    assert (ran.code, ran.out) == (64, "")


def test_what_lives_unlisted_counts_after_the_change(applied: Shell) -> None:
    """A live trunk that the file does not list stays, and answers or stands in the way as it does."""
    other = CONFIGURATION.replace("carrier:", "other:").replace("[carrier]", "[other]")
    applied.write("config/dispatch.yaml", other.replace("inbound:", "second:"))
    assert told(applied, *CALL, "--diff")["after"]["outcome"] == "trunk_ambiguous"
    gone = other.replace("inbound:", "second:").replace(
        "name: acme}", "name: acme, unlisted: delete}"
    )
    applied.write("config/dispatch.yaml", gone)
    after = told(applied, *CALL, "--diff")["after"]
    assert (after["outcome"], after["trunk"], after["rule"]) == ("accepted", "other", "second")


@pytest.mark.parametrize("command", [CALL, ("explain", "--room", "x"), ("graph",)])
@pytest.mark.parametrize(
    ("name", "text"), [("gone.yaml", None), ("broken.yaml", "sip: ["), ("empty.yaml", "")]
)
def test_a_file_that_was_named_must_be_there(
    applied: Shell, command: tuple[str, ...], name: str, text: str | None
) -> None:
    """Where it is missing or cannot be parsed, `--live` does not answer about whatever project it finds."""
    if text is not None:
        applied.write(name, text)
    ran = applied.run(*command, "--live", "-c", name)
    assert (ran.code, ran.out) == (1, "")
    assert name in ran.err


def test_a_conflict_is_an_answer(shell: Shell) -> None:
    """The exit code is 0; so it is for a trunk that nobody lists, which is noted on stderr."""
    twice = CONFIGURATION.replace(
        "agents:\n  names",
        "    again:\n      trunks: [carrier, gone]\n      rooms: {direct: {room: x}}\nagents:\n  names",
    )
    shell.write("config/dispatch.yaml", twice)
    ran = shell.run(*CALL)
    assert ran.code == 0
    assert "fails, rules conflict" in ran.out
    assert "error[unknown-trunk]" in ran.err
    assert told(shell, *CALL)["outcome"] == "rule_conflict"


def test_a_file_that_cannot_be_read_has_no_answer(shell: Shell) -> None:
    """Half a rule would be another rule."""
    shell.write("config/dispatch.yaml", CONFIGURATION.replace("prefix: call-}", "prefx: call-}"))
    ran = shell.run(*CALL)
    assert (ran.code, ran.out) == (1, "")
    assert "unknown-key" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "what is to be explained"),
        (["--from", "1"], "--to is missing"),
        (["--to", "1"], "--from is missing"),
        (["--pin", "1"], "--from is missing"),
        (["--from", "1", "--to", "2", "--room", "x"], "--from and --room do not go together"),
        (["--room", "x", "--calls", "-"], "--room and --calls do not go together"),
        (["--calls", "-", "--diff"], "--diff and --calls do not go together"),
        (["--calls", ""], "--calls names no file"),
        (["--room", "x", "--live", ""], "--live names no file"),
    ],
)
def test_wrong_usage_is_one_line_and_64(shell: Shell, arguments: list[str], words: str) -> None:
    """What is missing, or does not go together."""
    shell.write("config/dispatch.yaml", CONFIGURATION)
    ran = shell.run("explain", *arguments)
    assert (ran.code, ran.out) == (64, "")
    assert words in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["", "*98", "Anna", "é", "\x1b[31m", "a\nb", "'\"`", "\udc80", "0" * 10_000]
)
@pytest.mark.parametrize("form", ["text", "json", "markdown", "github"])
def test_odd_numbers_and_rooms_get_an_answer(shell: Shell, text: str, form: str) -> None:
    """Any text may be called, and nothing of it reaches a terminal as it is."""
    open_rule = CONFIGURATION.replace("[carrier]", "any")
    shell.write("config/dispatch.yaml", open_rule)
    for arguments in (["--from", text, "--to", text], ["--room", text or "x"]):
        ran = shell.run("explain", *arguments, "--format", form)
        assert ran.code == 0, ran.err
        assert "\x1b" not in ran.out
        ran.out.encode()


def test_a_bad_source_address_is_an_outcome(shell: Shell) -> None:
    """Not an error of the user."""
    shell.write("config/dispatch.yaml", CONFIGURATION)
    document = told(shell, *CALL, "--source-ip", "203.0.113.7:5060")
    assert document["outcome"] == "invalid_source_ip"
    assert document["trunk"] is None


def test_the_version_of_the_server_decides(shell: Shell) -> None:
    """Room names differ between the eras, and up to 1.13.11 addresses are compared with the host in From."""
    empty = CONFIGURATION.replace("prefix: call-}}", 'prefix: ""}}')
    shell.write("config/dispatch.yaml", empty)
    assert told(shell, *CALL, "--server-version", "1.9")["room"].startswith("_+1555")
    assert told(shell, *CALL)["room"].startswith("+1555")
    shell.write("config/dispatch.yaml", CONFIGURATION)
    spoofed = (*CALL, "--source-ip", "198.51.100.1", "--from-host", "203.0.113.0/24")
    assert told(shell, *spoofed, "--server-version", "1.13.11")["trunk"] == "carrier"
    assert told(shell, *spoofed, "--server-version", "1.13.12")["trunk"] is None
    assert told(shell, *spoofed)["trunk"] is None


PIN_RULE = CONFIGURATION.replace("prefix: call-}}", "prefix: call-, pin: {env: ROOM_PIN}}}")


def test_a_pin_is_asked_for_compared_and_never_shown(shell: Shell) -> None:
    """Where the variable is not set, a PIN that was given cannot be compared: one line says which one it is."""
    shell.write("config/dispatch.yaml", PIN_RULE)
    document = told(shell, *CALL)
    assert (document["outcome"], document["rule"], document["room"]) == (
        "pin_required",
        "inbound",
        None,
    )
    ran = shell.run(*CALL, "--pin", "1234")
    assert ran.code == 1
    assert "{env: ROOM_PIN}" in ran.err
    shell.environ["ROOM_PIN"] = "1234"
    assert told(shell, *CALL, "--pin", "1234")["room"] == ROOM
    assert told(shell, *CALL, "--pin", "9876")["outcome"] == "no_rule"
    assert told(shell, *CALL, "--no-pin")["outcome"] == "no_rule"
    for pin in ("1234", "9876"):
        ran = shell.run(*CALL, "--pin", pin)
        assert pin not in ran.out + ran.err


def test_a_room_is_explained(project: Shell) -> None:
    """Convention, mechanism, agents, needs, obstacles, and the rules that can make it."""
    room = "call-_+15550100099_0123456789Ab"
    document = told(project, "explain", "--room", room)
    assert (document["convention"], document["dispatch"]) == ("call-", ["sip"])
    assert (document["agents"], document["rules"]) == (["acme-telephony"], ["inbound"])
    assert document["needed"]
    assert document["obstacles"]
    assert told(project, "explain", "--room", room, "--live")["rules"] == []
    none = told(project, "explain", "--room", "other")
    assert (none["convention"], none["dispatch"], none["agents"], none["rules"]) == (
        None,
        [],
        [],
        [],
    )
    assert "No convention covers this room." in project.run("explain", "--room", "other").out


def test_a_room_that_rules_of_two_lines_make_has_the_agents_of_both(shell: Shell) -> None:
    """Who comes is what the rule brings that the call lands by."""
    shell.write("config/dispatch.yaml", LINES)
    document = told(shell, "explain", "--room", "call-_+15550100099_0123456789Ab")
    assert document["agents"] == ["acme-telephony", "acme-seller"]
    assert any("of the line sales that brings acme-seller" in one for one in document["needed"])


def test_a_conflict_keeps_the_agents_of_a_room_away(shell: Shell) -> None:
    """No call makes a room whose rules LiveKit cannot choose between."""
    rule = "    again:\n      trunks: [carrier]\n      rooms: {direct: {room: x}}\n"
    shell.write(
        "config/dispatch.yaml", CONFIGURATION.replace("agents:\n  names", f"{rule}agents:\n  names")
    )
    for room in ("call-_+15550100099_0123456789Ab", "x"):
        document = told(shell, "explain", "--room", room)
        assert document["obstacles"][0] == (
            'LiveKit fails every call that reads the dispatch rules "again" and "inbound": they conflict'
        )


def test_a_live_room_has_the_agents_that_live_rules_bring(applied: Shell) -> None:
    """Without a file they are the answer; with one that says otherwise it is told."""
    room = ("explain", "--room", "call-_+15550100099_0123456789Ab", "--live")
    applied.write(
        "config/dispatch.yaml",
        CONFIGURATION.replace(
            "telephony: {agent_name: acme-telephony}", "telephony: {agent_name: x}"
        ),
    )
    document = told(applied, *room)
    assert document["agents"] == ["x"]
    assert "brings acme-telephony, and by the convention" in document["obstacles"][0]
    assert document["obstacles"][0].endswith("`reconcile apply` puts it right")
    other = CONFIGURATION.replace("inbound:", "other:").replace("agents: [telephony]", "agents: []")
    applied.write("config/dispatch.yaml", other)
    assert told(applied, *room)["obstacles"][0].endswith("the file does not list it")
    (applied.folder / "config/dispatch.yaml").unlink()
    document = told(applied, *room)
    assert (document["convention"], document["dispatch"]) == (None, ["sip"])
    assert (document["agents"], document["rules"]) == (["acme-telephony"], ["inbound"])
    assert "bring acme-telephony." in applied.run(*room).out


# --- many calls


def test_an_answer_is_out_before_the_next_call_is_in(shell: Shell) -> None:
    """Whoever asks over a pipe may wait for the answer; a pipe that is closed already is one line."""
    shell.write("config/dispatch.yaml", CONFIGURATION)
    command = [sys.executable, "-c", _MAIN, "explain", "--calls", "-"]
    with subprocess.Popen(
        command, cwd=shell.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(3):
            process.stdin.write(b'{"from": "1", "to": "2"}\n')
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], 30)
            assert ready
            assert json.loads(process.stdout.readline())["outcome"] == "no_rule"
        process.stdin.close()
        assert process.wait(30) == 0
    closed = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *command], cwd=shell.folder, capture_output=True, check=False
    )
    assert (closed.returncode, closed.stdout) == (1, b"")
    assert closed.stderr == b"error: stdin: cannot be read: it is closed\n"


def test_many_calls_are_answered_in_their_order(shell: Shell) -> None:
    """One compact object a line; the same as one by one, steps apart; -v has them, too."""
    shell.write("config/dispatch.yaml", CONFIGURATION)
    calls = [{"from": "+15550100099", "to": f"+1555010000{last}"} for last in range(5)] * 500
    shell.write("calls.jsonl", "\n\n".join(map(json.dumps, calls)))
    ran = shell.run("explain", "--calls", "calls.jsonl")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert len(lines) == len(calls)
    one = told(shell, *CALL)
    assert json.loads(lines[1]) == {**one, "steps": []}
    assert lines[1] == json.dumps(json.loads(lines[1]), separators=(",", ":"))
    verbose = shell.run("explain", "--calls", "calls.jsonl", "-v")
    assert json.loads(verbose.out.splitlines()[1]) == one


def test_a_line_may_have_all_that_is_known_of_a_call(shell: Shell) -> None:
    """Null is the same as nothing."""
    shell.environ["ROOM_PIN"] = "1234"
    shell.write("config/dispatch.yaml", PIN_RULE)
    base = {"from": "+15550100099", "to": "+15550100001"}
    calls = [
        {**base, "pin": "1234", "source_ip": "203.0.113.7", "from_host": "pbx", "no_pin": False},
        {**base, "pin": "1234", "no_pin": True},
        {**base, "pin": None, "source_ip": None, "from_host": None, "no_pin": None},
    ]
    shell.write("calls.jsonl", "".join(json.dumps(call) + "\n" for call in calls))
    ran = shell.run("explain", "--calls", "calls.jsonl")
    outcomes = [json.loads(line)["outcome"] for line in ran.out.splitlines()]
    assert outcomes == ["accepted", "no_rule", "pin_required"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not a call"),
        ("[" * 100_000, "not JSON"),
        ('{"from": "1"}', 'a call needs "to"'),
        ('{"from": "1", "to": "2", "form": 1}', 'a call has no "form" - did you mean "from"?'),
        ('{"from": "1", "to": "2", "sourceIp": "x"}', 'did you mean "source_ip"?'),
        ('{"from": 1, "to": "2"}', '"from" must be a text in quotes'),
        ('{"from": null, "to": "2"}', '"from" must be a text in quotes'),
        ('{"from": "1", "to": "2", "no_pin": "yes"}', '"no_pin" must be true or false'),
        ("\xff", "not UTF-8"),
        ('{"from": ' + "1" * 5_000 + ', "to": "2"}', '"from" must be a text in quotes'),
        ('{"from": "1", "to": "2", "a\\nb": 1}', 'a call has no "a\\nb" - '),
    ],
)
def test_a_broken_line_is_one_line_and_the_others_are_answered(
    shell: Shell, line: str, words: str
) -> None:
    """With the file and the number of the line; the exit code is 1."""
    shell.write("config/dispatch.yaml", CONFIGURATION)
    good = b'{"from": "1", "to": "2"}\n'
    (shell.folder / "calls.jsonl").write_bytes(good + line.encode("latin-1") + b"\n" + good)
    ran = shell.run("explain", "--calls", "calls.jsonl")
    assert ran.code == 1
    assert len(ran.out.splitlines()) == 2
    assert ran.err.startswith("error: calls.jsonl:2: ")
    assert words in ran.err
    assert ran.err.count("\n") == 1


def test_half_a_character_in_a_line_is_answered(shell: Shell) -> None:
    """A server would get U+FFFD in its place."""
    shell.write("config/dispatch.yaml", CONFIGURATION.replace("[carrier]", "any"))
    shell.write(
        "calls.jsonl", '{"from": "\\ud800", "to": "x"}\n{"from": "\\ud83d\\ude00", "to": "x"}\n'
    )
    ran = shell.run("explain", "--calls", "calls.jsonl")
    assert ran.code == 0, ran.err
    identities = [json.loads(line)["identity"] for line in ran.out.splitlines()]
    assert identities == ["sip_\ufffd", "sip_😀"]
    keys = ("from", "to", "source_ip", "from_host", "pin")
    shell.write("calls.jsonl", json.dumps(dict.fromkeys(keys, "\ud800")))
    ran = shell.run("explain", "--calls", "calls.jsonl", "-v")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["outcome"] == "invalid_source_ip"


def test_calls_that_cannot_be_read_are_an_error(shell: Shell, tmp_path: Path) -> None:
    """No such file, and a folder in its place."""
    shell.write("config/dispatch.yaml", CONFIGURATION)
    for path in ("gone.jsonl", str(tmp_path)):
        ran = shell.run("explain", "--calls", path)
        assert (ran.code, ran.out) == (1, "")
        assert "cannot be read" in ran.err
        assert ran.err.count("\n") == 1


# --- tests of the file


def test_a_failing_routing_test_fails_the_commands(project: Shell) -> None:
    """The whole output comes first; nothing is saved and nothing is written."""
    failing = CONFIGURATION + 'tests:\n  - {from: "1", to: "+15550100009", room: call-}\n'
    project.write("config/dispatch.yaml", failing)
    ran = project.run("validate")
    assert ran.code == 1
    assert "Routing tests - 0 passed, 1 failed" in ran.out
    validated = json.loads(project.run("validate", "--format", "json").out)
    assert [test["passed"] for test in validated["tests"]] == [False]
    ran = project.run("plan", "--out", "plan.json")
    assert ran.code == 1
    assert "1 failing test" in ran.out
    assert not (project.folder / "plan.json").exists()
    assert project.run("apply", "--auto-approve").code == 1
    assert project.run("drift").code == 1
    assert json.loads(project.run("ids", "--format", "json").out)["inbound_trunk"] == {}
    project.write("config/dispatch.yaml", failing.replace("+15550100009", "+15550100001"))
    assert project.run("validate").code == 0
    assert project.run("apply", "--auto-approve").code == 0
