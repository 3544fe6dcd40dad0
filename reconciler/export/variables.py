"""Names of the variables that hold the secrets of an exported project.

A name is made of the object's key and the field: `SIGNALWIRE_AUTH_PASSWORD`. Where two would be the same, the kind of
object stands in front, and a number at the end where that is not enough. The values are never looked at here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from reconciler.export.document import FromVariable
from reconciler.export.keys import Unique, slug

# Variables that mean something to the program itself.
_RESERVED = ("LIVEKIT_", "RECONCILE_")
_INDEX = re.compile(r"\[[0-9]+\]")
_GROUPS = {"headers": "HEADER", "room": "", "rooms": ""}


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable to set, and the place in the file that needs it."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    kind: str
    key: str
    words: str
    path: str


class Variables:
    """Collects the places that need a secret; the names follow when all of them are known."""

    def __init__(self) -> None:
        self._wanted: list[_Wanted] = []

    def __len__(self) -> int:
        return len(self._wanted)

    def reference(self, kind: str, section: str, key: str, field: str) -> FromVariable:
        """A reference for one field of one object."""
        path = f"sip.{section}.{key}.{field}"
        self._wanted.append(_Wanted(kind.upper(), key, _words(field), path))
        return FromVariable(len(self._wanted) - 1)

    def forget_from(self, number: int) -> None:
        """Drops the references from a number on: the object that holds them is not written."""
        del self._wanted[number:]

    def settle(self, taken: Collection[str] = ()) -> tuple[Variable, ...]:
        """The variables by number, each with a name of its own, and none with one of those that are `taken`."""
        names = [_name(one) for one in self._wanted]
        counts = Counter((*names, *taken))
        unique = Unique(
            (name for name in counts if counts[name] == 1 or name in taken), separator="_"
        )
        return tuple(
            Variable(name if counts[name] == 1 else unique(f"{one.kind}_{name}"), one.path)
            for one, name in zip(self._wanted, names, strict=True)
        )


def _name(one: _Wanted) -> str:
    words = f"{_upper(one.key)}_{one.words}".lstrip("_")
    if not words[0].isalpha() or not _upper(one.key) or words.startswith(_RESERVED):
        return f"{one.kind}_{words}"
    return words


def _words(field: str) -> str:
    """`rooms.direct.pin` as PIN, `headers.X-Site` as HEADER_X_SITE."""
    group, _, rest = _INDEX.sub("", field).partition(".")
    if group == "rooms":
        rest = rest.partition(".")[2]
    return _upper(f"{_GROUPS.get(group, group)} {rest}")


def _upper(text: str) -> str:
    return slug(text).replace("-", "_").upper()
