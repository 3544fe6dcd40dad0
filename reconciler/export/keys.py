"""The keys under which live objects are listed, and short names made of other names.

The key is the live name. Where several objects share a name, or a name cannot be a key, each gets a key of its own
and is pinned by its id: its live name then stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from reconciler.core.objects import Live

_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 60

# `<<` is a key that merges mappings, in quotes as well to some readers.
_NO_KEYS = ("", "<<")
_LONGEST_KEY = 1024


def is_key(text: str) -> bool:
    """Whether a text can be a key in the file."""
    return text not in _NO_KEYS and len(text) <= _LONGEST_KEY


class Key(NamedTuple):
    """The key of an object, and whether its id has to stand beside it."""

    text: str
    pinned: bool


def keys_of(objects: Sequence[Live], is_reserved: Callable[[str], bool]) -> dict[str, Key]:
    """A key for each id. Names that are reserved mean something else where objects are named, and are no keys."""
    counts = Counter(one.name for one in objects)
    unique = Unique(counts)  # no made-up key is the live name of anything else
    keys: dict[str, Key] = {}
    given: set[str] = set()
    for one in sorted(objects, key=lambda one: (one.name, one.id)):
        name = one.name
        if not is_key(name) or is_reserved(name):
            keys[one.id] = Key(unique(_instead_of(name, is_reserved)), pinned=True)
        elif name in given:
            keys[one.id] = Key(unique(name), pinned=True)
        else:
            given.add(name)
            keys[one.id] = Key(name, pinned=counts[name] > 1)
    return keys


def _instead_of(name: str, is_reserved: Callable[[str], bool]) -> str:
    short = slug(name)
    if not short:
        return "unnamed"
    return f"named-{short}" if is_reserved(short) else short


class Unique:
    """Makes names unique by a number at their end: `a`, `a-2`, `a-3`."""

    def __init__(self, taken: Iterable[str] = (), separator: str = "-") -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}
        self._separator = separator

    def __call__(self, name: str) -> str:
        """The name, or with the smallest number that makes it one that was not given away."""
        number = self._next.get(name, 1)
        candidate = name if number == 1 else f"{name}{self._separator}{number}"
        while candidate in self._taken:
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
