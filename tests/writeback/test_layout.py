"""Unusual layouts: anchors, everything in one line, odd line ends. What cannot be changed is told, not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ReconcileError
from tests.writeback.projects import accepted, case

ANCHORS = """\
version: 1
x-defaults: &defaults
  ringing_timeout: 30s   # for all
  krisp_enabled: true
x-numbers: &numbers ["+15550100001"]
sip:
  inbound_trunks:
    a:
      <<: *defaults
      numbers: *numbers   # shared
      auth: &auth {username: acme, realm: acme.example}
    b:
      <<: *defaults
      numbers: ["+15550100002"]
      auth: *auth   # shared, too
"""
LIVE_ANCHORS = """\
sip:
  inbound_trunks:
    a:
      numbers: ["+15550100001"{more}]
      auth: {{username: {a}, realm: acme.example}}
      {a_field}
      krisp_enabled: true
    b:
      numbers: ["+15550100002"]
      auth: {{username: {b}, realm: acme.example}}
      ringing_timeout: 30s
      krisp_enabled: {krisp}
"""
SAME = {"more": "", "a": "acme", "b": "acme", "a_field": "ringing_timeout: 30s", "krisp": "true"}


@pytest.mark.parametrize(
    ("live", "before", "after"),
    [
        (
            {"more": ', "+15550100003"'},
            "numbers: *numbers   # shared",
            'numbers: ["+15550100001", "+15550100003"]   # shared',
        ),
        (
            {"b": "other"},
            "auth: *auth   # shared, too",
            "auth: {username: other, realm: acme.example}   # shared, too",
        ),
        (
            {"a_field": "ringing_timeout: 40s"},
            "      auth: &auth {username: acme, realm: acme.example}\n",
            "      auth: &auth {username: acme, realm: acme.example}\n      ringing_timeout: 40s\n",
        ),
        (
            {"krisp": "false"},
            "      auth: *auth   # shared, too\n",
            "      auth: *auth   # shared, too\n      krisp_enabled: false\n",
        ),
    ],
)
def test_what_is_shared_is_written_out_for_the_one_who_differs(
    tmp_path: Path, live: dict[str, str], before: str, after: str
) -> None:
    """An alias becomes a value, and a merged key is overruled: nobody else is changed along."""
    assert before in ANCHORS
    text = accepted(tmp_path, ANCHORS, LIVE_ANCHORS.format(**{**SAME, **live}))
    assert text == ANCHORS.replace(before, after)


def test_an_anchor_that_others_use_is_left_alone(tmp_path: Path) -> None:
    """Told with the place and the remedy; the rest of the object is written."""
    live = LIVE_ANCHORS.format(**{**SAME, "a": "other", "more": ', "+15550100003"'})
    one = case(tmp_path, ANCHORS, live)
    told = one.accept()
    assert [str(left).removeprefix(str(tmp_path)) for left in told.left] == [
        '/dispatch.yaml:11:20: inbound trunk "a": auth.username: it stands at an anchor that other parts of the file '
        "use - write it out instead, then run this again"
    ]
    assert one.text() == ANCHORS.replace("*numbers ", '["+15550100001", "+15550100003"] ')


def test_a_merged_key_cannot_be_taken_away(tmp_path: Path) -> None:
    """YAML has no word for that, and a duration no value that means the default."""
    live = LIVE_ANCHORS.format(**{**SAME, "a_field": "{}"}).replace("      {}\n", "")
    one = case(tmp_path, ANCHORS, live)
    told = one.accept()
    assert [(left.path, left.fix) for left in told.left] == [
        ("ringing_timeout", "write it out instead, then run this again")
    ]
    assert one.text() == ANCHORS


def test_an_object_at_an_anchor_that_others_use_is_not_removed(tmp_path: Path) -> None:
    """The file would not load any more."""
    live = """\
sip:
  inbound_trunks:
    b:
      numbers: ['+15550100002']
      auth: {username: acme, realm: acme.example}
      ringing_timeout: 30s
      krisp_enabled: true
"""
    one = case(tmp_path, ANCHORS, live)
    told = one.accept()
    assert [(left.name, left.path) for left in told.left] == [("a", "")]
    assert one.text() == ANCHORS


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_the_byte_order_mark_stay(
    tmp_path: Path, mark: str, line_break: str, end: str
) -> None:
    """New lines end as the others do; a file without a last line break gets none."""
    old = "version: 1\nsip:\n  inbound_trunks:\n    a:\n      numbers: ['+1']  # é\t#"
    new = f'{old}\n      callers: ["+2"]\n    b:\n      numbers: ["+3"]'
    file = mark + (old + end).replace("\n", line_break)
    live = "sip: {inbound_trunks: {a: {numbers: ['+1'], callers: ['+2']}, b: {numbers: ['+3']}}}"
    assert accepted(tmp_path, file, live) == mark + (new + end).replace("\n", line_break)


def test_a_file_in_one_line_stays_in_one_line(tmp_path: Path) -> None:
    """Entries come and go between their commas."""
    file = "{version: 1, sip: {inbound_trunks: { a: {numbers: ['+1', '+2'], callers: ['+3']}, b: {numbers: ['+4']} }}}"
    live = "sip: {inbound_trunks: {a: {numbers: ['+2'], metadata: x}, c: {numbers: ['+5']}}}"
    assert accepted(tmp_path, file, live) == (
        "{version: 1, sip: {inbound_trunks: { a: {numbers: ['+2'], metadata: x}, c: {numbers: [\"+5\"]} }}}"
    )


def test_unusual_but_lawful_spellings_are_understood(tmp_path: Path) -> None:
    """Explicit keys, commas in front, flow over several lines, directives, a document's end."""
    file = """\
%YAML 1.1
---
version: 1
sip:
  ? inbound_trunks
  : a: {
      numbers: ['+1'
        , '+2'   # two
        , '+3' ],
      callers: [ '+4' ]   # four
      , metadata: "x
        y"
    }
...
"""
    live = "sip: {inbound_trunks: {a: {numbers: ['+1', '+3'], callers: ['+5'], metadata: z}}}"
    text = accepted(tmp_path, file, live)
    assert text.startswith("%YAML 1.1\n---\nversion: 1\nsip:\n  ? inbound_trunks\n  : a: {\n")
    assert (
        "'+3' ],\n      callers: [ '+5' ]   # four\n      , metadata: \"z\"\n    }\n...\n" in text
    )


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_characters_that_end_a_line_for_some_programs_only_are_refused(
    tmp_path: Path, character: str
) -> None:
    """YAML 1.1 and editors count lines differently then; nothing is written."""
    file = f"version: 1\n# a{character}# b\nsip: {{inbound_trunks: {{a: {{numbers: ['+1']}}}}}}\n"
    one = case(tmp_path, file, "sip: {inbound_trunks: {a: {numbers: ['+2']}}}")
    with pytest.raises(ReconcileError, match="nothing was written; replace them"):
        one.accept()
    assert one.text() == file


def test_files_without_a_part_in_it_are_not_taken_apart(tmp_path: Path) -> None:
    """A layout that cannot be changed does no harm where nothing has to change."""
    file = "version: 1\n# a\u2028# b\nsip: {inbound_trunks: {a: {numbers: ['+1']}}}\n"
    assert accepted(tmp_path, file, "sip: {inbound_trunks: {a: {numbers: ['+1']}}}") == file
