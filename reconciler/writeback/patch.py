"""What is to become of a mapping of the file: new values by key, keys that go, and the same for what lies below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.export.document import Map, Node


@dataclass(frozen=True, slots=True)
class Gone:
    """The key is removed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An item of the list that stays in its place, by its number: as it is, changed inside, or as another value."""

    index: int
    change: Patch | Node | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of which some items stay where and as they are; new ones follow them.

    `whole` is the list all the same, for a place where no list stands yet.
    """

    items: Sequence[Kept | Node]
    whole: Node


@dataclass(slots=True)
class Patch:
    """Changes of a mapping by key; a key that is missing here stays as it is.

    An empty mapping that is left over goes with its key, unless it is to `stay`.
    """

    entries: dict[str, Change] = field(default_factory=dict)
    stays: bool = False

    def put(self, parts: Sequence[str], change: Change) -> None:
        """Sets what becomes of the value at a path."""
        *parents, last = parts
        self.below(parents).entries[last] = change

    def below(self, parents: Sequence[str]) -> Patch:
        """The patch of a mapping further down."""
        place = self
        for key in parents:
            found = place.entries.setdefault(key, Patch())
            if not isinstance(found, Patch):
                found = place.entries[key] = Patch()
            place = found
        return place

    def as_map(self) -> Map:
        """What the patch makes where no mapping stands yet."""
        made = Map()
        for key, change in self.entries.items():
            node = as_node(change)
            if node is not None:
                made.entries[key] = node
        return made


Change: TypeAlias = "Node | Listing | Gone | Patch"


def as_node(change: Change) -> Node | None:
    """The value that a change makes where nothing stands yet; None for nothing."""
    match change:
        case Gone():
            return None
        case Patch():
            made = change.as_map()
            return made if made.entries or change.stays else None
        case Listing(whole=whole):
            return whole
        case _:
            return change
