"""The normal form of numbers (SIP-SEMANTICS 1-3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.sip.numbers import normalize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("+15550100001", "+15550100001"),
        ("15550100001", "+15550100001"),
        ("+1 (555) 010-0001", "+15550100001"),
        ("(555) 010-0001", "+5550100001"),
        ("0015550100001", "+0015550100001"),
        ("()", "+"),
        (" 1", "+1"),
    ],
)
def test_punctuation_goes_and_a_plus_comes(text: str, expected: str) -> None:
    """Rules 1 and 3: digits, spaces, dashes and parentheses after an optional plus; no country code is ever added."""
    assert normalize(text) == expected


@pytest.mark.parametrize(
    "text",
    ["+1.555.010.0001", "*98", "alice", "Alice", " +1555", "++1", "1+1", "٣", "1\n", "+1\u00a02"],
)
def test_any_other_text_stays(text: str) -> None:
    """Rule 2: everything else is compared as it is written, case and all."""
    assert normalize(text) == text


@given(st.text(alphabet="+0123456789 -()a.\n٣"))
def test_the_normal_form_is_stable(text: str) -> None:
    """Normalizing twice is normalizing once."""
    assert normalize(normalize(text)) == normalize(text)
