"""Nothing from a file or a server reaches a terminal with its teeth."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.visible import UNSEEN
from reconciler.render.escape import escape, quote, shorten

# What a terminal, a log viewer or an editor obeys instead of showing.
HOSTILE = {
    "newline": ("a\nb", "a\\nb"),
    "carriage return": ("a\rb", "a\\rb"),
    "tab": ("a\tb", "a\\tb"),
    "escape sequence": ("\x1b[31mred", "\\x1b[31mred"),
    "one-byte sequence": ("\x9b31m", "\\x9b31m"),
    "bell": ("\x07", "\\x07"),
    "delete": ("\x7f", "\\x7f"),
    "null": ("\x00", "\\x00"),
    "bidi override": ("\u202egnorw", "\\u202egnorw"),
    "bidi isolate": ("\u2066x\u2069", "\\u2066x\\u2069"),
    "arabic letter mark": ("\u061c", "\\u061c"),
    "zero width space": ("a\u200bb", "a\\u200bb"),
    "byte order mark": ("\ufeffx", "\\ufeffx"),
    "line separator": ("a\u2028b", "a\\u2028b"),
    "paragraph separator": ("a\u2029b", "a\\u2029b"),
    "no-break space": ("a\u00a0b", "a\\xa0b"),
    "tag character": ("\U000e0041", "\\U000e0041"),
    "hangul filler": ("a\u3164", "a\\u3164"),
    "blank of Braille": ("\u2800", "\\u2800"),
    "variation selector": ("a\ufe0f", "a\\ufe0f"),
    "variation selector of the second plane": ("a\U000e0101", "a\\U000e0101"),
    "grapheme joiner": ("a\u034fb", "a\\u034fb"),
    "command of a runner": ("a ##[add-mask]b", "a \\x23#[add-mask]b"),
    "command at the beginning": ("::error::a", "\\x3a:error::a"),
    "command behind spaces": ("  ::error ::a", "  \\x3a:error ::a"),
    "command of an agent": ("###vso[x]", "#\\x23#vso[x]"),
    "half a surrogate pair": ("\ud800", "\\ud800"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_cannot_be_seen_is_written_out(what: str) -> None:
    """Each of these becomes the escape that a reader knows."""
    text, expected = HOSTILE[what]
    assert escape(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "a::b",
        "::1",
        "::ffff:203.0.113.7",
        "2001:db8::1",
        "مبيعات",
        "電話 ☎ é",
        '"\\`|<>&@%:',
        "👍",
    ],
)
def test_what_can_be_seen_stays(text: str) -> None:
    """Every script and all punctuation are left alone."""
    assert escape(text) == text


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    """Whatever the text is, the result is one line of visible characters."""
    found = escape(text)
    assert all(one == " " or unicodedata.category(one)[0] not in "CZ" for one in found)
    assert not re.search(f"[{UNSEEN}]", found)
    assert not re.search(r"##\w*\[", found)


@given(st.text(), st.text())
def test_quoted_texts_differ_as_the_texts_do(first: str, second: str) -> None:
    """No text can look like another one, as long as both are quoted."""
    assert (quote(first) == quote(second)) == (first == second)


def test_a_quoted_text_cannot_end_early() -> None:
    """Quotation marks and backslashes within are escaped."""
    assert quote('a" (ST_1)\\') == '"a\\" (ST_1)\\\\"'


def test_a_long_text_says_how_long_it_is() -> None:
    """What is cut off is counted."""
    assert shorten("x" * 2000, 3) == "xxx… (2,000 characters)"
    assert shorten("xxx", 3) == "xxx"
