"""Objects that came, went or were called something else by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.objects import Live, Snapshot
from reconciler.core.plan import Plane
from reconciler.core.values import Reference, References, Unknown
from reconciler.sip.fields import phone_numbers
from tests.writeback.projects import Case, accepted, case, changed, snapshot

FILE = """\
version: 1
sip:
  # calls in
  inbound_trunks:
    # the first
    first:   # 1
      numbers: ["+15550100001"]   # a

    # the second,
    # since May
    second:
      numbers: ["+15550100002"]
      # nothing below

    third: {numbers: ["+15550100003"]}   # 3
  dispatch_rules:
    calls:
      trunks: [first, 'second', third]   # all
      rooms: {individual: {prefix: call-}}
"""
LIVE = FILE.replace("version: 1\n", "")


def live_without(*names: str) -> Snapshot:
    """The project of the file without some trunks; the rule goes on naming the ids that are gone, as LiveKit's do."""
    live = snapshot(LIVE)
    trunks = [one for one in live.of("inbound_trunk") if one.name not in names]
    return Snapshot(live.host, {**live.objects, "inbound_trunk": trunks})


def with_trunks(live: Snapshot, *ids: str) -> Snapshot:
    """The rule with other trunks."""
    return changed(live, "calls", trunks=References(tuple(Reference("", one) for one in ids)))


def test_a_deleted_object_goes_with_its_comment(tmp_path: Path) -> None:
    """The comment directly above it, those deeper than it below it, and one of the two blank lines that would meet."""
    live = with_trunks(live_without("second"), "ST_first", "ST_third")
    assert accepted(tmp_path, FILE, live) == FILE.replace(
        """
    # the second,
    # since May
    second:
      numbers: ["+15550100002"]
      # nothing below
""",
        "",
    ).replace("[first, 'second', third]", "[first, third]")


def test_a_rule_names_a_trunk_that_is_gone_by_its_id(tmp_path: Path) -> None:
    """That is what lives: LiveKit keeps the id in the rule."""
    text = accepted(tmp_path, FILE, live_without("second"))
    assert "trunks: [first, third, ST_second]   # all" in text


def test_a_section_that_loses_all_its_objects_stays_managed(tmp_path: Path) -> None:
    """It becomes `{}`: without it the kind would be nobody's."""
    file = "version: 1\nsip:\n  inbound_trunks:   # in\n    a: {numbers: ['+1']}\n  dispatch_rules: {}\n"
    live = snapshot("sip: {inbound_trunks: {}, dispatch_rules: {}}")
    expected = "version: 1\nsip:\n  inbound_trunks: {}   # in\n  dispatch_rules: {}\n"
    assert accepted(tmp_path, file, live) == expected


def test_an_unlisted_object_goes_to_the_end_of_its_section(tmp_path: Path) -> None:
    """In the form of an export, with a blank line where the others have one between them."""
    live = LIVE.replace(
        "  dispatch_rules:\n",
        '    new one: {numbers: ["+15550100009"], ringing_timeout: 30s}\n  dispatch_rules:\n',
    )
    assert accepted(tmp_path, FILE, live) == FILE.replace(
        "  dispatch_rules:\n",
        '\n    new one:\n      numbers: ["+15550100009"]\n      ringing_timeout: 30s\n  dispatch_rules:\n',
    )


def test_an_object_that_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    """One blank line stands between objects where one did, not two."""
    live = snapshot(LIVE.replace("    third: {", "    fourth: {").replace("third]", "fourth]"))
    assert accepted(tmp_path, FILE, live) == FILE.replace(
        '    third: {numbers: ["+15550100003"]}   # 3\n',
        '    fourth:\n      numbers: ["+15550100003"]\n',
    ).replace("third]", "fourth]")


@pytest.mark.parametrize("policy", ["report", "delete"])
def test_objects_come_to_an_empty_section(tmp_path: Path, policy: str) -> None:
    """`{}` becomes lines, whether unlisted objects were to be reported or deleted."""
    file = f"version: 1\nproject: {{unlisted: {policy}}}\nsip:\n  outbound_trunks: {{}}  # out\n"
    live = "sip: {outbound_trunks: {a: {address: sip.example, numbers: ['+1']}}}"
    assert accepted(tmp_path, file, live) == (
        f"version: 1\nproject: {{unlisted: {policy}}}\nsip:\n  outbound_trunks:  # out\n"
        '    a:\n      address: sip.example\n      numbers: ["+1"]\n'
    )


@pytest.mark.parametrize(
    ("project", "added"),
    [("unlisted: ignore", []), ("owns: [acme-*]", ["acme-2"]), ("owns: ['*']", ["acme-2", "else"])],
)
def test_objects_that_are_not_this_projects_are_not_listed(
    tmp_path: Path, project: str, added: list[str]
) -> None:
    """What drift does not report is not added; a rule names such a trunk by its id."""
    file = f"""\
version: 1
project: {{{project}}}
sip:
  inbound_trunks: {{acme-1: {{numbers: ["+1"]}}}}
  dispatch_rules: {{acme: {{trunks: [acme-1], rooms: {{direct: {{room: a}}}}}}}}
"""
    live = """\
sip:
  inbound_trunks: {acme-1: {numbers: ["+1"]}, acme-2: {numbers: ["+2"]}, else: {numbers: ["+3"]}}
  dispatch_rules: {acme: {trunks: [acme-1, acme-2, else], rooms: {direct: {room: a}}}}
"""
    text = accepted(tmp_path, file, live)
    names = [one if one in added else f"ST_{one}" for one in ("acme-2", "else")]
    assert f"trunks: [acme-1, {', '.join(names)}]" in text
    assert [one for one in ("acme-2", "else") if f"{one}: {{numbers" in text] == added


def test_kinds_without_a_section_stay_unmanaged(tmp_path: Path) -> None:
    """A trunk of a kind that the file leaves out is not listed; a rule goes on naming it by its live name."""
    file = "version: 1\nsip: {dispatch_rules: {r: {trunks: [a], rooms: {direct: {room: x}}}}}\n"
    live = """\
sip:
  inbound_trunks: {a: {numbers: ["+1"]}, b: {numbers: ["+2"]}}
  dispatch_rules: {r: {trunks: [b, a], rooms: {direct: {room: x}}}}
"""
    assert accepted(tmp_path, file, live) == file.replace("[a]", "[a, b]")


def test_names_that_cannot_be_keys_are_pinned(tmp_path: Path) -> None:
    """Empty, repeated and meaningful names get a key of their own and an id, as in an export."""
    live = snapshot("sip: {inbound_trunks: {a: {numbers: ['+1']}}}")
    numbers = {"numbers": phone_numbers(["+2"])}
    strange = [
        Live("inbound_trunk", f"ST_{number}", name, numbers)
        for number, name in enumerate(["", "any", "b", "b", "ST_a"])
    ]
    live = Snapshot(live.host, {"inbound_trunk": [*live.of("inbound_trunk"), *strange]})
    text = accepted(tmp_path, "version: 1\nsip: {inbound_trunks: {a: {numbers: ['+1']}}}\n", live)
    for number in range(5):
        assert (f"id: ST_{number}" in text) == (number != 2 or "id: ST_2" in text)


def test_a_new_object_whose_name_is_a_key_already_gets_another(tmp_path: Path) -> None:
    """The key belongs to an object with another live name, which its id pins."""
    file = "version: 1\nsip:\n  inbound_trunks:\n    a:\n      id: ST_b\n      numbers: ['+1']\n"
    live = snapshot("sip: {inbound_trunks: {b: {numbers: ['+1']}, a: {numbers: ['+2']}}}")
    text = accepted(tmp_path, file, live)
    assert text == file + '    a-2:\n      id: ST_a\n      numbers: ["+2"]\n'


def test_a_rename_that_was_never_applied_is_taken_back(tmp_path: Path) -> None:
    """Key, `renamed_from` and the rules that name it; all else of the object stays."""
    file = """\
version: 1
sip:
  inbound_trunks:
    "new": {numbers: ["+1"], renamed_from: old}   # renamed
  dispatch_rules:
    r: {trunks: [new], rooms: {direct: {room: a}}}
"""
    live = """\
sip:
  inbound_trunks: {old: {numbers: ['+1']}}
  dispatch_rules: {r: {trunks: [old], rooms: {direct: {room: a}}}}
"""
    expected = file.replace('"new"', '"old"').replace(", renamed_from: old", "")
    assert accepted(tmp_path, file, live) == expected.replace("[new]", "[old]")


def test_a_rename_whose_names_both_live_is_no_rename(tmp_path: Path) -> None:
    """Somebody made the old one anew: both are listed."""
    file = "version: 1\nsip:\n  inbound_trunks:\n    b:\n      numbers: ['+1']\n      renamed_from: a\n"
    text = accepted(
        tmp_path, file, "sip: {inbound_trunks: {b: {numbers: ['+1']}, a: {numbers: ['+2']}}}"
    )
    assert text == (
        "version: 1\nsip:\n  inbound_trunks:\n    b:\n      numbers: ['+1']\n"
        '    a:\n      numbers: ["+2"]\n'
    )


def test_an_id_that_lives_no_more_takes_its_object_along(tmp_path: Path) -> None:
    """An object that is pinned by an id and was deleted by hand is gone like any other."""
    file = "version: 1\nsip:\n  inbound_trunks:\n    a: {id: ST_a, numbers: ['+1']}\n    b: {numbers: ['+2']}\n"
    text = accepted(tmp_path, file, "sip: {inbound_trunks: {b: {numbers: ['+2']}}}")
    assert text == file.replace("    a: {id: ST_a, numbers: ['+1']}\n", "")


def test_an_object_that_was_deleted_and_made_anew_gets_its_new_id(tmp_path: Path) -> None:
    """By its name there is only one that it can be; what else differs is written as well."""
    file = "version: 1\nsip:\n  inbound_trunks:\n    a: {id: ST_gone, numbers: ['+1']}  # pinned\n"
    text = accepted(tmp_path, file, "sip: {inbound_trunks: {a: {numbers: ['+2']}}}")
    assert text == file.replace("ST_gone", "ST_a").replace("+1", "+2")


def test_a_pinned_object_keeps_its_key_and_its_id(tmp_path: Path) -> None:
    """Only what differs changes."""
    file = "version: 1\nsip:\n  inbound_trunks:\n    key: {id: ST_name, numbers: ['+1']}\n"
    text = accepted(tmp_path, file, "sip: {inbound_trunks: {name: {numbers: ['+2']}}}")
    assert text == file.replace("'+1'", "'+2'")


def test_a_trunk_stays_where_a_rule_of_its_name_goes(tmp_path: Path) -> None:
    """Names are unique within a kind only; the rule's line goes with the rule."""
    file = """\
version: 1
sip:
  outbound_trunks: {a: {address: sip.example, numbers: ["+1"]}}
  dispatch_rules:
    a: {trunks: any, rooms: {direct: {room: x}}, line: l}
agents: {names: {}, rooms: [{room: x, lines: {l: {agents: []}}, dispatch: sip}]}
"""
    live = """\
sip: {outbound_trunks: {a: {address: sip.example, numbers: ["+1"]}}, dispatch_rules: {}}
"""
    assert accepted(tmp_path, file, live) == file.replace(
        "dispatch_rules:\n    a: {trunks: any, rooms: {direct: {room: x}}, line: l}\n",
        "dispatch_rules: {}\n",
    )


def test_a_new_object_may_have_the_key_of_one_that_is_gone(tmp_path: Path) -> None:
    """Somebody took the name away from an object: it is known by its id now."""
    file = "version: 1\nsip:\n  inbound_trunks:\n    unnamed: {numbers: ['+1'], unmanaged: [metadata]}\n"
    live = Live("inbound_trunk", "ST_1", "", {"numbers": phone_numbers(["+1"])})
    text = accepted(tmp_path, file, Snapshot("localhost", {"inbound_trunk": [live]}))
    assert text == (
        'version: 1\nsip:\n  inbound_trunks:\n    unnamed:\n      id: ST_1\n      numbers: ["+1"]\n'
    )


def test_two_live_objects_of_one_listed_name_are_told(tmp_path: Path) -> None:
    """Which of them is meant is not for a write-back to guess."""
    live = snapshot("sip: {inbound_trunks: {a: {numbers: ['+1']}}}")
    twin = Live("inbound_trunk", "ST_twin", "a", {"numbers": phone_numbers(["+2"])})
    live = Snapshot(live.host, {"inbound_trunk": [*live.of("inbound_trunk"), twin]})
    one = case(tmp_path, "version: 1\nsip: {inbound_trunks: {a: {numbers: ['+3']}}}\n", live)
    told = one.accept()
    assert not told.is_complete
    assert "pin the right one with id" in str(told.left[0])
    assert told.files == ()


@pytest.mark.parametrize("renamed", [False, True])
def test_a_trunk_that_an_unclear_rule_names_stays(tmp_path: Path, renamed: bool) -> None:
    """The file would not load without it, or under another name; told, and both stay as they are."""
    extra = ", renamed_from: former" if renamed else ""
    file = f"""\
version: 1
sip:
  inbound_trunks: {{a: {{numbers: ["+1"]{extra}}}}}
  dispatch_rules: {{r: {{trunks: [a], rooms: {{direct: {{room: x}}}}}}}}
"""
    rule = {"dispatch_rules": "{r: {trunks: any, rooms: {direct: {room: x}}}}"}
    trunks = "{former: {numbers: ['+1']}}" if renamed else "{}"
    live = snapshot(f"sip: {{inbound_trunks: {trunks}, dispatch_rules: {rule['dispatch_rules']}}}")
    (first,) = live.of("dispatch_rule")
    twin = Live("dispatch_rule", "SDR_twin", "r", first.fields)
    live = Snapshot(live.host, {**live.objects, "dispatch_rule": [first, twin]})
    one = case(tmp_path, file, live)
    told = one.accept()
    assert one.text() == file
    assert {left.name for left in told.left} == {"a", "r"}


def test_a_trunk_goes_once_it_is_clear_which_rule_named_it(tmp_path: Path) -> None:
    """A rule that was made anew gets its new id first; the next pass takes the trunk out of it."""
    file = """\
version: 1
sip:
  inbound_trunks:
    a: {numbers: ["+1"]}
    b: {numbers: ["+2"]}
  dispatch_rules:
    r: {id: SDR_gone, trunks: [a, b], rooms: {direct: {room: x}}}
"""
    live = """\
sip:
  inbound_trunks: {b: {numbers: ["+2"]}}
  dispatch_rules: {r: {trunks: [b], rooms: {direct: {room: x}}}}
"""
    assert accepted(tmp_path, file, live) == file.replace('    a: {numbers: ["+1"]}\n', "").replace(
        "SDR_gone, trunks: [a, b]", "SDR_r, trunks: [b]"
    )


def test_a_trunk_stays_where_a_rule_names_it_at_an_anchor(tmp_path: Path) -> None:
    """A list that others use is not changed, so neither is what it names."""
    file = """\
version: 1
sip:
  inbound_trunks: {a: {numbers: ["+1"]}, b: {numbers: ["+2"]}}
  dispatch_rules:
    r: {trunks: &both [a, b], rooms: {direct: {room: x}}}
x-copy: *both
"""
    live = """\
sip:
  inbound_trunks: {b: {numbers: ["+2"]}}
  dispatch_rules: {r: {trunks: [b], rooms: {direct: {room: x}}}}
"""
    one = case(tmp_path, file, live)
    told = one.accept()
    assert one.text() == file
    assert [(left.name, left.path) for left in told.left] == [("r", "trunks"), ("a", "")]


def test_what_the_language_cannot_say_is_told_and_the_rest_written(tmp_path: Path) -> None:
    """A rule without any kind of room has no form in the file; its other fields have."""
    file = "version: 1\nsip: {dispatch_rules: {r: {trunks: any, rooms: {direct: {room: a}}}}}\n"
    live = snapshot(
        file.replace("version: 1\n", "").replace("trunks: any", "trunks: any, callers: ['+1']")
    )
    live = changed(live, "r", rooms=None, rooms__direct__room=None)
    one = case(tmp_path, file, live)
    told = one.accept()
    assert 'callers: ["+1"]' in one.text()
    assert "rooms: {direct: {room: a}}" in one.text()
    assert [left.path for left in told.left] == ["rooms", "rooms.direct.room"]
    assert str(told.left[0]).endswith(
        'dispatch rule "r": rooms: it names no kind of room, so LiveKit fails its calls - '
        "change the file or the live object by hand"
    )


def test_an_object_that_livekit_would_refuse_is_not_listed(tmp_path: Path) -> None:
    """It lives from earlier days, and nobody could create it anew from the file."""
    live = snapshot("sip: {inbound_trunks: {}}")
    live = Snapshot(live.host, {"inbound_trunk": [Live("inbound_trunk", "ST_1", "open", {})]})
    one = case(tmp_path, "version: 1\nsip: {inbound_trunks: {}}\n", live)
    told = one.accept()
    assert [str(left) for left in told.left] == [
        'inbound trunk "open": LiveKit refuses a trunk that would take any call: it has no number, no address '
        "and no password - change the file or the live object by hand"
    ]


def test_an_unknown_value_is_no_difference(tmp_path: Path) -> None:
    """A password that nobody tells stays as the file has it."""
    file = "version: 1\nsip: {inbound_trunks: {a: {numbers: ['+1'], auth: {username: u, password: {env: PASSWORD}}}}}\n"
    live = changed(snapshot(file.replace("version: 1\n", "")), "a", auth__password=Unknown())
    assert accepted(tmp_path, file, live) == file


def test_each_object_changes_in_the_file_where_it_stands(tmp_path: Path) -> None:
    """New ones go to the file that lists the first of their kind; a file without a difference is not written."""
    files = {
        "a.yaml": "version: 1\nproject: {name: acme}\n# nothing of interest\n",
        "b.yaml": "sip:\n  inbound_trunks:\n    one: {numbers: ['+1']}  # 1\n",
        "c.yaml": "sip:\n  inbound_trunks:\n    two: {numbers: ['+2']}  # 2\n    three: {numbers: ['+3']}\n",
    }
    live = "sip: {inbound_trunks: {one: {numbers: ['+1']}, two: {numbers: ['+9']}, new: {numbers: ['+4']}}}"
    one = Case(tmp_path, snapshot(live), files, {})
    before = (tmp_path / "a.yaml").stat()
    told = one.accept()
    assert one.text("a.yaml") == files["a.yaml"]
    assert (tmp_path / "a.yaml").stat() == before
    assert one.text("b.yaml") == files["b.yaml"] + '    new:\n      numbers: ["+4"]\n'
    assert one.text("c.yaml") == "sip:\n  inbound_trunks:\n    two: {numbers: ['+9']}  # 2\n"
    assert [Path(file).name for file in told.files] == ["b.yaml", "c.yaml"]
    assert one.plan().changes == ()


@pytest.mark.parametrize("only", list(Plane))
def test_only_one_plane_is_accepted(tmp_path: Path, only: Plane) -> None:
    """The other one stays as the file has it, and so does what is unlisted with `--only agents`."""
    file = """\
version: 1
sip:
  dispatch_rules:
    r: {trunks: any, callers: ['+1'], rooms: {individual: {prefix: c}}}
agents:
  names: {ann: {agent_name: a}, bob: {agent_name: b}}
  rooms: [{prefix: c, agents: [ann], dispatch: sip}]
"""
    live = file.replace("version: 1\n", "").replace("+1", "+2").replace("[ann]", "[bob]")
    live = live.replace(
        "agents:\n", "    new: {trunks: any, rooms: {direct: {room: z}}}\nagents:\n", 1
    )
    one = case(tmp_path, file, live, only=only)
    told = one.accept()
    assert told.left == ()
    text = one.text()
    assert ("'+2'" in text, "new:" in text, "agents: [bob]" in text) == (
        (True, True, False) if only is Plane.SIP else (False, False, True)
    )
    assert one.plan().changes == ()
