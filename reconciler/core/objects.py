"""Objects as they are desired and as they live, in the one form in which they are compared.

`fields` holds the leaves of an object by their path in the file (`auth.username`, `headers.X-Site`), and only those
that differ from the default. The name is not a field: it is the identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from reconciler.core.finding import NOWHERE, Mark
from reconciler.core.values import Value

Fields = Mapping[str, Value]


class Origin(Protocol):
    """Where an object was written; finds the place of one of its fields when somebody asks."""

    def mark(self, path: str = "") -> Mark:
        """The place of the field at `path`, or of its nearest parent that was written."""
        ...


class NoOrigin:
    """The origin of an object that stands in no file."""

    def mark(self, path: str = "") -> Mark:
        """Nowhere, whatever the path."""
        return NOWHERE


@dataclass(frozen=True, slots=True)
class Desired:
    """An object as the file wants it.

    `id` pins it to one live object, whose name then stays as it is. `unmanaged` are paths (or their parents) that
    belong to somebody else.
    """

    kind: str
    name: str
    fields: Fields
    id: str | None = None
    renamed_from: str | None = None
    unmanaged: tuple[str, ...] = ()
    origin: Origin = field(default_factory=NoOrigin, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Live:
    """An object as the server has it.

    `unnamed` are fields that a newer server has and nobody here can name, by their numbers: they are kept as they are.
    """

    kind: str
    id: str
    name: str
    fields: Fields
    unnamed: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name, or the id of an object without one."""
        return self.name or self.id


class Pair(NamedTuple):
    """A desired object and the live one that it is, or None where it is still to be created."""

    desired: Desired
    live: Live | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live project at one moment: all objects of the kinds that were read."""

    host: str
    objects: Mapping[str, Sequence[Live]]

    def __iter__(self) -> Iterator[Live]:
        for kind in self.objects.values():
            yield from kind

    def of(self, kind: str) -> Sequence[Live]:
        """The live objects of one kind; empty where the kind was not read."""
        return self.objects.get(kind, ())


def covers(parent: str, path: str) -> bool:
    """Whether a path named in `unmanaged` covers another: itself or anything below it."""
    return path == parent or path.startswith(f"{parent}.")
