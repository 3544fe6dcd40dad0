"""What a YAML file is made of once it is parsed: texts, lists and mappings, each with its place.

Every node knows its file, and so does every key: an overlay puts what stands in one file among what stands in another.
No text has a type here. What `+15550100001`, `no` or `12:30` means is decided by the field that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.core.finding import Finding

NULLS = frozenset(("", "~", "null", "Null", "NULL"))


class Scalar:
    """One text. `plain` means that it stood without quotes. Lines and columns count from 0 in all nodes."""

    __slots__ = ("column", "file", "line", "plain", "text")

    def __init__(self, text: str, plain: bool, line: int, column: int, file: str) -> None:
        self.text = text
        self.plain = plain
        self.line = line
        self.column = column
        self.file = file

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as "no value"."""
        return self.plain and self.text in NULLS


class Sequence:
    """Several nodes in order."""

    __slots__ = ("column", "file", "items", "line")

    def __init__(self, line: int, column: int, file: str) -> None:
        self.items: list[Node] = []
        self.line = line
        self.column = column
        self.file = file


class Mapping:
    """Nodes by key; each entry keeps the place of its key."""

    __slots__ = ("column", "entries", "file", "line")

    def __init__(self, line: int, column: int, file: str) -> None:
        self.entries: dict[str, Entry] = {}
        self.line = line
        self.column = column
        self.file = file

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return ((key, entry[2]) for key, entry in self.entries.items())

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        entry = self.entries.get(key)
        return None if entry is None else entry[2]

    def key(self, key: str) -> Scalar:
        """The key itself, as a node with its place."""
        line, column, _, plain, file = self.entries[key]
        return Scalar(key, plain, line, column, file)


Node: TypeAlias = Scalar | Sequence | Mapping
# Line and column of the key, the value, whether the key stood without quotes, and the key's file.
Entry: TypeAlias = tuple[int, int, Node, bool, str]


@dataclass(frozen=True, slots=True)
class Tree:
    """One parsed file; `findings` are those that do not keep the rest of it from being read."""

    root: Mapping
    findings: tuple[Finding, ...] = ()
