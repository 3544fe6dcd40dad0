"""The values a field can hold, on the desired and on the live side alike.

Both sides are converted into these types before anything is compared, and **two values are equal exactly when
the server would treat them alike**: a set ignores order, a duration ignores its spelling, JSON ignores white space.
That is why there is no comparison code anywhere else. An absent field is `None` where a value may be missing; a
field that has its default is absent.

A secret never leaves this module as text by accident: `Secret` masks itself in `str`, `repr` and every encoder, and
what goes into a plan is a `SecretRef` (where the value comes from) or `Hidden` (there is one).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None

MASK: Final = "(sensitive)"


def compact_json(value: JsonValue) -> str:
    """The one spelling of a JSON value that is written to the server: compact, keys in the order given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def canonical_json(value: JsonValue) -> str:
    """The spelling used to compare: compact, keys sorted; `true` and `1` differ as they do in JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class Duration(msgspec.Struct, frozen=True, tag="duration"):
    """A length of time in whole nanoseconds."""

    nanoseconds: int

    def __str__(self) -> str:
        """The shortest spelling that the configuration accepts: `1m30s`, `200ms`."""
        return spell_duration(self.nanoseconds)


_UNITS: Final = (
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
)
# More than LiveKit counts nanoseconds in; Python refuses to read thousands of them.
_MAX_DIGITS: Final = 20
DURATION_UNITS: Final = tuple(unit for unit, _ in _UNITS)


def spell_duration(nanoseconds: int) -> str:
    """`5400 s` as `1h30m`; a negative length keeps its sign in front."""
    if nanoseconds == 0:
        return "0s"
    parts = ["-"] if nanoseconds < 0 else []
    rest = abs(nanoseconds)
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def parse_duration(text: str) -> int | None:
    """Nanoseconds of `30s`, `2h`, `1m30s`, `200ms`; None for anything else. Units stand from large to small."""
    units = dict(_UNITS)
    total, position, last = 0, 0, None
    while position < len(text):
        end = position
        while end < len(text) and text[end] in "0123456789":
            end += 1
        stop = end
        while stop < len(text) and text[stop].isascii() and text[stop].isalpha():
            stop += 1
        size = units.get(text[end:stop])
        if (
            not position < end <= position + _MAX_DIGITS
            or size is None
            or (last is not None and size >= last)
        ):
            return None
        total, position, last = total + int(text[position:end]) * size, stop, size
    return total if text else None


class _OwnEquality(msgspec.Struct, frozen=True, eq=False):
    """A value whose `==` is LiveKit's; a struct's own `!=` would go on comparing identities."""

    def __ne__(self, other: object) -> bool:
        return not self == other


class TextList(_OwnEquality, frozen=True, eq=False, tag="list"):
    """Several texts. `written` is what is shown and sent, `key` what decides equality.

    A set has the sorted texts as its key, a set of phone numbers their sorted normal forms. Repeats stay in the key:
    a number that stands twice is not the same as one that stands once.
    """

    written: tuple[str, ...]
    key: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TextList) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def text_set(texts: Iterable[str]) -> TextList:
    """A list whose order means nothing and whose texts are compared byte for byte."""
    written = tuple(texts)
    return TextList(written, written if len(written) == 1 else tuple(sorted(written)))


class Metadata(_OwnEquality, frozen=True, eq=False, tag="metadata"):
    """A text that applications read. Compared as bytes, or as JSON where the file wrote a mapping."""

    text: str
    is_json: bool = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Metadata):
            return NotImplemented
        if self.text == other.text:
            return True
        if not (self.is_json or other.is_json):
            return False
        try:
            return canonical_json(json.loads(self.text)) == canonical_json(json.loads(other.text))
        except (ValueError, RecursionError):  # no JSON, or nested deeper than anybody reads
            return False

    def __hash__(self) -> int:
        # Equality is looser than the text, so nothing finer than a constant is right.
        return hash(Metadata)


class Document(msgspec.Struct, frozen=True, tag="document"):
    """A structured value without secrets, as canonical JSON."""

    canonical: str

    @classmethod
    def of(cls, value: JsonValue) -> Document:
        return cls(canonical_json(value))

    def load(self) -> JsonValue:
        """The value itself."""
        loaded: JsonValue = json.loads(self.canonical)
        return loaded


class Reference(msgspec.Struct, frozen=True):
    """One object named by another: its name, and its id where it has one already."""

    name: str
    id: str | None = None


class References(_OwnEquality, frozen=True, eq=False, tag="references"):
    """Objects of another kind, in any order. Equal when they are the same objects, whatever they are called."""

    entries: tuple[Reference, ...]

    @property
    def key(self) -> tuple[tuple[bool, str], ...]:
        """Ids where known; an object that is still to be created is known by its name alone."""
        entries = self.entries
        if len(entries) == 1:
            entry = entries[0]
            return ((True, entry.name) if entry.id is None else (False, entry.id),)
        return tuple(sorted((e.id is None, e.name if e.id is None else e.id) for e in entries))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, References) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


class AgentDispatch(msgspec.Struct, frozen=True):
    """One agent asked for. Two are equal when their names and everything they are told are equal."""

    agent_name: str
    metadata: Metadata = Metadata("")
    attributes: tuple[tuple[str, str], ...] = ()
    restart_policy: str = ""
    deployment: str = ""


class AgentList(_OwnEquality, frozen=True, eq=False, tag="agents"):
    """The agents asked for in one place, in any order; the same one twice is not the same as once."""

    entries: tuple[AgentDispatch, ...]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AgentList) or len(self.entries) != len(other.entries):
            return False
        rest = list(other.entries)
        for entry in self.entries:
            if entry not in rest:
                return False
            rest.remove(entry)
        return True

    def __hash__(self) -> int:
        return hash(tuple(sorted(entry.agent_name for entry in self.entries)))


class SecretRef(msgspec.Struct, frozen=True, tag="secret"):
    """Where a secret comes from: a variable, a file, or the configuration's own text at a place."""

    env: str | None = None
    file: str | None = None
    config: str | None = None

    def __str__(self) -> str:
        match self:
            case SecretRef(env=str(name)):
                return f"{{env: {name}}}"
            case SecretRef(file=str(path)):
                return f"{{file: {path}}}"
            case _:
                return f"(as written at {self.config})"


class Hidden(msgspec.Struct, frozen=True, tag="hidden"):
    """There is a value and it is not told."""

    def __str__(self) -> str:
        return MASK


class Unknown(_OwnEquality, frozen=True, eq=False, tag="unknown"):
    """The server did not say: never a change by itself, and never overwritten by accident.

    Equal to everything, an absent value included, which is just what "not a change by itself" means.
    """

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __str__(self) -> str:
        return "(unknown)"


class Secret:
    """A text that is never shown.

    `value` is None where a variable is not set and the command can do without it: then secrets are compared by their
    references, and equal anything whose value cannot be compared.
    """

    __slots__ = ("_value", "ref")

    def __init__(self, value: str | None, ref: SecretRef | None = None) -> None:
        self._value = value
        self.ref = ref

    def reveal(self) -> str | None:
        """The text itself, for the request that writes it and for comparisons; never for output."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return self._value is None or self._value == other
        if not isinstance(other, Secret):
            return NotImplemented
        if self._value is None or other._value is None:
            return self.ref == other.ref if self.ref and other.ref else True
        return self._value == other._value

    def __hash__(self) -> int:
        return hash(Secret)

    def __repr__(self) -> str:
        return f"Secret({self.ref or MASK})"

    def __str__(self) -> str:
        return MASK


# What a plan holds: everything but the secrets themselves.
PlainValue: TypeAlias = (
    bool
    | int
    | str
    | Duration
    | TextList
    | Metadata
    | Document
    | References
    | AgentList
    | SecretRef
    | Hidden
    | Unknown
)
Value: TypeAlias = PlainValue | Secret


def without_secret(value: Value) -> PlainValue:
    """The value as a plan may hold it: a secret becomes the place it comes from."""
    if isinstance(value, Secret):
        return value.ref or Hidden()
    return value


def natural(value: PlainValue | None) -> JsonValue:
    """The value as people and scripts read it: a list, a text, a number; secrets and unset values are null."""
    match value:
        case None | bool() | int() | str():
            return value
        case Duration() as duration:
            return str(duration)
        case TextList(written=written):
            return list(written)
        case Metadata(text=text):
            return text
        case Document() as document:
            return document.load()
        case References(entries=entries):
            return [entry.name or entry.id for entry in entries]
        case AgentList(entries=agents):
            return [natural_agent(agent) for agent in agents]
        case SecretRef() | Hidden() | Unknown():
            return None


def natural_agent(agent: AgentDispatch) -> JsonValue:
    """One agent as a mapping that leaves out what has its default."""
    told: dict[str, JsonValue] = {"agent_name": agent.agent_name}
    if agent.metadata.text:
        told["metadata"] = agent.metadata.text
    if agent.attributes:
        told["attributes"] = dict(agent.attributes)
    if agent.restart_policy:
        told["restart_policy"] = agent.restart_policy
    if agent.deployment:
        told["deployment"] = agent.deployment
    return told
