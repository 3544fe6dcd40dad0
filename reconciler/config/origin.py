"""Where an object was written. Places of fields are looked up in the tree when somebody asks, and only then."""

from __future__ import annotations

from reconciler.config.nodes import Mapping, Node, Scalar, Sequence
from reconciler.core.finding import Mark


class ObjectOrigin:
    """The place of an object, and of everything below it."""

    __slots__ = ("key", "node")

    def __init__(self, key: Scalar, node: Mapping) -> None:
        self.key = key
        self.node = node

    def mark(self, path: str = "") -> Mark:
        """The place of the field's key or list entry, or of the nearest one above it that was written."""
        place: Node = self.key
        node: Node = self.node
        rest = path
        while rest:
            if type(node) is Mapping:
                key = _longest(node, rest)
                if key is None:
                    break
                place, node = node.key(key), node.entries[key][2]
                rest = rest[len(key) :].removeprefix(".")
            elif type(node) is Sequence:
                number, _, after = rest.removeprefix("[").partition("]")
                if not (number.isascii() and number.isdigit() and int(number) < len(node.items)):
                    break
                place = node = node.items[int(number)]
                rest = after.removeprefix(".")
            else:
                break
        return Mark(place.file, place.line + 1, place.column + 1)


def _longest(node: Mapping, path: str) -> str | None:
    """The key that the path starts with; keys may hold dots, so the longest one is meant."""
    found = [key for key in node.entries if path == key or path.startswith((f"{key}.", f"{key}["))]
    return max(found, key=len, default=None)
