"""YAML's traps are caught or read as written, never passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config import files, tree
from reconciler.config.load import load
from reconciler.core.values import Duration, Metadata, TextList
from tests.config.reading import FILE, convention, errors, only, read, rule, told, trunk


def codes(data: bytes) -> list[str]:
    """Place and code of every finding about a file of these bytes."""
    found = load({Path(FILE): data}, {}).findings
    return [f"{one.mark.line}:{one.mark.column} {one.code}" for one in found]


TRAPS = {
    "an empty file": (b"", ["1:1 yaml-empty"]),
    "only a comment": (b"# nothing\n", ["1:1 yaml-empty"]),
    "only a document marker": (b"---\n", ["1:1 yaml-empty"]),
    "a list instead of a mapping": (b"- version: 1\n", ["1:1 yaml-shape"]),
    "a text instead of a mapping": (b"version\n", ["1:1 yaml-shape"]),
    "two documents": (b"version: 1\n---\nversion: 1\n", ["2:1 yaml-documents"]),
    "an unclosed list": (b"version: 1\nx-a: [1,\n", ["3:1 yaml-syntax"]),
    "a tab as indentation": (b"version: 1\nsip:\n\tinbound_trunks: {}\n", ["3:1 yaml-syntax"]),
    "a colon in a plain text": (b"version: 1\nproject:\n  name: a: b\n", ["3:10 yaml-syntax"]),
    "not UTF-8": (b"version: 1\nproject: {name: \xe9t\xe9}\n", ["2:17 yaml-encoding"]),
    "UTF-16": ("version: 1\n".encode("utf-16"), ["1:1 yaml-encoding"]),
    "UTF-16 without a mark": ("version: 1\n".encode("utf-16-le"), ["1:2 yaml-syntax"]),
    "a control character": ("version: 1\nproject: {name: é\x07}\n".encode(), ["2:18 yaml-syntax"]),
    "half a character": (b'version: 1\nproject: {name: "\\ud83d"}\n', ["2:20 yaml-syntax"]),
    "an escaped NUL": (b'version: 1\nproject: {name: "a\\0b"}\n', ["2:17 control-character"]),
    "a duplicate key": (b"version: 1\nversion: 1\n", ["2:1 yaml-duplicate-key"]),
    "a duplicate key in a flow mapping": (
        b"version: 1\nx-a: {b: 1, b: 2}\n",
        ["2:13 yaml-duplicate-key"],
    ),
    "a tag": (b"version: 1\nproject: {name: !env X}\n", ["2:17 yaml-tag"]),
    "a tag of Python": (b"version: 1\nx-a: !!python/object:os.system {}\n", ["2:6 yaml-tag"]),
    "a key that is a list": (b"version: 1\nx-a:\n  ? [b]\n  : c\n", ["3:5 yaml-key"]),
    "a template": (
        b"version: 1\nproject: {name: {{ name }}}\n",
        ["2:18 yaml-key", "2:17 wrong-type"],
    ),
    "an alias without an anchor": (b"version: 1\nx-a: *b\n", ["2:6 yaml-alias"]),
    "a recursive alias": (b"version: 1\nx-a: &a [*a]\n", ["2:10 yaml-alias"]),
    "a merge of a text": (b"version: 1\nx-a: {<<: b}\n", ["2:7 yaml-merge"]),
    "a byte order mark": (b"\xef\xbb\xbfversion: 1\n", []),
    "a document marker at both ends": (b"---\nversion: 1\n...\n", []),
    "line ends of Windows": (b"version: 1\r\nproject:\r\n  name: a\r\n", []),
    "no newline at the end": (b"version: 1", []),
    "JSON": (b'{"version": 1, "project": {"name": "a"}}', []),
}


@pytest.mark.parametrize("what", TRAPS)
def test_a_trap_is_caught_at_its_place(what: str) -> None:
    """Each of these files gets just the findings it deserves, at the right line and column."""
    data, expected = TRAPS[what]
    assert sorted(codes(data)) == sorted(expected)


def test_duplicates_and_tags_do_not_hide_other_problems() -> None:
    """What leaves the rest readable is told along with all other problems of the file."""
    text = "version: 1\nproject: {name: !x a, name: b}\nsipp: {}\n"
    assert {one.code for one in read(text).findings} == {
        "yaml-tag",
        "yaml-duplicate-key",
        "unknown-key",
    }


def test_a_syntax_error_keeps_what_was_found_before_it() -> None:
    """A duplicate key above a syntax error is told as well."""
    assert codes(b"a: 1\na: 2\nb: [") == ["2:1 yaml-duplicate-key", "3:5 yaml-syntax"]


def test_a_message_about_tabs_says_what_to_do() -> None:
    """Nobody has to guess that "cannot start any token" means a tab."""
    (line,) = told(read("sip:\n\tinbound_trunks: {}\n"))
    assert line.endswith("YAML allows no tabs here: use spaces")


def test_nesting_is_limited() -> None:
    """A file that is nothing but brackets is refused at the first one too many."""
    (finding,) = read("x-a: " + "[" * 500).findings
    assert finding.code == "yaml-depth"
    assert finding.mark.column == 5 + tree.MAX_DEPTH


def test_a_file_of_brackets_is_refused() -> None:
    """Newer parsers refuse so many before the file is read up to there: the same code, whoever finds it."""
    (finding,) = read("x-a: " + "[" * 10_000).findings
    assert finding.code == "yaml-depth"


def test_aliases_cannot_nest_deeper_than_the_file_may() -> None:
    """A chain of aliases, each inside forty brackets, is refused like brackets that are written out."""
    lines = ["version: 1", "x-0: &a0 [1]"]
    lines += [f"x-{i}: &a{i} {'[' * 40}*a{i - 1}{']' * 40}" for i in range(1, 500)]
    assert [one.code for one in read("\n".join(lines)).findings] == ["yaml-depth"]


def test_exploding_aliases_are_stopped() -> None:
    """Nine lists of nine lists of nine lists … are refused before they are unfolded."""
    lines = ["version: 1", "x-0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"x-{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    (finding,) = read("\n".join(lines)).findings
    assert finding.code == "yaml-alias"
    assert "1,000,000" in finding.message


def test_a_file_over_the_limit_is_refused_unread() -> None:
    """The limit and the way out stand in the message."""
    data = b"version: 1\n#" + b"x" * files.MAX_BYTES
    (finding,) = load({Path(FILE): data}, {}).findings
    assert finding.code == "yaml-size"
    assert "67,108,864" in finding.message
    assert "split it" in finding.fix


def test_a_key_over_the_limit_is_refused() -> None:
    """No path in a message can be longer than a screen can bear."""
    assert codes(b"? " + b"k" * (tree.MAX_KEY + 1) + b"\n: 1\n") == ["1:3 yaml-key"]


def test_anchors_and_merges_work_as_in_yaml() -> None:
    """`x-` keys hold anchors, `<<` merges them, and keys that are written win."""
    text = """\
version: 1
x-carrier: &carrier {numbers: ["+15550100001"], krisp_enabled: true, ringing_timeout: 30s}
sip:
  inbound_trunks:
    a: {<<: *carrier, ringing_timeout: 10s}
"""
    found = only(read(text), "inbound_trunk")
    assert found.fields["krisp_enabled"] is True
    assert found.fields["ringing_timeout"] == Duration(10_000_000_000)


def test_a_quoted_merge_key_is_a_key() -> None:
    """`"<<"` in quotes is an attribute of that name."""
    assert only(read(rule('attributes: {"<<": a}')), "dispatch_rule").fields["attributes.<<"] == "a"


# --- texts that YAML makes something else of


@pytest.mark.parametrize(
    "number", ["+15550100001", "15550100001", "0015550100001", "1_555", "0x1f", "12:30", "1e3"]
)
def test_a_number_without_quotes_is_read_as_written(number: str) -> None:
    """YAML would make an integer, a float or a time of it; a field of numbers takes the text."""
    found = only(read(trunk(f"numbers: [{number}]")), "inbound_trunk").fields["numbers"]
    assert isinstance(found, TextList)
    assert found.written == (number,)


@pytest.mark.parametrize("text", ["1.10", "12:30", "017", "2024-01-01", "0x1f", ".5", "1_000"])
def test_a_text_field_takes_what_looks_like_a_number_as_written(text: str) -> None:
    """A room preset `017` is not 15."""
    assert only(read(rule(f"room_preset: {text}")), "dispatch_rule").fields["room_preset"] == text


@pytest.mark.parametrize("word", ["yes", "no", "on", "Off", "y", "N", "true", "FALSE"])
def test_a_text_field_takes_a_flag_word_and_says_so(word: str) -> None:
    """`name: no` is the text "no"; other readers of the file would see a flag, which is worth a warning."""
    configuration = read(rule(f"room_preset: {word}"))
    assert configuration.sip["dispatch_rule"][0].fields["room_preset"] == word
    assert told(configuration) == [
        f"dispatch.yaml:7:20: warning[yaml-ambiguous] {word} is taken as text, other YAML readers take it as a flag "
        f'(sip.dispatch_rules.calls.room_preset) - write "{word}"'
    ]


FLAGS = {
    "no": "write false",
    "off": "write false",
    "on": "write true",
    "Yes": "write true",
    "1": "write true",
    '"true"': "write true",
    "maybe": "",
    "~": "",
    "[true]": "",
}


@pytest.mark.parametrize("word", FLAGS)
def test_a_flag_is_true_or_false(word: str) -> None:
    """Nothing else is, and the remedy is told."""
    (finding,) = errors(read(rule(f"krisp_enabled: {word}")))
    assert (finding.code, finding.fix) == ("wrong-type", FLAGS[word])


COUNTS = {
    "1_000": "write 1000",
    '"5"': "write 5",
    "+5": "write 5",
    "0x10": "write 16",
    "017": "write 17",
    "1.0": "",
    "-1": "",
    "1e3": "",
    "five": "",
    "[5]": "",
    "9" * 5000: "",
}


@pytest.mark.parametrize("text", COUNTS)
def test_a_count_is_written_in_digits(text: str) -> None:
    """Other spellings of numbers are refused with the one that works; a huge one is out of range."""
    (finding,) = errors(read(rule(f"room: {{max_participants: {text}}}")))
    assert finding.code == ("out-of-range" if text.isdecimal() and text != "017" else "wrong-type")
    assert finding.fix == COUNTS[text]


DURATIONS = {
    "12:30": "write 12m30s or 12h30m",
    "1:02:03": "write 1h2m3s",
    "30": "write 30s if seconds are meant",
    "30 s": "",
    "1s1m": "",
    "1m1m": "",
    "s": "",
    "-1s": "",
    "1.5s": "",
    "1d": "",
    "~": "",
    "{}": "",
    "9" * 5000 + "s": "",
    "٣s": "",
}


@pytest.mark.parametrize("text", DURATIONS)
def test_a_duration_has_its_units(text: str) -> None:
    """Clock times and bare numbers are refused with what may be meant."""
    (finding,) = errors(
        read(trunk(f"numbers: any\nauth: {{username: a}}\nringing_timeout: {text}"))
    )
    assert (finding.code, finding.fix) == ("wrong-type", DURATIONS[text])


# --- free JSON

JSON = {
    "{a: 1}": '{"a":1}',
    "{a: 1.5, b: -0.25, c: 1e3}": '{"a":1.5,"b":-0.25,"c":1000.0}',
    "{a: true, b: null, c: ~}": '{"a":true,"b":null,"c":null}',
    "{b: [x, {y: z}], a: é}": '{"b":["x",{"y":"z"}],"a":"é"}',
    "{a: '1', b: \"no\", c: '12:30'}": '{"a":"1","b":"no","c":"12:30"}',
    "{a: 2024-01-01, b: v1.2.3}": '{"a":"2024-01-01","b":"v1.2.3"}',
    "{a: 9223372036854775807}": '{"a":9223372036854775807}',
    "{}": "{}",
}


@pytest.mark.parametrize("text", JSON)
def test_a_mapping_becomes_compact_json(text: str) -> None:
    """Order, types and letters stay as they are written."""
    found = only(read(rule(f"metadata: {text}")), "dispatch_rule").fields["metadata"]
    assert isinstance(found, Metadata)
    assert (found.text, found.is_json) == (JSON[text], True)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "on",
        "Yes",
        "1_000",
        "12:30",
        "0x1f",
        "017",
        "0o17",
        ".5",
        "1.",
        "+1.5",
        ".inf",
        ".nan",
    ],
)
def test_free_json_refuses_what_readers_disagree_about(text: str) -> None:
    """Nobody could tell what `no` in a mapping would send."""
    (finding,) = errors(read(rule(f"metadata: {{a: {text}}}")))
    assert (finding.code, finding.path) == ("yaml-ambiguous", "sip.dispatch_rules.calls.metadata.a")


def test_a_phone_number_in_free_json_is_the_text_that_is_written() -> None:
    """JSON has no number with a plus, so there is one reading; a warning tells that others see an integer."""
    configuration = read(rule("metadata: {callback: +15550100001}"))
    assert configuration.sip["dispatch_rule"][0].fields["metadata"] == Metadata(
        '{"callback":"+15550100001"}'
    )
    assert [one.code for one in configuration.findings] == ["yaml-ambiguous"]
    assert errors(configuration) == []


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 20, "1" * 5000])
def test_a_number_that_programs_disagree_about_is_refused(number: str) -> None:
    """An infinity is no JSON, and 64 bits are the most that readers share."""
    (finding,) = errors(read(rule(f"metadata: {{a: {number}}}")))
    assert finding.code == "out-of-range"


def test_null_sections_say_how_an_empty_one_is_written() -> None:
    """`sip:` with nothing below it is a slip: managed and empty is written with braces."""
    text = "version: 1\nproject:\nsip:\nagents: ~\n"
    assert [(one.path, one.message, one.fix) for one in read(text).findings] == [
        ("project", "expected a mapping, found no value", "write {} for an empty one"),
        (
            "sip",
            "expected a mapping of inbound_trunks, outbound_trunks, dispatch_rules, found no value",
            "write {} for an empty one",
        ),
        (
            "agents",
            "expected a mapping of names and rooms, found no value",
            "write {} for an empty one",
        ),
    ]


def test_an_unquoted_plus_works_for_callers_in_rules_and_conventions_alike() -> None:
    """The type of the field decides, wherever it stands."""
    rule_fields = only(
        read(rule("callers: [+15550100002]\nnumbers: [+15550100001]")), "dispatch_rule"
    ).fields
    assert [rule_fields[key] for key in ("callers", "numbers")] == [
        TextList(("+15550100002",), ("+15550100002",)),
        TextList(("+15550100001",), ("+15550100001",)),
    ]
    configuration = read(convention("{room: +15550100001, agents: [a], dispatch: app}"))
    assert told(configuration) == []
