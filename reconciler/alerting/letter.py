"""A message as paragraphs, before it is text: cut to the length that a target takes, plain or in Markdown.

What is longer than a target takes loses details first, then entries of its lists, with the number of those left out.
The sentences at the beginning and the commands at the end stay as long as there is room for them at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from reconciler.alerting.safe import harmless
from reconciler.render.outline import plural

_LONGEST_NAME: Final = 160
# Entries of each list and details of each entry that are tried in turn, until the text is short enough.
MOST: Final = 20
_CUTS: Final = ((MOST, 8), (12, 5), (8, 4), (5, 3), (5, 1), (3, 1), (2, 0), (1, 0), (0, 0))


@dataclass(frozen=True, slots=True)
class Name:
    """Something from a file or a server; Markdown shows it as code. Whatever is in it, it is harmless."""

    text: str

    def __str__(self) -> str:
        """The name as it may stand in a message."""
        shown = harmless(self.text[:_LONGEST_NAME])
        length = len(self.text)
        return shown if length <= _LONGEST_NAME else f"{shown}… ({length:,} characters)"


@dataclass(frozen=True, slots=True)
class Typed:
    """A command to be typed as it stands: of whoever started this program, so that nothing in it is replaced."""

    text: str

    def __str__(self) -> str:
        """The command."""
        return self.text


Words: TypeAlias = tuple[str | Name | Typed, ...]
"""A sentence: own words, and names in it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list, with details that may be left out."""

    words: Words
    details: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A list under a title: its first entries, and how many there are in all, which are called by a noun.

    One without a noun is never cut.
    """

    title: str
    entries: tuple[Entry, ...]
    total: int
    noun: str = ""

    @classmethod
    def of(cls, title: str, entries: Iterable[Entry], total: int, noun: str) -> Part:
        """A list of which no more is made than can be shown."""
        return cls(title, tuple(islice(entries, MOST)), total, noun)


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole message: its title, its sentences, and its lists."""

    title: Words
    sentences: tuple[Words, ...]
    parts: tuple[Part, ...] = ()

    def subject(self, limit: int) -> str:
        """The title in one line of at most `limit` characters."""
        return _cut(_plain(self.title), limit)

    def body(self, limit: int, *, markdown: bool) -> str:
        """The text, in at most `limit` characters."""
        text = ""
        for entries, details in _CUTS:
            text = "\n\n".join(self._blocks(entries, details, markdown))
            if len(text) <= limit:
                return text
        return _cut(text, limit)

    def _blocks(self, entries: int, details: int, markdown: bool) -> Iterator[str]:
        yield ("\n\n" if markdown else "\n").join(_shown(one, markdown) for one in self.sentences)
        for part in self.parts:
            if not part.entries:
                continue
            if entries == 0 and part.noun:
                yield f"{part.title}: {plural(part.total, part.noun)}."
                continue
            title = f"**{part.title}**\n" if markdown else f"{part.title}:"
            yield "\n".join([title, *_lines(part, entries, details, markdown)])


def _lines(part: Part, limit: int, details: int, markdown: bool) -> Iterator[str]:
    shown = part.entries[:limit] if part.noun else part.entries
    for entry in shown:
        yield f"- {_shown(entry.words, markdown)}"
        yield from (
            f"    {'- ' if markdown else ''}{_shown(one, markdown)}"
            for one in _some(entry.details, details)
        )
    if len(shown) < part.total:
        yield f"- … and {part.total - len(shown):,} more"


def _some(details: tuple[Words, ...], limit: int) -> Iterable[Words]:
    """The first details and how many more there are; none at all where there is room for none."""
    if limit == 0 or len(details) <= limit:
        return details[:limit]
    return (*details[:limit], (f"… and {len(details) - limit:,} more",))


def _shown(words: Words, markdown: bool) -> str:
    if not markdown:
        return _plain(words)
    return "".join(one if isinstance(one, str) else _code(str(one)) for one in words)


def _plain(words: Words) -> str:
    return "".join(str(one) for one in words)


def _code(text: str) -> str:
    """A code span; a command may hold backticks, a name holds none."""
    ticks = "`" * (2 if "`" in text else 1)
    return f"{ticks} {text} {ticks}" if "`" in text else f"{ticks}{text}{ticks}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + "…"
