"""The keys under which live objects are listed, and short names made of other names.

The key is the live name. Where several objects share a name, or a name cannot be a key, each gets a key of its own
and is pinned by its id: its live name then stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence

from reconciler.core.objects import Live

_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 60

# `<<` is a key that merges mappings, in quotes as well to some readers.
UNWRITABLE_KEYS = frozenset(("", "<<"))


def keys_of(objects: Sequence[Live], is_reserved: Callable[[str], bool]) -> dict[str, str]:
    """A key for each id. Names that are reserved mean something else where objects are named, and are no keys."""
    counts = Counter(one.name for one in objects)
    plain = {
        one.name: one.id
        for one in objects
        if counts[one.name] == 1 and one.name not in UNWRITABLE_KEYS and not is_reserved(one.name)
    }
    keys = {identifier: name for name, identifier in plain.items()}
    # No made-up key is a live name: it would look like that object.
    unique = Unique(counts.keys() - {name for name in counts if counts[name] > 1})
    for one in sorted(objects, key=lambda one: (one.name, one.id)):
        if one.id not in keys:
            usable = one.name not in UNWRITABLE_KEYS and not is_reserved(one.name)
            keys[one.id] = unique(one.name if usable else slug(one.name) or "unnamed")
    return keys


class Unique:
    """Makes names unique by a number at their end: `a`, `a-2`, `a-3`."""

    def __init__(self, taken: Iterable[str] = (), separator: str = "-") -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}
        self._separator = separator

    def __call__(self, name: str, also_taken: Container[str] = ()) -> str:
        """The name, or with the smallest number that makes it one that was not given away."""
        number = self._next.get(name, 1)
        candidate = name if number == 1 else f"{name}{self._separator}{number}"
        while candidate in self._taken or candidate in also_taken:
            number += 1
            candidate = f"{name}{self._separator}{number}"
        self._next[name] = number + 1
        self._taken.add(candidate)
        return candidate


def slug(text: str) -> str:
    """A short name of lower-case letters, digits and dashes; empty where a text has none of these."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_SLUG.sub("-", folded)[:_LONGEST_SLUG].strip("-")
