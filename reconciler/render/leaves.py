"""How two structured values differ, leaf by leaf. The only importer of deepdiff, which is slow to load.

The paths are those of a reader: `metadata.lang`, `metadata.steps[2]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.values import JsonValue
from reconciler.render.escape import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KINDS = {
    "values_changed": "~",
    "type_changes": "~",
    "dictionary_item_added": "+",
    "dictionary_item_removed": "-",
    "iterable_item_added": "+",
    "iterable_item_removed": "-",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One difference within a value: its path, and how it came about (`+`, `-` or `~`)."""

    path: str
    mark: str
    before: JsonValue
    after: JsonValue


def leaves(before: JsonValue, after: JsonValue, path: str) -> list[Leaf]:
    """The differences between two mappings or lists; empty where none is found."""
    from deepdiff import DeepDiff

    try:
        # Keys that start with two underscores are keys like any other.
        tree = DeepDiff(before, after, view="tree", ignore_private_variables=False)
    except RecursionError:
        return []
    found = [
        Leaf(
            _path(path, level.path(output_format="list")), mark, _given(level.t1), _given(level.t2)
        )
        for kind, mark in _KINDS.items()
        for level in tree.get(kind, ())
    ]
    return sorted(found, key=lambda leaf: (leaf.path, "-~+".index(leaf.mark)))


def _given(value: Any) -> JsonValue:
    """The value of one side, or None where that side has none."""
    return value if isinstance(value, str | int | float | list | dict) else None


def _path(root: str, keys: Sequence[str | int]) -> str:
    text = root
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN_KEY.fullmatch(key):
            text += f".{key}"
        else:
            text += f"[{quote(key)}]"
    return text
