"""One field of one listed object was changed by hand: what becomes of its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.writeback.projects import accepted

TRUNK = """\
version: 1
sip:
  inbound_trunks:
    main:
      numbers: ["+15550100001"]
{lines}
      # the end of main
"""
RULE = """\
version: 1
sip:
  dispatch_rules:
    main:
      trunks: any
      rooms: {{direct: {{room: hall}}}}
{lines}
"""
TRUNK_CASES = {
    "a plain text": ("auth: {username: acme}  # us", "auth: {username: other}  # us"),
    "single quotes": ("auth: {username: 'acme'}", "auth: {username: 'it''s'}"),
    "double quotes": ('auth: {username: "acme"}', 'auth: {username: "other"}'),
    "plain is no longer safe": ("auth: {username: acme}", 'auth: {username: "no"}'),
    "a flag that is true": ("krisp_enabled: true", None),
    "a duration": ("ringing_timeout: 30s   # soon", "ringing_timeout: 1m   # soon"),
    "a quoted duration": ("ringing_timeout: '30s'", "ringing_timeout: '1m'"),
    "a word": ("include_headers: x", "include_headers: all"),
    "a list in brackets": ("callers: ['+1', '+2']  # who", "callers: ['+2', '+3']  # who"),
    "the spelling of a number": (
        'callers: ["+1 (555) 010-0001", "+2"]',
        'callers: ["+1 (555) 010-0001", "+3"]',
    ),
    "a list of lines": (
        "callers:  # who\n        # first\n        - '+1'   # one\n        - '+2'   # two",
        "callers:  # who\n        # first\n        - '+2'   # two\n        - '+3'",
    ),
    "a list of lines at the key's column": (
        "callers:\n      - '+1'\n      -   '+2'",
        "callers:\n      -   '+2'\n      - '+3'",
    ),
    "a list of lines in brackets": (
        "callers: [  # who\n        '+1',  # one\n        '+2'  # two\n      ]",
        "callers: [  # who\n        '+2',  # two\n        '+3'\n      ]",
    ),
    "a trailing comma": (
        "callers: [\n        '+2',\n      ]  # who",
        "callers: [\n        '+2',\n        '+3',\n      ]  # who",
    ),
    "a mapping for metadata": (
        "metadata: {team: a, n: 5}  # md",
        "metadata: {team: b, n: 5}  # md",
    ),
    "a mapping of lines for metadata": (
        "metadata:\n        team: a  # team\n        n: [1, 2]  # n",
        "metadata:\n        team: b  # team\n        n: [1, 2]  # n\n        more: {x: true}",
    ),
    "a text of several lines": (
        "metadata: |\n        one\n        two",
        "metadata: |\n        one\n        three",
    ),
    "a group loses its last field": ("auth:\n        # us\n        username: acme", None),
    "a field of a group that is there": (
        "media:\n        encryption: allow  # srtp",
        "media:\n        encryption: require  # srtp\n        media_timeout: 30s",
    ),
    "one of several headers": (
        "headers_to_attributes: {X-A: a, x.b: b, X-C: c}",
        "headers_to_attributes: {X-A: a, x.b: d}",
    ),
    "codecs": (
        "media:\n        codecs:\n          - {name: PCMU, rate: 8000}  # u\n          - {name: PCMA, rate: 8000}  # a",
        "media:\n        codecs:\n          - {name: PCMU, rate: 8000}  # u\n          - {name: G722, rate: 8000}  # a",
    ),
}


@pytest.mark.parametrize("name", TRUNK_CASES)
def test_a_field_of_a_trunk_says_what_lives(tmp_path: Path, name: str) -> None:
    """Only its own lines change, in their own style; with the default it goes with its comment."""
    before, after = TRUNK_CASES[name]
    old = TRUNK.format(lines=f"      {before}")
    live = old if after is None else TRUNK.format(lines=f"      {after}")
    if after is None:
        live = TRUNK.replace("{lines}\n", "")
    text = accepted(tmp_path, old, live.replace("version: 1\n", ""))
    assert text == live


@pytest.mark.parametrize(
    "line",
    [
        "callers: ['+15550100009']",
        "auth: {username: acme, realm: acme.example}",
        "metadata: '{\"a\": 1}'",
        "headers_to_attributes: {X-A: a}",
        "ringing_timeout: 30s",
        "krisp_enabled: true",
        "media: {encryption: require}",
    ],
)
def test_a_new_field_goes_to_the_end_of_its_object(tmp_path: Path, line: str) -> None:
    """In the indentation of its neighbours, in front of whatever comes behind the object."""
    old = TRUNK.replace("{lines}\n", "")
    live = TRUNK.format(lines=f"      {line}").replace("version: 1\n", "")
    text = accepted(tmp_path, old, live)
    added = text.splitlines()[5]
    assert text == old.replace("      # the end", f"{added}\n      # the end")
    assert added.replace('"', "'") == f"      {line}".replace('"', "'")


def test_new_fields_stand_in_the_order_of_the_documentation(tmp_path: Path) -> None:
    """Whatever the order in which they were found to differ."""
    lines = "      media: {encryption: require}\n      callers: ['+1']\n      metadata: x"
    text = accepted(
        tmp_path,
        TRUNK.replace("{lines}\n", ""),
        TRUNK.format(lines=lines).replace("version: 1\n", ""),
    )
    keys = [line.split(":")[0].strip() for line in text.splitlines()[5:8]]
    assert keys == ["callers", "metadata", "media"]


def test_a_list_that_lets_everybody_in_becomes_any(tmp_path: Path) -> None:
    """An empty list means everybody to LiveKit; the file has a word for it."""
    old = (
        "version: 1\nsip:\n  inbound_trunks:\n    a:\n      numbers:  # ours\n        - '+1'  # one\n"
        "      auth: {username: a}\n"
    )
    live = "sip: {inbound_trunks: {a: {numbers: any, auth: {username: a}}}}"
    assert accepted(tmp_path, old, live) == (
        "version: 1\nsip:\n  inbound_trunks:\n    a:\n      numbers: any  # ours\n      auth: {username: a}\n"
    )


def test_any_becomes_a_list(tmp_path: Path) -> None:
    """The other way round."""
    old = "version: 1\nsip: {inbound_trunks: {a: {numbers: any, auth: {username: a}}}}\n"
    live = "sip: {inbound_trunks: {a: {numbers: ['+1', '+2'], auth: {username: a}}}}"
    assert accepted(tmp_path, old, live) == (
        'version: 1\nsip: {inbound_trunks: {a: {numbers: ["+1", "+2"], auth: {username: a}}}}\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{individual: {prefix: call-}}", "{direct: {room: hall}}"),
        ("{direct: {room: hall}}", "{callee: {prefix: team, random_suffix: true}}"),
        ("{individual: {prefix: call-}}", "{individual: {}}"),
        ("{individual: {}}", "{individual: {prefix: call-, random_suffix: false}}"),
        ("\n        individual:\n          prefix: call-", "\n        direct: {room: hall}"),
        ("\n        individual:\n          prefix: call-", "\n        individual: {}"),
        (
            "\n        individual:\n          prefix: call-  # p",
            "\n        individual:\n          prefix: other-  # p",
        ),
    ],
)
def test_rooms_of_another_kind(tmp_path: Path, before: str, after: str) -> None:
    """The one member that lives stands there, in braces or lines as the old one did, and empty where it is so."""
    file = (
        "version: 1\nsip:\n  dispatch_rules:\n    r:\n      trunks: any\n      rooms: {}  # rooms\n"
    )
    file = (
        file.replace("rooms: {}", "rooms: X")
        if before[0] == "{"
        else file.replace(" {}  # rooms", "X")
    )
    live = file.replace("version: 1\n", "").replace("X", after)
    assert accepted(tmp_path, file.replace("X", before), live) == file.replace("X", after)


@pytest.mark.parametrize(
    "line",
    [
        "hide_phone_number: true",
        "attributes: {direction: inbound}",
        "room: {empty_timeout: 1m30s, max_participants: 4}",
        "room: {tags: {a: b}}",
        "callers: ['+15550100009']",
    ],
)
def test_fields_of_rules_come_and_go(tmp_path: Path, line: str) -> None:
    """What was written and lives no more goes with its line; what lives and was not written comes."""
    with_line = RULE.format(lines=f"      {line}")
    without = RULE.format(lines="").rstrip() + "\n"
    (tmp_path / "there").mkdir()
    (tmp_path / "back").mkdir()
    assert accepted(tmp_path / "there", with_line, without.replace("version: 1\n", "")) == without
    text = accepted(tmp_path / "back", without, with_line.replace("version: 1\n", ""))
    assert text.replace('"', "'") == with_line


def test_metadata_that_is_no_mapping_any_more_becomes_a_text(tmp_path: Path) -> None:
    """A mapping stays one only while the live text is one; numbers that programs read differently make it a text."""
    old = TRUNK.format(lines="      metadata: {a: 1}")
    for text in ("[1]", '{"a": 1e400}', '{"<<": 1}', "plain"):
        live = TRUNK.format(lines=f"      metadata: '{text}'").replace("version: 1\n", "")
        assert "metadata: {" not in accepted(tmp_path, old, live)


def test_fields_that_others_manage_stay_as_they_are(tmp_path: Path) -> None:
    """`unmanaged` of an object and of the project: no drift, and nothing to accept."""
    old = TRUNK.format(
        lines="      ringing_timeout: 30s\n      unmanaged: [ringing_timeout]\n      callers: ['+1']"
    )
    live = TRUNK.format(lines="      ringing_timeout: 40s\n      callers: ['+2']")
    text = accepted(tmp_path, old, live.replace("version: 1\n", ""))
    assert text == old.replace("+1'", "+2'")
