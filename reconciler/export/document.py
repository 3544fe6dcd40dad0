"""What a file is made of before it is text: mappings with comments, lists, texts, words and references to secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Word:
    """A scalar that is written as it stands: a flag, a number, a duration, a word of the language."""

    text: str


@dataclass(frozen=True, slots=True)
class FromVariable:
    """A secret that comes from the variable with this number (`variables.Variables`)."""

    number: int


@dataclass(slots=True)
class Map:
    """Keys and values in the order in which they are written.

    `comments` are lines above a key. `open`: each entry has a line of its own, however short the mapping is.
    """

    entries: dict[str, Node] = field(default_factory=dict)
    comments: dict[str, list[str]] = field(default_factory=dict)
    open: bool = False

    def put(self, path: str, value: Node) -> None:
        """Sets the value at a path such as `auth.username`, with the mappings on the way."""
        *parents, last = path.split(".")
        self.below(parents).entries[last] = value

    def below(self, parents: list[str]) -> Map:
        """The mapping under some keys, made where it is missing."""
        place = self
        for key in parents:
            found = place.entries.setdefault(key, Map())
            assert isinstance(found, Map)  # noqa: S101  # no path is both a leaf and a mapping
            place = found
        return place

    def comment(self, key: str, *lines: str) -> None:
        """Adds lines above a key."""
        self.comments.setdefault(key, []).extend(lines)


Node: TypeAlias = "str | Word | FromVariable | list[Node] | Map"
