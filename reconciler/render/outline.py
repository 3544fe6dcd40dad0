"""Documents as sections of short lines: what the terminal, Markdown and GitHub renderers have in common.

A line has a mark (`+ - ~ →`), a depth and a text in which nothing is left that could break out. How marks are
coloured, indented or fenced is the renderers' business.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Depth 0 is an object or a sentence, 1 a field of it, 2 an entry of the field."""

    text: str
    mark: str = " "
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a title.

    `marked`: the lines tell of changes. `urgent`: nobody must miss it. `flush`: the lines start with a place in a
    file, which editors look for at the left edge.
    """

    title: str
    lines: tuple[Line, ...]
    marked: bool = False
    urgent: bool = False
    flush: bool = False


def capped(lines: list[Line], limit: int, what: str) -> list[Line]:
    """The first lines, and how many more there are."""
    if len(lines) <= limit + 1:
        return lines
    return [*lines[:limit], Line(f"… and {len(lines) - limit:,} more {what}")]


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
