"""Every error of the language: its code, its place, what was expected, and the way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import reconciler.config
from reconciler.config.problems import MAX_FINDINGS
from tests.config.reading import convention, errors, outbound, read, rule, told, trunk

NUMBERS = 'numbers: ["+15550100001"]\n'

# What the file says, and the whole line that its author reads (without the file's name).
ERRORS = {
    # the file as a whole
    "x: 1\nversion: 1": '1:1: error[unknown-key] there is no section "x" (x) - '
    "known: agents, lint, project, sip, tests, version",
    "verson: 1\nversion: 1": '1:1: error[unknown-key] there is no section "verson" (verson) - '
    'did you mean "version"?',
    "project: {}": '1:1: error[missing-key] the file needs "version" (version) - write version: 1 at its top',
    "version: 2": '1:10: error[wrong-type] expected 1, the version of this language, found "2" (version) - '
    "write version: 1",
    'version: "1"': '1:10: error[wrong-type] expected 1, the version of this language, found "1" (version) - '
    "write version: 1",
    # objects
    trunk(
        "callers: any"
    ): '4:5: error[missing-key] an inbound trunk needs "numbers" (sip.inbound_trunks.carrier) - '
    "write numbers: any if that is meant",
    trunk(
        "numbers: []"
    ): "5:16: error[empty-list] an empty list of numbers would mean everybody to LiveKit "
    "(sip.inbound_trunks.carrier.numbers) - write any if that is meant",
    trunk(
        NUMBERS + "callers: []"
    ): "6:16: error[empty-list] an empty list of numbers would mean everybody to LiveKit "
    "(sip.inbound_trunks.carrier.callers) - remove callers if any is meant",
    trunk(
        NUMBERS + "allowed_addresses: any"
    ): "6:26: error[wrong-type] expected a list of allowed addresses, found "
    "any (sip.inbound_trunks.carrier.allowed_addresses) - remove allowed_addresses if any is meant",
    trunk("numbers: [any]"): "5:16: error[any-in-list] in a list, any is a text like others "
    "(sip.inbound_trunks.carrier.numbers) - write any alone, without brackets, or the list without it",
    trunk(
        'numbers: "+15550100001"'
    ): '5:16: error[wrong-type] expected a list of numbers, found "+15550100001" '
    '(sip.inbound_trunks.carrier.numbers) - write ["+15550100001"]',
    trunk('numbers: ["", "+15550100001"]'): "5:17: error[no-value] an empty text; expected a text "
    "(sip.inbound_trunks.carrier.numbers[0]) - write a value",
    trunk("numbers: [~]"): "5:17: error[no-value] no value; expected a text "
    "(sip.inbound_trunks.carrier.numbers[0]) - write one, or remove the key",
    trunk("numbers: [[a]]"): "5:17: error[wrong-type] expected a text, found a list "
    "(sip.inbound_trunks.carrier.numbers[0])",
    trunk(
        NUMBERS + "include_headers: SIP_ALL_HEADERS"
    ): '6:24: error[unknown-word] "SIP_ALL_HEADERS" is not one of '
    "none, x, all (sip.inbound_trunks.carrier.include_headers) - here it is called all",
    trunk(
        NUMBERS + "include_headers: every"
    ): '6:24: error[unknown-word] "every" is not one of none, x, all '
    "(sip.inbound_trunks.carrier.include_headers)",
    trunk(
        NUMBERS + "ringing_timeout_status: 700"
    ): "6:31: error[out-of-range] 700 is not between 400 and 699 "
    "(sip.inbound_trunks.carrier.ringing_timeout_status)",
    trunk(
        NUMBERS + "media: {media_timeout: 11m}"
    ): "6:30: error[out-of-range] 11m is longer than LiveKit takes "
    "(sip.inbound_trunks.carrier.media.media_timeout)",
    trunk(
        NUMBERS + "media: {codecs: [{name: PCMU/8000}]}"
    ): "6:31: error[codec-name] LiveKit refuses a codec's name "
    "with white space or a slash in it (sip.inbound_trunks.carrier.media.codecs[0].name) - "
    "the rate has a key of its own",
    trunk(
        NUMBERS + "media: {codecs: [{rate: 8000}]}"
    ): '6:24: error[missing-key] a codec needs "name" '
    "(sip.inbound_trunks.carrier.media.codecs[0]) - such as {name: PCMU, rate: 8000}",
    trunk(
        NUMBERS + "media:"
    ): "6:13: error[wrong-type] expected a mapping of encryption, codecs, only_listed_codecs, "
    "media_timeout, found no value (sip.inbound_trunks.carrier.media) - write {} for an empty one",
    trunk(
        NUMBERS + 'headers: {"": a}'
    ): "6:17: error[no-value] an empty key (sip.inbound_trunks.carrier.headers) - "
    "remove it, or write the name in front of the colon",
    trunk(
        NUMBERS + "metadata: [a]"
    ): "6:17: error[wrong-type] expected a text or a mapping, found a list "
    "(sip.inbound_trunks.carrier.metadata)",
    trunk(
        NUMBERS + "id: a\nrenamed_from: b"
    ): "7:7: error[id-and-renamed-from] an object that id pins keeps its live "
    "name (sip.inbound_trunks.carrier.renamed_from) - remove one of id and renamed_from",
    trunk(
        NUMBERS + "id: ''"
    ): "6:11: error[no-value] an empty text; expected a text (sip.inbound_trunks.carrier.id) - "
    "write a value",
    trunk(
        NUMBERS + "unmanaged: [callers, headerz]"
    ): "6:28: error[unknown-key] an inbound trunk has no field "
    '"headerz" (sip.inbound_trunks.carrier.unmanaged[1]) - did you mean "headers"?',
    "version: 1\nsip:\n  inbound_trunks:\n    carrier:\n": "4:13: error[wrong-type] expected a mapping with the fields "
    "of an inbound trunk, found no value (sip.inbound_trunks.carrier) - write {} for an empty one",
    "version: 1\nsip:\n  inbound_trunks:\n    '': {numbers: any}\n": "4:5: error[no-value] an inbound trunk needs a "
    "name (sip.inbound_trunks.) - write one; id pins an object whose live name is empty",
    "version: 1\nsip: {outbound_trunks: {out: {address: a}}}": "2:25: error[missing-key] an outbound trunk needs "
    '"numbers" (sip.outbound_trunks.out) - add numbers',
    "version: 1\nsip: {outbound_trunks: {out: {address: '', numbers: [a]}}}": "2:40: error[no-value] an empty text; "
    "expected a text (sip.outbound_trunks.out.address) - write a value",
    "version: 1\nsip: {outbound_trunks: {out: {address: a, numbers: any}}}": "2:52: error[wrong-type] expected a list "
    "of numbers, found any (sip.outbound_trunks.out.numbers) - list them",
    outbound(
        "transport: SIP_TRANSPORT_TLS"
    ): '7:18: error[unknown-word] "SIP_TRANSPORT_TLS" is not one of auto, udp, '
    'tcp, tls (sip.outbound_trunks.out.transport) - did you mean "tls"?',
    rule(
        "rooms2: 1"
    ): '7:7: error[unknown-key] a dispatch rule has no "rooms2" (sip.dispatch_rules.calls.rooms2) - '
    'did you mean "rooms"?',
    rule(
        "agents: []"
    ): '7:7: error[unknown-key] a dispatch rule has no "agents" (sip.dispatch_rules.calls.agents) - '
    "conventions in agents.rooms name the agents of a rule's rooms",
    rule(
        "room: {min_playout_delay: 1500us}"
    ): "7:33: error[out-of-range] 1500us is finer than LiveKit counts here "
    "(sip.dispatch_rules.calls.room.min_playout_delay)",
    rule(
        "line: ~"
    ): "7:13: error[no-value] no value; expected a text (sip.dispatch_rules.calls.line) - "
    "write one, or remove the key",
    "version: 1\nsip: {dispatch_rules: {calls: {trunks: any}}}": "2:24: error[missing-key] a dispatch rule needs "
    '"rooms" (sip.dispatch_rules.calls) - write one of individual, callee, direct below it',
    "version: 1\nsip: {dispatch_rules: {calls: {trunks: any, rooms: {}}}}": "2:52: error[one-of] write exactly one of "
    "individual, callee, direct (sip.dispatch_rules.calls.rooms)",
    "version: 1\nsip: {dispatch_rules: {calls: {trunks: any, rooms: {direct: {room: a}, callee: {}}}}}": "2:52: "
    "error[one-of] write exactly one of individual, callee, direct (sip.dispatch_rules.calls.rooms)",
    "version: 1\nsip: {dispatch_rules: {calls: {trunks: any, rooms: {individuel: {}}}}}": "2:53: error[unknown-key] a "
    'dispatch rule has no "rooms.individuel" (sip.dispatch_rules.calls.rooms.individuel) - did you mean "individual"?',
    "version: 1\nsip: {dispatch_rules: {calls: {trunks: any, rooms: {individual: {suffix: a}}}}}": "2:66: "
    'error[unknown-key] a dispatch rule has no "rooms.individual.suffix" '
    '(sip.dispatch_rules.calls.rooms.individual.suffix) - did you mean "random_suffix"?',
    # names of other objects
    "version: 1\nsip: {inbound_trunks: {main: {numbers: any}}, "
    "dispatch_rules: {calls: {trunks: [main, mian], rooms: {callee: {}}}}}": "2:87: error[unknown-trunk] "
    'sip.inbound_trunks has no "mian" (sip.dispatch_rules.calls.trunks[1]) - did you mean "main"?',
    "version: 1\nsip: {inbound_trunks: {a: {numbers: any, renamed_from: b}, b: {numbers: ['1']}}}": "2:42: "
    'error[renamed-from-listed] "b" is listed as well, at dispatch.yaml:2:60 (sip.inbound_trunks.a.renamed_from) - '
    "remove renamed_from: the rename is done, or never happened",
    "version: 1\nsip: {inbound_trunks: {a: {numbers: any, renamed_from: c}, b: {numbers: ['1'], renamed_from: c}}}": ""
    '2:80: error[renamed-from-twice] "a" is renamed from "c" already, at dispatch.yaml:2:42 '
    "(sip.inbound_trunks.b.renamed_from) - an object has one new name",
    "version: 1\nsip: {inbound_trunks: {a: {numbers: any, id: ST_1}, b: {numbers: ['1'], id: ST_1}}}": "2:73: "
    'error[id-twice] "a" has the id ST_1 already, at dispatch.yaml:2:42 (sip.inbound_trunks.b.id) - '
    "an id pins one object",
    # the project
    "version: 1\nproject: {owns: []}": "2:17: error[empty-list] an empty list would mean that every object is this "
    "project's (project.owns) - remove owns if that is meant",
    "version: 1\nproject: {server: latest}": "2:19: error[server-version] this is not a version of livekit-server "
    '(project.server) - write "1.9", "1.9.12" or newest',
    "version: 1\nproject: {host: 'wss://a.example'}": "2:17: error[bad-host] this is not a host alone (project.host) - "
    "write acme.livekit.example, without a scheme or a path",
    "version: 1\nproject: {env_prefix: a-b}": "2:23: error[env-prefix] no variable can start with this "
    "(project.env_prefix) - write letters, digits and underscores, such as STAGING_",
    "version: 1\nproject: {unlisted: Delete}": '2:21: error[unknown-word] "Delete" is not one of report, ignore, '
    'delete (project.unlisted) - did you mean "delete"?',
    "version: 1\nproject: {unmanaged: [inboundNumbers]}": "2:23: error[unknown-key] no kind of object has a field "
    '"inboundNumbers" (project.unmanaged[0]) - here it is called callers',
    "version: 1\nproject: {api_key: a}": '2:11: error[unknown-key] a project has no "api_key" (project.api_key) - '
    "known: env_prefix, host, name, owns, server, unlisted, unmanaged",
    # the agent plane
    "version: 1\nagents: {rooms: {}}": "2:17: error[wrong-type] expected a list of conventions, found a mapping "
    "(agents.rooms) - write [] for none",
    "version: 1\nagents: {names: {a: {}}}": '2:18: error[missing-key] an agent needs "agent_name" (agents.names.a) - '
    'write {agent_name: "…"}, "" for a worker without a name',
    "version: 1\nagents: {names: {'': {agent_name: a}}}": "2:18: error[no-value] an agent needs a key "
    "(agents.names.) - write one",
    "version: 1\nagents: {names: {a: Alice}}": '2:21: error[wrong-type] expected a mapping such as {agent_name: "…"}, '
    "found a text (agents.names.a)",
    convention(
        "{agents: [a], dispatch: sip}"
    ): "5:7: error[one-of] a convention is about a prefix or a room "
    "(agents.rooms[0]) - write exactly one of prefix, room",
    convention(
        "{prefix: p, room: r, agents: [a], dispatch: sip}"
    ): "5:7: error[one-of] a convention is about a prefix "
    "or a room (agents.rooms[0]) - write exactly one of prefix, room",
    convention(
        "{room: '', agents: [a], dispatch: sip}"
    ): "5:14: error[no-value] an empty text; expected a text "
    "(agents.rooms[0].room) - write a value",
    convention(
        "{prefix: p, dispatch: sip}"
    ): '5:7: error[missing-key] a convention needs "agents" (agents.rooms[0]) - '
    "write agents: [] for no agent",
    convention(
        "{prefix: p, agents: [a]}"
    ): '5:7: error[missing-key] a convention needs "dispatch", who brings the '
    "agent (agents.rooms[0]) - write one of sip, token, app, controller, automatic",
    convention(
        "{prefix: p, agents: [a], dispatch: []}"
    ): "5:42: error[empty-list] nobody would bring the agent "
    "(agents.rooms[0].dispatch) - write one of sip, token, app, controller, automatic",
    convention(
        "{prefix: p, agents: [a], dispatch: [sip, tokn]}"
    ): '5:48: error[unknown-word] "tokn" is not one of '
    'sip, token, app, controller, automatic (agents.rooms[0].dispatch[1]) - did you mean "token"?',
    convention(
        "{prefix: p, agents: a, dispatch: sip}"
    ): '5:27: error[wrong-type] expected a list of agents, found "a" '
    "(agents.rooms[0].agents) - write [] for none",
    convention(
        "{prefix: p, agents: [Alice], dispatch: sip}"
    ): '5:28: error[unknown-agent] agents.names has no "Alice" '
    '(agents.rooms[0].agents[0]) - write its key, "a"',
    convention(
        "{prefix: p, agents: [{metadata: x}], dispatch: sip}"
    ): "5:28: error[missing-key] an agent of a "
    'convention needs "agent" (agents.rooms[0].agents[0]) - write its key in agents.names',
    convention(
        "{prefix: p, agents: [{agent: a, attributes: {'': x}}], dispatch: sip}"
    ): "5:52: error[no-value] an empty key (agents.rooms[0].agents[0].attributes) - remove it",
    convention("{prefix: p, agents: [{agent: a, restart_policy: always}], dispatch: sip}"): "5:55: "
    'error[unknown-word] "always" is not one of on_failure, never (agents.rooms[0].agents[0].restart_policy)',
    convention(
        "{prefix: p, lines: {sales: {}}, dispatch: sip}"
    ): '5:34: error[missing-key] a line needs "agents" '
    "(agents.rooms[0].lines.sales) - write agents: [] for no agent",
    convention(
        "{prefix: p, lines: {sales: [a]}, dispatch: sip}"
    ): "5:34: error[wrong-type] expected a mapping such as "
    "{agents: [a]}, found a list (agents.rooms[0].lines.sales)",
    convention(
        "{prefix: p, lines: {'': {agents: []}}, dispatch: sip}"
    ): "5:27: error[no-value] a line needs a label (agents.rooms[0].lines.) - write one",
    convention(
        "{prefix: p, agents: [a], dispatch: sip, join_timeout: 5}"
    ): "5:61: error[wrong-type] expected a "
    'duration such as 30s, 2h or 1m30s, found "5" (agents.rooms[0].join_timeout) - write 5s if seconds are meant',
    convention(
        "{prefix: p, agents: [a], dispatch: sip, when_agent_leaves: replaced}"
    ): "5:66: error[unknown-word] "
    '"replaced" is not one of ignore, replace (agents.rooms[0].when_agent_leaves) - did you mean "replace"?',
    convention(
        "prefix"
    ): "5:7: error[wrong-type] expected a convention such as {prefix: call-, agents: [a], "
    "dispatch: sip}, found a text (agents.rooms[0])",
}


@pytest.mark.parametrize("text", ERRORS)
def test_an_error_says_what_where_and_what_to_do(text: str) -> None:
    """Each of these files has just one problem, told in one line."""
    assert told(read(text)) == [f"dispatch.yaml:{ERRORS[text]}"]


WARNINGS = {
    trunk(
        'numbers: ["+15550100001", "+15550100002", "+15550100001"]'
    ): "5:49: warning[repeated-entry] "
    '"+15550100001" stands in this list already (sip.inbound_trunks.carrier.numbers[2]) - remove it',
    convention(
        "{prefix: p, agents: [a, {agent: a}], dispatch: sip}"
    ): "5:31: warning[agent-twice] this agent stands "
    "in this list already, and would come twice (agents.rooms[0].agents[1]) - remove one",
    rule(
        'hide_phone_number: false\nroom_preset: "a\\x07"'
    ): "8:20: warning[control-character] this text has the "
    "control character U+0007 (sip.dispatch_rules.calls.room_preset) - remove it if it is not meant",
}


@pytest.mark.parametrize("text", WARNINGS)
def test_a_warning_stops_nothing(text: str) -> None:
    """What can be read for sure is read, and the author is told what looks wrong."""
    configuration = read(text)
    assert errors(configuration) == []
    assert told(configuration) == [f"dispatch.yaml:{WARNINGS[text]}"]


def test_every_code_is_tested() -> None:
    """Whatever code stands in the package stands in a test of this folder as well."""
    package = Path(reconciler.config.__file__).parent
    code = re.compile(r'"([a-z]+(?:-[a-z]+)+)"')
    written = {one for path in package.glob("*.py") for one in code.findall(path.read_text())}
    tested = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert sorted(one for one in written if not re.search(rf"\b{one}\b", tested)) == []


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    """Nobody mends one error only to meet the next."""
    text = """\
version: 1
project: {unlisted: x, hots: a}
sip:
  inbound_trunks:
    a: {numbers: 5, callers: [], krisp_enabled: no}
  dispatch_rules:
    b: {trunks: [c], rooms: {direct: {pin: 1234}}}
agents:
  names: {d: {}}
  rooms:
    - {prefix: p, agents: [e], dispatch: f}
    - {prefix: p, agents: [g], dispatch: sip}
"""
    found = [(one.mark.line, one.code) for one in read(text).findings]
    assert found == [
        (2, "unknown-word"),
        (2, "unknown-key"),
        (5, "wrong-type"),
        (5, "empty-list"),
        (5, "wrong-type"),
        (7, "unknown-trunk"),
        (7, "secret-in-clear"),
        (9, "missing-key"),
        (11, "unknown-agent"),
        (11, "unknown-word"),
        (12, "defined-twice"),
        (12, "unknown-agent"),
    ]


def test_an_object_that_cannot_be_read_is_not_said_to_be_missing() -> None:
    """One mistake is one error: who names the trunk or the agent is not blamed as well."""
    text = """\
version: 1
sip:
  inbound_trunks: {a: 5}
  dispatch_rules: {b: {trunks: [a], rooms: {callee: {}}}}
agents:
  names: {c: 5}
  rooms: [{prefix: p, agents: [c], dispatch: sip}]
"""
    assert [one.path for one in errors(read(text))] == ["sip.inbound_trunks.a", "agents.names.c"]


def test_a_flood_of_errors_is_cut() -> None:
    """A file of nothing but mistakes gets as many findings as anybody reads, and a word about the rest."""
    keys = "\n".join(f"k{i}: {i}" for i in range(2 * MAX_FINDINGS))
    found = read(f"version: 1\n{keys}\n").findings
    assert len(found) == MAX_FINDINGS + 1
    assert [one.code for one in found].count("too-many") == 1


def test_a_flood_of_warnings_stays_one_of_warnings() -> None:
    """However many there are, they stop nothing, and an error among them is told."""
    numbers = ", ".join(["'1'"] * (MAX_FINDINGS + 10))
    text = trunk(f"numbers: [{numbers}]\nringing_timeout: 5")
    configuration = read(text)
    assert len(configuration.findings) == MAX_FINDINGS + 2
    assert [one.code for one in errors(configuration)] == ["wrong-type"]
