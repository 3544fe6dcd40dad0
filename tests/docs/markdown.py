"""Reads a Markdown document as far as its tests need it: fenced blocks with the directive in front of them, headings.

A directive is an HTML comment on the line above a block, or alone between two blocks:

    <!-- file: PATH -->      the block is written to PATH in the document's folder
    <!-- not run: WHY -->    the commands of the block are not run
    <!-- not ours: WHOSE --> the YAML of the block is another program's
    <!-- journal -->         `serve` has run for a while, and left its journal in the folder (tests/docs/journal.py)
    <!-- room: NAME AGENT -->  somebody makes a room that asks for agents, or for none in particular
    <!-- by hand -->         somebody changes the live project by hand (demo/change_by_hand.py)
    <!-- project: PATH -->   from here on another folder, and a project that holds what PATH in the repository says
    <!-- managed: PATH -->   the same, and the folder has the file that `reconcile init --from-live` writes of it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"(`{3,}|~{3,})(\S*)\s*$")
_DIRECTIVE = re.compile(
    r"<!--\s*(file|not run|not ours|by hand|journal|project|managed|room)(?::\s*(.*?))?\s*-->\s*$"
)
# The directives that are about the block below them; all others stand alone, wherever they stand.
OF_A_BLOCK = ("file", "not run", "not ours")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*$")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, or a directive that stands alone: then `language` is empty and there is no text."""

    language: str
    text: str
    line: int
    directive: str = ""
    argument: str = ""


def blocks(text: str) -> list[Block]:
    """The fenced blocks and the directives of a document, in order."""
    return list(_blocks(text.splitlines()))


def _blocks(lines: list[str]) -> Iterator[Block]:
    directive, argument = "", ""
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if found := _DIRECTIVE.match(line):
            if directive:
                yield Block("", "", number - 1, directive, argument)
            directive, argument = found[1], found[2] or ""
        elif fence := _FENCE.match(line):
            start, body = number, []
            while lines[number].strip() != fence[1]:
                body.append(lines[number])
                number += 1
            number += 1
            if directive and directive not in OF_A_BLOCK:
                yield Block("", "", start, directive, argument)
                directive, argument = "", ""
            yield Block(fence[2], "\n".join(body) + "\n", start, directive, argument)
            directive, argument = "", ""
        elif line.strip() and directive:
            yield Block("", "", number, directive, argument)
            directive, argument = "", ""


def prose(text: str) -> str:
    """The document without its fenced blocks."""
    kept, fence = [], ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif fence:
            fence = "" if line.strip() == fence else fence
        else:
            kept.append(line)
    return "\n".join(kept)


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    names = set()
    for line in prose(text).splitlines():
        heading = _HEADING.match(line)
        if heading is None:
            continue
        title = _LINK.sub(r"\1", heading[1]).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return names
