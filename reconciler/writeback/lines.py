"""Lines of a text by position, whatever ends them: `\\n`, `\\r\\n` or `\\r`."""

from __future__ import annotations

import re

_BREAK = re.compile(r"\r\n|\n|\r")


def start_of_line(text: str, position: int) -> int:
    """Where the line of a position starts."""
    if text[position - 1 : position + 1] == "\r\n":
        position -= 1  # between the two characters of one line break
    return max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1


def end_of_line(text: str, position: int) -> int:
    """Where the line of a position ends, in front of what ends it."""
    found = _BREAK.search(text, position)
    return found.start() if found is not None else len(text)


def next_line(text: str, position: int) -> int:
    """Where the line behind that of a position starts, or the end of the text."""
    found = _BREAK.search(text, position)
    return found.end() if found is not None else len(text)


def column_of(text: str, position: int) -> int:
    """How many characters stand in front of a position in its line."""
    return position - start_of_line(text, position)


def line_number(text: str, position: int) -> int:
    """The line of a position, counted from 1."""
    return sum(1 for _ in _BREAK.finditer(text, 0, position)) + 1


def break_of(text: str) -> str:
    """What ends the lines of a text: what ends the first one."""
    found = _BREAK.search(text)
    return found[0] if found is not None else "\n"


def without_break(text: str) -> str:
    """A text without what ends its last line."""
    for one in ("\r\n", "\n", "\r"):
        if text.endswith(one):
            return text.removesuffix(one)
    return text
