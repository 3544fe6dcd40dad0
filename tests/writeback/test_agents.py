"""The agents of a live rule are others than its convention names: the convention changes, or it is told why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.objects import Snapshot
from reconciler.core.values import AgentDispatch, AgentList, Metadata
from tests.writeback.projects import accepted, agents, case, changed, snapshot

FILE = """\
version: 1
sip:
  dispatch_rules:
    one: {trunks: any, callers: ["+1"], rooms: {individual: {prefix: call-}}}
    two: {trunks: any, callers: ["+2"], rooms: {individual: {prefix: call-}}}
    sales: {trunks: any, callers: ["+3"], rooms: {individual: {prefix: call-}}, line: sales}
    alone: {trunks: any, callers: ["+4"], rooms: {direct: {room: hall}}}
    token: {trunks: any, callers: ["+5"], rooms: {individual: {prefix: web-}}}
    free: {trunks: any, callers: ["+6"], rooms: {individual: {prefix: nobody-}}}
agents:
  names:
    # who answers
    tel: {agent_name: telephony}   # tel
    avatar: {agent_name: avatar}
  rooms:
    # calls in
    - prefix: call-
      agents: [tel]   # everybody
      dispatch: sip
      lines:
        sales: {agents: [avatar]}   # sales
    - {room: hall, agents: [tel, {agent: avatar, metadata: {lang: en}}], dispatch: sip}   # hall
    - {prefix: web-, agents: [tel], dispatch: token}
"""


@pytest.fixture
def live() -> Snapshot:
    """The project of the file."""
    return snapshot(FILE.replace("version: 1\n", ""))


def told(name: str, metadata: str = "", **attributes: str) -> AgentDispatch:
    """An agent that is told something."""
    return AgentDispatch(name, Metadata(metadata), tuple(sorted(attributes.items())))


def test_rules_that_agree_change_their_convention(tmp_path: Path, live: Snapshot) -> None:
    """All rules of the convention have the same agents by now; an agent that no key names gets one."""
    for name in ("one", "two"):
        live = changed(live, name, agents=agents("avatar", "Night Shift"))
    assert accepted(tmp_path, FILE, live) == FILE.replace(
        "agents: [tel]   # everybody", "agents: [avatar, night-shift]   # everybody"
    ).replace(
        "    avatar: {agent_name: avatar}\n",
        "    avatar: {agent_name: avatar}\n    night-shift: {agent_name: Night Shift}\n",
    )


def test_a_rule_that_is_alone_changes_its_convention(tmp_path: Path, live: Snapshot) -> None:
    """What an agent is told changes inside its entry; agents that stay are not touched."""
    new = AgentList((told("avatar", '{"lang":"ar","k":1}', role="host"), told("telephony")))
    assert accepted(tmp_path, FILE, changed(live, "alone", agents=new)) == FILE.replace(
        "metadata: {lang: en}}", "metadata: {lang: ar, k: 1}, attributes: {role: host}}"
    )


def test_an_agent_that_is_told_something_for_the_first_time(tmp_path: Path, live: Snapshot) -> None:
    """A mere key becomes a mapping."""
    new = AgentList((told("avatar", '{"lang": "en"}'), told("telephony", "hello")))
    text = accepted(tmp_path, FILE, changed(live, "alone", agents=new))
    assert "agents: [{agent: tel, metadata: hello}, {agent: avatar, metadata: {lang: en}}]" in text


def test_agents_that_are_gone_are_taken_off(tmp_path: Path, live: Snapshot) -> None:
    """An empty list is written out: a convention says that nobody comes."""
    text = accepted(tmp_path, FILE, changed(live, "alone", agents=None))
    assert text == FILE.replace(
        "agents: [tel, {agent: avatar, metadata: {lang: en}}], dispatch: sip}   # hall",
        "agents: [], dispatch: sip}   # hall",
    )


def test_a_list_of_lines_that_loses_all_agents(tmp_path: Path) -> None:
    """It becomes `[]`: without the key the convention would not load."""
    file = """\
version: 1
sip: {dispatch_rules: {r: {trunks: any, rooms: {direct: {room: a}}}}}
agents:
  names: {a: {agent_name: a}}
  rooms:
    - room: a
      agents:   # whom
        - a   # first
      dispatch: sip
"""
    live = snapshot("sip: {dispatch_rules: {r: {trunks: any, rooms: {direct: {room: a}}}}}")
    text = accepted(tmp_path, file, live)
    assert text == file.replace("agents:   # whom\n        - a   # first", "agents: []   # whom")


def test_a_line_changes_alone(tmp_path: Path, live: Snapshot) -> None:
    """The convention's other rules have their own agents."""
    text = accepted(tmp_path, FILE, changed(live, "sales", agents=agents("telephony")))
    assert text == FILE.replace("sales: {agents: [avatar]}", "sales: {agents: [tel]}")


def test_a_list_in_lines(tmp_path: Path) -> None:
    """Entries of their own lines keep their comments."""
    file = """\
version: 1
sip: {dispatch_rules: {r: {trunks: any, rooms: {direct: {room: a}}}}}
agents:
  names: {a: {agent_name: a}, b: {agent_name: b}, c: {agent_name: c}}
  rooms:
    - room: a
      dispatch: sip
      agents:
        - a   # first
        # of two
        - agent: b   # second
          metadata: x
          restart_policy: never
"""
    live = snapshot(file.replace("version: 1\n", ""))
    new = AgentList((told("c"), AgentDispatch("b", Metadata("z"))))
    assert accepted(tmp_path, file, changed(live, "r", agents=new)) == file.replace(
        "        - a   # first\n", ""
    ).replace("metadata: x\n          restart_policy: never", "metadata: z\n        - c")


def test_rules_that_do_not_agree_are_told(tmp_path: Path, live: Snapshot) -> None:
    """One line with the place and the remedy; what else differs is written all the same."""
    live = changed(live, "one", agents=agents("avatar"), metadata=Metadata("x"))
    one = case(tmp_path, FILE, live)
    told = one.accept()
    assert 'callers: ["+1"], rooms: {individual: {prefix: call-}}, metadata: x}' in one.text()
    assert not told.is_complete
    assert [str(left).removeprefix(str(tmp_path)) for left in told.left] == [
        '/dispatch.yaml:18:7: dispatch rule "one": agents: the rules "one" and "two" share the convention call-* and '
        "no longer have the same agents - give rules a line: each, and the convention lines: with the agents of each"
    ]
    assert [change.name for change in one.plan().changes] == ["one"]


def test_agents_that_others_bring_are_told(tmp_path: Path, live: Snapshot) -> None:
    """A convention without `sip` cannot name the agents of a rule."""
    one = case(tmp_path, FILE, changed(live, "token", agents=agents("telephony")))
    told = one.accept()
    assert [left.reason for left in told.left] == [
        "the convention web-* leaves its agents to token"
    ]
    assert told.files == ()


def test_a_policy_that_no_convention_can_name_is_told(tmp_path: Path, live: Snapshot) -> None:
    """The server knows more policies than the language."""
    new = AgentList((AgentDispatch("telephony", restart_policy="7"),))
    one = case(tmp_path, FILE, changed(live, "alone", agents=new))
    assert [left.reason for left in one.accept().left] == ["no convention can name these agents"]


def test_a_rule_under_no_convention_keeps_its_agents_to_itself(
    tmp_path: Path, live: Snapshot
) -> None:
    """It did so before, and nobody changed its rooms."""
    assert accepted(tmp_path, FILE, changed(live, "free", agents=agents("avatar"))) == FILE


def test_rooms_that_were_renamed_by_hand_get_a_convention(tmp_path: Path, live: Snapshot) -> None:
    """The rule goes on bringing its agents; without a convention the file would have forgotten them."""
    text = accepted(tmp_path, FILE, changed(live, "alone", rooms__direct__room="lobby"))
    assert (
        text
        == FILE.replace("room: hall}}}", "room: lobby}}}").replace(
            "    - {prefix: web-",
            "    - {prefix: web-",
        )
        + '    - {room: lobby, agents: [tel, {agent: avatar, metadata: \'{"lang":"en"}\'}], dispatch: sip}\n'
    )


def test_rooms_that_fall_under_another_convention_now(tmp_path: Path, live: Snapshot) -> None:
    """Its agents are those that live with it, if it is alone there."""
    live = changed(live, "alone", rooms__direct__room="web-hall")
    one = case(tmp_path, FILE, live)
    told = one.accept()
    assert "room: web-hall" in one.text()
    assert [left.reason for left in told.left] == [
        "the convention web-* leaves its agents to token"
    ]


def test_rooms_that_fall_under_two_conventions_now_are_told(tmp_path: Path, live: Snapshot) -> None:
    """What lives is written; that it is an error in a file is said at once, and not only by the next plan."""
    file = FILE.replace("{prefix: web-, agents", "{prefix: web-_+1555, agents")
    live = changed(live, "alone", rooms="individual", rooms__direct__room=None)
    live = changed(live, "alone", callers=None, **{"rooms.individual.prefix": "web-"})
    one = case(tmp_path, file, live)
    told = one.accept()
    assert "rooms: {individual: {prefix: web-}}}" in one.text()
    assert [error.code for error in told.errors] == ["split-rooms"]
    assert not told.is_complete


def test_a_new_rule_takes_the_line_with_its_agents(tmp_path: Path) -> None:
    """Where the convention names others for rooms without a line and one of its lines names just these."""
    live = FILE.replace("version: 1\n", "").replace(
        "agents:\n  names",
        '    new: {trunks: any, callers: ["+9"], rooms: {individual: {prefix: call-}}, line: sales}\nagents:\n  names',
    )
    text = accepted(tmp_path, FILE, live)
    assert "    new:\n      trunks: any\n" in text
    assert "      line: sales\n" in text
    assert text.replace(text[text.index("    new:") : text.index("agents:\n  names")], "") == FILE


def test_a_new_rule_with_agents_of_its_own_is_left_alone(tmp_path: Path, live: Snapshot) -> None:
    """Nothing that lives is overwritten by the next apply, and a note says what to do about it."""
    added = FILE.replace("version: 1\n", "").replace(
        "agents:\n  names",
        '    new: {trunks: any, callers: ["+9"], rooms: {individual: {prefix: call-}}}\nagents:\n  names',
    )
    one = case(tmp_path, FILE, changed(snapshot(added), "new", agents=agents("stranger")))
    told = one.accept()
    assert told.left == ()
    assert "      unmanaged: [agents]\n" in one.text()
    assert told.notes == (
        'dispatch rule "new": unmanaged: [agents] leaves its agents as they are, because the convention of its rooms '
        "names others; give it a line to list them",
    )
    assert one.plan().changes == ()


def test_a_new_rule_in_rooms_of_its_own_gets_a_convention(tmp_path: Path) -> None:
    """With a key for its agent, so that the file makes the same project elsewhere."""
    file = "version: 1\nsip: {dispatch_rules: {}}\nagents: {}\n"
    live = snapshot(
        "sip: {dispatch_rules: {new: {trunks: any, rooms: {individual: {prefix: x-}}}}}\n"
        "agents: {names: {a: {agent_name: Ägent}}, rooms: [{prefix: x-, agents: [a], dispatch: sip}]}"
    )
    assert accepted(tmp_path, file, live) == (
        "version: 1\nsip: {dispatch_rules: {new: {trunks: any, rooms: {individual: {prefix: x-}}}}}\n"
        'agents:\n  names:\n    agent: {agent_name: "Ägent"}\n'
        "  rooms: [{prefix: x-_, agents: [agent], dispatch: sip}]\n"
    )
