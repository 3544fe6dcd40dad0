"""Puts the figures of the last long run into docs/reliability.md.

`make soak` keeps them in docs/assets/reliability.json, each with the test that showed it. A row of the page has the
comment `<!-- figure: NAME -->` where its figure goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
RECORD = ROOT / "docs" / "assets" / "reliability.json"

_CELL = re.compile(r"(<!-- figure: ([a-z0-9-]+) -->)[^|\n]*\|")
_TEST = re.compile(r"`(tests/[^`]+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """A promise of the page: its line, the tests that hold it, and the names of its figures."""

    line: str
    tests: tuple[str, ...]
    figures: tuple[str, ...]


def recorded() -> dict[str, dict[str, str]]:
    """The figures by name: `figure` is the text, `test` the one that showed it."""
    found: dict[str, dict[str, str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def rows(text: str) -> Iterator[Row]:
    """The promises of a page."""
    for line in text.splitlines():
        if line.startswith("|") and (tests := _TEST.findall(line)):
            yield Row(line, tuple(tests), tuple(name for _, name in _CELL.findall(line)))


def filled(text: str, figures: Mapping[str, Mapping[str, str]]) -> str:
    """A page with the figures in their places. Raises `KeyError` for one that was never recorded."""
    return _CELL.sub(lambda found: f"{found[1]} {figures[found[2]]['figure']} |", text)


def main() -> None:
    """Writes the page."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), recorded()), encoding="utf-8")


if __name__ == "__main__":
    main()
