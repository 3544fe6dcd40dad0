"""How a kind of object is described: its fields, their types, their words.

One description drives everything that touches a field: reading YAML, the JSON Schema, converting to and from the
API, exporting, documenting. A field that is not described cannot be written; one that is described is handled
everywhere.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.plan import Plane


class FieldType(enum.Enum):
    """What a field holds, as it is written in the file."""

    TEXT = enum.auto()
    FLAG = enum.auto()
    COUNT = enum.auto()  # a whole number, 0 or more
    CHOICE = enum.auto()  # one of a few words
    DURATION = enum.auto()
    PASSWORD = enum.auto()  # a reference to a secret; never in clear
    CREDENTIAL = enum.auto()  # a text, or a reference to a secret
    HIDDEN_TEXT = enum.auto()  # a text or a reference, never shown
    PHONE_NUMBERS = enum.auto()  # a set compared in normal form
    TEXTS = enum.auto()  # a set compared byte for byte
    METADATA = enum.auto()  # a text, or a mapping written as JSON
    CODECS = enum.auto()  # an ordered list of {name, rate}
    JSON = enum.auto()  # LiveKit's own JSON, which may hold secrets
    REFERENCES = enum.auto()  # names of objects of another kind
    AGENTS = enum.auto()  # the agents asked for; computed, never written by hand


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf, or with a path that ends in `.*` one mapping of leaves.

    `wire` is where LiveKit keeps it, as a path of message fields. `any_word`: the list may be the word `any`, which
    is an empty list to LiveKit. `explicit`: the field must be written, `any` included. `presence`: unset and the
    zero value differ. `default` is the value that LiveKit uses where nothing is sent. `unit` is the length in
    nanoseconds of what LiveKit counts durations in, 0 where it takes a duration message. `patch`: the smaller update
    call covers it. `since`: the first server version that honours it; older ones store it without a word.
    """

    path: str
    type: FieldType
    doc: str
    wire: str
    plane: Plane = Plane.SIP
    choices: tuple[str, ...] = ()
    default: str | int | bool | None = None
    any_word: bool = False
    explicit: bool = False
    presence: bool = False
    inverted: bool = False
    unit: int = 0
    low: int = 0
    high: int | None = None
    patch: bool = False
    since: str | None = None

    @property
    def is_mapping(self) -> bool:
        """Whether the field stands for all entries of a mapping."""
        return self.path.endswith(".*")

    @property
    def parent(self) -> str:
        """The path of the mapping whose entries a `.*` field stands for."""
        return self.path[:-2] if self.is_mapping else self.path


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of object: its name in plans, its section in the file, its fields in the order of the documentation.

    `one_of` are groups of which exactly one member must be written, such as `rooms`. `references` is the kind that
    the REFERENCES field names. `has_line`: the object may carry a neutral label for the conventions.
    """

    name: str
    section: str
    doc: str
    fields: tuple[Field, ...]
    one_of: Mapping[str, tuple[str, ...]]
    references: str | None = None
    has_line: bool = False

    @property
    def title(self) -> str:
        """The kind in a sentence: `dispatch rule`."""
        return self.name.replace("_", " ")

    def field(self, path: str) -> Field:
        """The description of the leaf at `path`; an entry of a mapping is described by its `.*` field.

        Raises `KeyError` for a path that this kind does not have.
        """
        for one in self.fields:
            if one.path == path or (one.is_mapping and path.startswith(one.path[:-1])):
                return one
        raise KeyError(path)
