"""The agent plane, alone and together with the rules: who comes, who comes twice, who never comes."""

from __future__ import annotations

import pytest

from reconciler.core.finding import Severity
from reconciler.sip.era import Era
from tests.lint.reading import CALLS, codes, findings, project

NAMES = 'a: {agent_name: agent-a}\nu: {agent_name: ""}'
SIP = "- {prefix: call-, agents: [a], dispatch: sip}"


def agents(rooms: str, names: str = "a: {agent_name: agent-a}") -> list[str]:
    """Codes of an agent plane without rules."""
    return codes(project(trunks="", rules="", names=names, rooms=rooms))


def calls(
    rooms: str, rules: str = CALLS, era: Era = Era.NEW, names: str = "a: {agent_name: agent-a}"
) -> list[str]:
    """Codes of an agent plane beside a rule."""
    return codes(project(rules=rules, names=names, rooms=rooms), era)


# --- agents that nobody brings


def test_a_named_agent_needs_a_convention() -> None:
    """A report of a worker with a name that is never called: it comes only where it is named."""
    names = 'a: {agent_name: agent-a}\nb: {agent_name: agent-b}\nu: {agent_name: ""}'
    text = project(
        trunks="", rules="", names=names, rooms="- {prefix: x-, agents: [a], dispatch: token}"
    )
    (finding,) = findings(text)
    assert (finding.code, finding.path, finding.mark.line) == (
        "agent-not-dispatched",
        "agents.names.b",
        5,
    )


def test_lines_dispatch_as_well() -> None:
    """An agent of a line is brought; so is one under another key with the same name."""
    names = "a: {agent_name: agent-a}\nb: {agent_name: agent-a, deployment: blue}"
    rooms = "- {prefix: x-, dispatch: controller, lines: {sales: {agents: [b]}}}"
    assert agents(rooms, names) == []


@pytest.mark.parametrize(
    ("dispatch", "expected"),
    [
        ("sip", ["convention-without-source"]),
        ("automatic", ["convention-without-source"]),
        ("token", []),
        ("app", []),
        ("controller", []),
        ("[sip, controller]", []),
        ("[automatic, token]", []),
        ("[automatic, sip]", ["convention-without-source"]),
    ],
)
def test_somebody_has_to_bring_the_agents(dispatch: str, expected: list[str]) -> None:
    """Reports of rules without agents: no rule makes rooms named x-, and a named worker never comes by itself."""
    assert calls(f"{SIP}\n- {{prefix: x-, agents: [a], dispatch: {dispatch}}}") == expected


def test_a_worker_without_a_name_comes_by_itself() -> None:
    """It needs no rule, where the convention says so."""
    assert (
        calls(f"{SIP}\n- {{prefix: x-, agents: [u], dispatch: [sip, automatic]}}", names=NAMES)
        == []
    )


def test_a_line_needs_a_rule() -> None:
    """Agents of a line come with a rule on that line, or by somebody else."""
    lines = "lines: {sales: {agents: [a]}, support: {agents: [a]}, none: {agents: []}}"
    rooms = f"- {{prefix: call-, dispatch: sip, {lines}}}"
    rules = CALLS.replace("}}}", "}}, line: sales}")
    (finding,) = findings(project(rules=rules, names="a: {agent_name: agent-a}", rooms=rooms))
    assert (finding.code, finding.path) == (
        "convention-without-source",
        "agents.rooms[0].lines.support",
    )
    other = 'more: {trunks: [carrier], line: support, callers: ["+15550100099"], rooms: {individual: {prefix: call-}}}'
    assert calls(rooms, f"{rules}\n{other}") == []
    assert calls(rooms.replace("dispatch: sip", "dispatch: [sip, app]"), rules) == ["two-voices"]
    misspelt = rules.replace("sales", "sale")
    assert calls(rooms, misspelt) == []


def test_the_rules_of_others_may_make_the_rooms() -> None:
    """Where only some names of the project belong to the file, nobody knows the other rules."""
    rooms = f"{SIP}\n- {{prefix: x-, agents: [a], dispatch: sip}}"
    text = project(names="a: {agent_name: agent-a}", rooms=rooms)
    assert codes(text) == ["convention-without-source"]
    assert codes(text + 'project: {owns: ["*"]}\n') == []


def test_no_agents_need_nobody() -> None:
    """An empty list is a decision."""
    assert calls(f"{SIP}\n- {{prefix: x-, agents: [], dispatch: sip}}") == []


def test_where_rules_are_not_managed_nobody_knows() -> None:
    """The rules of that project may stand elsewhere."""
    assert agents("- {prefix: x-, agents: [a], dispatch: sip}") == []


def test_an_exact_room_has_a_source_too() -> None:
    """A direct rule makes it."""
    rule = "calls: {trunks: [carrier], rooms: {direct: {room: desk}}, room: {max_participants: 2}}"
    rooms = "- {room: desk, agents: [a], dispatch: [sip, controller]}\n- {room: dask, agents: [a], dispatch: sip}"
    assert calls(rooms, rule) == ["convention-without-source"]


# --- agents that come twice, or too many


@pytest.mark.parametrize("dispatch", ["app", "controller", "[automatic, app]"])
def test_an_unnamed_worker_is_dispatched_by_nobody(dispatch: str) -> None:
    """Measured: it joins each new room by itself, and a CreateDispatch adds a second one."""
    rooms = f"- {{prefix: x-, agents: [u], dispatch: {dispatch}}}"
    assert agents(rooms, 'u: {agent_name: ""}') == ["two-voices"]


@pytest.mark.parametrize(
    "dispatch",
    ["token", "automatic", "[token, automatic]", "[automatic, controller]", "[token, controller]"],
)
def test_an_unnamed_worker_comes_by_itself_or_by_token(dispatch: str) -> None:
    """A room that is made with agents named gets just those, and the controller dispatches where nobody has come."""
    rooms = f"- {{prefix: x-, agents: [u], dispatch: {dispatch}}}"
    assert agents(rooms, 'u: {agent_name: ""}') == []


def test_an_application_beside_a_rule_is_a_note() -> None:
    """A report: every CreateDispatch adds another copy. Whether it happens is the application's affair."""
    rooms = "- {prefix: call-, agents: [a], dispatch: [sip, app]}"
    (finding,) = findings(project(names="a: {agent_name: agent-a}", rooms=rooms))
    assert (finding.code, finding.severity) == ("two-voices", Severity.NOTE)


@pytest.mark.parametrize(
    ("dispatch", "expected"),
    [
        ("controller", ["unnamed-beside-named"]),
        ("app", ["unnamed-beside-named"]),
        ("token", []),
    ],
)
def test_an_unnamed_worker_joins_the_rooms_of_others(dispatch: str, expected: list[str]) -> None:
    """Measured: a room that comes to be without naming an agent gets it; told once, at its name."""
    rooms = f"- {{prefix: x-, agents: [a], dispatch: {dispatch}}}\n- {{prefix: y-, agents: [a], dispatch: {dispatch}}}"
    assert agents(rooms, NAMES) == expected


def test_the_way_out_of_ignored_agents_is_one_for_a_worker_without_a_name_too() -> None:
    """What the finding about rooms that live on tells to write has no finding itself."""
    rule = "calls: {trunks: [carrier], rooms: {direct: {room: desk}}, room: {max_participants: 2}}"
    convention = (
        "- {room: desk, agents: [u], dispatch: sip}\n- {prefix: x-, agents: [a], dispatch: token}"
    )
    assert calls(convention, rule, names=NAMES) == ["agents-ignored"]
    mended = convention.replace("dispatch: sip", "dispatch: [sip, controller]")
    assert calls(mended, rule, names=NAMES) == []


def test_a_preset_beside_agents() -> None:
    """The hosted product's presets bring agents that no API shows."""
    rule = CALLS.replace("}}}", "}}, room_preset: desk}")
    assert calls(SIP, rule) == ["preset-and-agents"]
    assert (
        calls(
            "- {prefix: call-, agents: [], dispatch: sip}\n- {room: x, agents: [a], dispatch: app}",
            rule,
        )
        == []
    )
    assert codes(project(rules=rule)) == []
    for dispatch in ("controller", "app"):
        assert calls(f"- {{prefix: call-, agents: [a], dispatch: {dispatch}}}", rule) == [
            "preset-and-agents"
        ]
    assert (
        calls(
            "- {prefix: call-, agents: [], dispatch: controller}\n- {room: x, agents: [a], dispatch: app}",
            rule,
        )
        == []
    )


# --- rooms that are there already

DESK = 'calls: {{trunks: [carrier], rooms: {{{0}}}, callers: ["+15550100099"]{1}}}'


@pytest.mark.parametrize(
    ("rooms", "old", "new"),
    [
        ("direct: {room: call-desk}", True, True),
        ("callee: {prefix: call-}", True, True),
        ("callee: {prefix: call-, random_suffix: true}", False, False),
        ("individual: {prefix: call-}", False, False),
        ("individual: {prefix: call-, random_suffix: false}", False, True),
    ],
)
def test_a_room_that_lives_on_ignores_the_agents_of_a_rule(
    rooms: str, old: bool, new: bool
) -> None:
    """Measured: a direct rule into a room that exists joins it; SIP-SEMANTICS 27 says which names come again."""
    for era, expected in ((Era.OLD, old), (Era.NEW, new)):
        found = calls(SIP, DESK.format(rooms, ""), era)
        assert found == (["agents-ignored"] if expected else [])


@pytest.mark.parametrize(
    "convention",
    [
        "- {prefix: call-, agents: [a], dispatch: [sip, controller]}",
        "- {prefix: call-, agents: [a], dispatch: controller}",
        "- {prefix: call-, agents: [], dispatch: sip}\n- {prefix: x-, agents: [a], dispatch: app}",
    ],
)
def test_the_controller_sees_to_rooms_that_live(convention: str) -> None:
    """So does whoever has no agents at all."""
    assert calls(convention, DESK.format("direct: {room: call-desk}", "")) == []
    unmanaged = DESK.format("direct: {room: call-desk}", ", unmanaged: [agents]")
    assert calls(SIP, unmanaged) == []


def test_a_token_for_a_room_of_a_fixed_name() -> None:
    """Measured: a token's configuration takes effect only if that join makes the room."""
    assert agents("- {room: lobby, agents: [a], dispatch: token}") == ["agents-ignored"]
    assert agents("- {room: lobby, agents: [a], dispatch: [token, controller]}") == []
    assert agents("- {room: lobby, agents: [a], dispatch: [token, automatic]}") == [
        "agents-ignored"
    ]
    assert agents("- {prefix: lobby-, agents: [a], dispatch: token}") == []


def test_who_calls_has_no_token() -> None:
    """A rule whose rooms are left to tokens brings nobody."""
    assert calls("- {prefix: call-, agents: [a], dispatch: token}") == ["calls-have-no-token"]
    assert calls("- {prefix: call-, agents: [a], dispatch: [token, automatic]}") == [
        "calls-have-no-token"
    ]
    assert calls("- {prefix: call-, agents: [a], dispatch: [token, sip]}") == []
    nobody = (
        "- {prefix: call-, agents: [], dispatch: token}\n- {prefix: x-, agents: [a], dispatch: app}"
    )
    assert calls(nobody) == []
    assert calls(f"{SIP}\n- {{prefix: web-, agents: [a], dispatch: token}}") == []


# --- prefixes


@pytest.mark.parametrize("prefix", ["call-1", "call-+1", "call-0", "call-+4930"])
def test_a_prefix_without_the_underscore_never_matches(prefix: str) -> None:
    """SIP-SEMANTICS 28: between a rule's prefix and the number stands an underscore."""
    (finding,) = findings(
        project(names=NAMES, rooms=f"{SIP}\n- {{prefix: {prefix}, agents: [u], dispatch: sip}}")
    )
    assert finding.code == "prefix-misses-underscore"
    assert finding.fix == f"write {prefix.replace('call-', 'call-_')}"


@pytest.mark.parametrize(
    "convention", ["prefix: call-1, dispatch: app", "prefix: call-out-, dispatch: app"]
)
def test_prefixes_of_others_need_no_underscore(convention: str) -> None:
    """What no rule is to make is named as the application pleases."""
    assert calls(f"{SIP}\n- {{{convention}, agents: [a]}}") == []


def test_a_rule_of_that_name_is_enough() -> None:
    """`call-1` is no slip where a rule has just that prefix."""
    more = 'more: {trunks: [carrier], callers: ["+15550100099"], rooms: {individual: {prefix: call-1}}}'
    rules = f"{CALLS}\n{more}"
    assert calls(f"{SIP}\n- {{prefix: call-1, agents: [a], dispatch: sip}}", rules) == []


@pytest.mark.parametrize("prefix", ["call-*", "call-[0-9]", "^call-", "call-?"])
def test_a_prefix_is_no_pattern(prefix: str) -> None:
    """It is compared letter by letter."""
    rooms = f'{SIP}\n- {{prefix: "{prefix}", agents: [a], dispatch: sip}}'
    assert calls(rooms) == ["prefix-is-pattern"]
    assert calls(rooms.replace('- {prefix: "', '- {room: "')) == ["prefix-is-pattern"]


def test_a_bar_is_no_pattern() -> None:
    """Names of users have it."""
    assert calls(f'{SIP}\n- {{prefix: "auth|", agents: [a], dispatch: app}}') == []


def test_a_room_without_the_underscore_never_matches() -> None:
    """SIP-SEMANTICS 28: nor does an exact room, unless a direct rule makes it."""
    rules = (
        "calls: {trunks: [carrier], rooms: {callee: {prefix: to-}}, room: {max_participants: 2}}"
    )
    rooms = "- {prefix: to-, agents: [], dispatch: sip}\n- {room: to-+15550100001, agents: [a], dispatch: [sip, app]}"
    found = findings(project(rules=rules, names="a: {agent_name: agent-a}", rooms=rooms))
    (finding,) = [one for one in found if one.code != "two-voices"]
    assert (finding.code, finding.path, finding.fix) == (
        "prefix-misses-underscore",
        "agents.rooms[1].room",
        "write to-_+15550100001",
    )
    made = 'desk: {trunks: [carrier], callers: ["+15550100099"], rooms: {direct: {room: to-+15550100001}}}'
    assert calls(rooms, f"{rules}\n{made}") == ["two-voices"]


# --- metadata

BROKEN = """'{"lang": en}'"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BROKEN, ["metadata-not-json"]),
        ("' [1, 2'", ["metadata-not-json"]),
        ("'{lang: en}'", ["metadata-not-json"]),
        ("\"{'lang': 'en'}\"", ["metadata-not-json"]),
        ("'{\"rate\": NaN}'", ["metadata-not-json"]),
        ("'[VIP] callers'", []),
        ("'[1] desk'", []),
        ("'[true, fals]'", ["metadata-not-json"]),
        ("'{name} calls'", []),
        ("'{{name}}'", []),
        ("'" + "[" * 4000 + "'", ["metadata-not-json"]),
        ('\'{"lang": "en"}\'', []),
        ("{lang: en}", []),
        ("front desk", []),
        ("''", []),
    ],
)
def test_metadata_that_looks_like_json_is_json(text: str, expected: list[str]) -> None:
    """A report of metadata that lands nowhere: applications parse it in the middle of a call."""
    rule = CALLS.replace("}}}", f"}}}}, metadata: {text}}}")
    assert codes(project(rules=rule)) == expected
    room = CALLS.replace("}}}", f"}}}}, room: {{metadata: {text}}}}}")
    assert codes(project(rules=room)) == expected
    rooms = f"- {{prefix: x-, agents: [{{agent: a, metadata: {text}}}], dispatch: app}}"
    assert agents(rooms) == expected


def test_the_place_of_an_agents_metadata() -> None:
    """In a line as well."""
    rooms = f"- {{prefix: call-, dispatch: sip, lines: {{x: {{agents: [{{agent: a, metadata: {BROKEN}}}]}}}}}}"
    rules = CALLS.replace("}}}", "}}, line: x}")
    (finding,) = findings(project(rules=rules, names="a: {agent_name: agent-a}", rooms=rooms))
    assert finding.path == "agents.rooms[0].lines.x.agents[0].metadata"
    assert finding.mark.column > 60
