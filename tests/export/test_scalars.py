"""Every text reads back as itself, wherever it stands, and looks harmless in a terminal."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.export.document import Map, Node, Word
from reconciler.export.emit import WIDTH, emit
from reconciler.export.scalars import printable, quoted, scalar
from tests.export.hostile import TRAPS

any_text = st.sampled_from(TRAPS) | st.text(st.characters(exclude_categories=["Cs"]))


@given(key=any_text, value=any_text)
def test_any_text_reads_back(key: str, value: str) -> None:
    """As a key, a value and an entry of a list, in a line of its own and among others."""
    node: Node = Map({key: value, "list": [value, Map({key: value})]})
    text = emit(Map({"open": Map({key: value}, open=True), "flow": node}), ())
    assert yaml.safe_load(text) == {
        "open": {key: value},
        "flow": {key: value, "list": [value, {key: value}]},
    }


@given(any_text)
def test_no_text_breaks_its_line(text: str) -> None:
    """Control characters, line breaks and reversed writing are escaped, in comments as well."""
    for spelling in (scalar(text), quoted(text), printable(text)):
        assert spelling.isprintable()


@pytest.mark.parametrize(
    "text", ["call-", "SW Telephony Agent", "acme.sip.example", "a_b/c", "ST_1"]
)
def test_harmless_texts_stand_without_quotes(text: str) -> None:
    """Names are written as people write them."""
    assert scalar(text) == text


@pytest.mark.parametrize(
    "text", ["+15550100001", "1.9", "yes", "Off", "null", "203.0.113.7", "12:30"]
)
def test_texts_with_another_meaning_are_quoted(text: str) -> None:
    """Phone numbers, versions, addresses and YAML's words for flags are texts to every reader."""
    assert scalar(text) == f'"{text}"'


def test_json_is_written_in_single_quotes() -> None:
    """A text full of double quotes stays readable."""
    assert scalar('{"a": 1}') == "'{\"a\": 1}'"


def test_long_keys_and_values_are_broken_up() -> None:
    """No line that could be broken is longer than the width, and a key too long for YAML gets its question mark."""
    long = "x" * 1100
    node = Map(
        {long: Map({"b": ["text " * 9] * 3}), "list": [Map({"a": "b" * 60, "c": [Word("1")] * 30})]}
    )
    text = emit(node, ())
    assert yaml.safe_load(text) == {
        long: {"b": ["text " * 9] * 3},
        "list": [{"a": "b" * 60, "c": [1] * 30}],
    }
    assert max(len(line) for line in text.splitlines() if not line.startswith("?")) <= WIDTH
