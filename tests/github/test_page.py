"""Pages fit into a comment, and end with nothing open."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from page import LIMIT, compose, cut, fenced

PIECES = st.sampled_from(
    [
        "<details><summary>more</summary>",
        "</details>",
        "```diff",
        "```",
        "````text",
        "text",
        "é" * 9,
        "",
    ]
)
FENCE = re.compile(r"(`{3,})[a-z]*")


def is_closed(text: str) -> bool:
    """Whether every fence and every fold has its end."""
    fence, folds = "", 0
    for line in text.splitlines():
        if fence:
            fence = "" if line.startswith(fence) and not line.strip("`") else fence
        elif match := FENCE.fullmatch(line):
            fence = match[1]
        else:
            folds += line.count("<details>") - line.count("</details>")
    return not fence and folds <= 0


@given(st.lists(PIECES, max_size=40), st.integers(120, 400))
def test_whatever_is_cut_is_closed(lines: list[str], room: int) -> None:
    """Within the room, however the page is made."""
    text = "\n".join(lines)
    kept = cut(text, room)
    if kept == text:
        return
    assert len(kept.encode()) <= room + len("\n\n</details>") * 9
    assert is_closed(kept)
    assert "cut here" in kept


def test_what_fits_is_left_alone() -> None:
    """Not a byte is changed."""
    assert cut("a\n```\nb", 8) == "a\n```\nb"


@pytest.mark.parametrize("char", ["x", "é", "\N{GRINNING FACE}", "\ud800"])
def test_a_page_counts_bytes(char: str) -> None:
    """However GitHub counts, it does not find more."""
    text = "\n".join(char * 50 for _ in range(3000))
    page = compose("<!-- first -->", text, "a note", "a foot")
    assert len(page.encode(errors="replace")) <= LIMIT
    assert page.startswith("<!-- first -->\n")
    assert page.endswith("a note\n\na foot")


@pytest.mark.parametrize("text", ["a```b", "```\n````\n", "\x1b[31m", "\u202e"])
def test_any_text_can_be_fenced(text: str) -> None:
    """The fence is longer than what is in it, and nothing invisible is left."""
    lines = fenced(text).splitlines()
    assert set(lines[-1]) == {"`"}
    assert lines[-1] not in "\n".join(lines[1:-1])
    assert "\x1b" not in fenced(text)
    assert "\u202e" not in fenced(text)
