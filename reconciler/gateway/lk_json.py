"""One JSON object, as people and `lk` write it, as one of LiveKit's messages.

Names are taken in snake_case and camelCase, enums by name or number, durations as `30s`, as seconds, or in parts; and
in the way in which Go prints a message that it does not know to be one, as older releases of `lk` did: `{"Rule":
{"DispatchRuleIndividual": …}}`. Everything else is a problem with the path of the field. A value is never repeated: it
may be a password. Reading files and telling kinds apart is `lk_files`' business.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from reconciler.config.suggest import closest, known_word, listing

Problem: TypeAlias = Callable[[str, str], None]
"""Takes the path of a field and what is wrong with it."""

_DURATION = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?s")
_LONGEST_KEY = 80  # of one in a message
_DIGITS = re.compile(r"-?[0-9]{1,19}")
_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_FLOATS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)
# The server's own: nobody configures them.
_NOT_READ = frozenset(("created_at", "updated_at"))
# Below these are so many fields that a suggestion out of them would be by chance.
_NO_SUGGESTIONS = frozenset(("egress",))


class JsonObject(dict[str, Any]):
    """An object of a JSON text that remembers which of its keys stand there more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice: tuple[str, ...] = ()
        if len(self) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            self.twice = tuple(key for key in self if counts[key] > 1)


class Misfit(Exception):
    """A value that its field cannot hold; the text says what it can."""


def read_message(message: Message, value: Any, path: str, problem: Problem) -> None:
    """Fills a message from a JSON value. What is wrong goes to `problem`; the message is then of no use."""
    from google.protobuf.json_format import ParseDict, ParseError

    wrong: list[str] = []

    def told(place: str, text: str) -> None:
        wrong.append(place)
        problem(place, text)

    descriptor: Any = message.DESCRIPTOR  # of either of protobuf's two implementations
    content = _Reader(descriptor, told).message(descriptor, value, path)
    if wrong:
        return
    try:
        ParseDict(content, message)
    except ParseError:
        # Its text may quote the value.
        problem(path, f"LiveKit's library does not take it as {descriptor.name}")


@dataclass(frozen=True, slots=True)
class _Reader:
    root: Descriptor
    problem: Problem

    def message(self, descriptor: Descriptor, value: Any, path: str) -> dict[str, Any]:
        """The object with LiveKit's own names and values that its library reads."""
        content: dict[str, Any] = {}
        if not isinstance(value, dict):
            self.problem(path, "write an object in braces")
            return content
        for key in getattr(value, "twice", ()):
            self.problem(_below(path, key), "stands there twice")
        for key, field, entry in self._entries(descriptor, value, path):
            place = _below(path, key)
            if entry is None or field.name in _NOT_READ:
                continue
            if field.name in content:
                self.problem(place, "stands there in two spellings")
                continue
            self._check_one_of(descriptor, field, content, place)
            content[field.name] = self._field(field, entry, place)
        return content

    def _entries(
        self, descriptor: Descriptor, value: dict[str, Any], path: str
    ) -> Iterator[tuple[str, FieldDescriptor, Any]]:
        names, wrapped = fields_of(descriptor), _wrapped(descriptor)
        for key, entry in value.items():
            if key in names:
                yield key, names[key], entry
            elif key in wrapped and isinstance(entry, dict):
                for inner, one in entry.items():
                    member = wrapped[key].get(inner)
                    if member is None:
                        self._unknown(descriptor, inner, _below(path, key))
                    else:
                        yield f"{key}.{inner}", member, one
            else:
                self._unknown(descriptor, key, path)

    def _check_one_of(
        self, descriptor: Descriptor, field: FieldDescriptor, content: dict[str, Any], place: str
    ) -> None:
        group = field.containing_oneof
        if group is None:
            return
        other = next((one.name for one in group.fields if one.name in content), None)
        if other is not None:
            self.problem(place, f"stands beside {other}: only one of the two can be")

    def _unknown(self, descriptor: Descriptor, key: str, path: str) -> None:
        known = list(descriptor.fields_by_name)
        home = _homes(self.root).get(_fold(key))
        if home is not None and "." not in key:
            name, parents = home
            wrapped = " or ".join(dict.fromkeys(parents))
            fix = f"{name} belongs in {wrapped}" if wrapped else f"{name} belongs at the top"
        else:
            fix = known_word(key, known) or closest(_snake(key), known) or listing(known)
        self.problem(_below(path, key), f"LiveKit has no such field here; {fix}")

    def _field(self, field: FieldDescriptor, value: Any, path: str) -> Any:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return self._mapping(field, value, path)
        if not field.is_repeated:
            return self._single(field, value, path)
        if not isinstance(value, list):
            self.problem(path, "write a list in brackets")
            return []
        return [
            self._single(field, entry, f"{path}[{number}]") for number, entry in enumerate(value)
        ]

    def _mapping(self, field: FieldDescriptor, value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.problem(path, "write an object in braces")
            return {}
        for key in getattr(value, "twice", ()):
            self.problem(_below(path, key), "stands there twice")
        assert field.message_type is not None  # noqa: S101  # a mapping is a message to protobuf
        inner = field.message_type.fields_by_name["value"]
        return {key: self._single(inner, entry, _below(path, key)) for key, entry in value.items()}

    def _single(self, field: FieldDescriptor, value: Any, path: str) -> Any:
        try:
            if field.message_type is None:
                return _scalar(field, value)
            if field.message_type.full_name == "google.protobuf.Duration":
                return _duration(value)
        except Misfit as error:
            self.problem(path, str(error))
            return None
        return self.message(field.message_type, value, path)


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return _text(value)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        if not isinstance(value, bool):
            raise Misfit("write true or false")
        return value
    if field.enum_type is not None:
        return _enum(field.enum_type, value)
    if kind in _FLOATS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Misfit("write a number")
        if abs(value) > sys.float_info.max:
            raise Misfit("write a smaller number")
        return value
    return _integer(value, *_INTEGERS[kind])


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise Misfit("write a text: LiveKit takes JSON here only as a text in quotes")
    if not isinstance(value, str):
        raise Misfit("write a text in quotes")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Misfit("its text has half of a character") from None
    return value


def _integer(value: Any, low: int, high: int) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Misfit(f"write a whole number, {low} to {high}")
    return value


def _enum(words: EnumDescriptor, value: Any) -> Any:
    if isinstance(value, str):
        names = list(words.values_by_name)
        if value in names:
            return value
        ends = [name for name in names if name.endswith(f"_{value.upper()}")]
        fix = f'did you mean "{ends[0]}"?' if ends else closest(value, names) or listing(names)
        raise Misfit(f"{words.name} has no such word; {fix}")
    return _integer(value, 0, 2**31 - 1)


def _duration(value: Any) -> str:
    """A duration as protobuf's JSON has it."""
    seconds: Any = value
    nanos: Any = 0
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return value
    if isinstance(value, dict) and value.keys() <= {"seconds", "nanos"}:
        seconds, nanos = value.get("seconds", 0), value.get("nanos", 0)
    elif isinstance(value, float) and math.isfinite(value):
        seconds, nanos = divmod(round(value * 1_000_000_000), 1_000_000_000)
    if any(isinstance(one, bool) or not isinstance(one, int) for one in (seconds, nanos)):
        raise Misfit('write a duration such as "30s"')
    if not (0 <= seconds < 10**12 and 0 <= nanos < 1_000_000_000):
        raise Misfit('write a duration such as "30s"')
    return f"{seconds}.{nanos:09}s" if nanos else f"{seconds}s"


@cache
def fields_of(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """The fields of a message under both of their spellings."""
    return {
        name: field for field in descriptor.fields for name in (field.name, field.camelcase_name)
    }


@cache
def _wrapped(descriptor: Descriptor) -> dict[str, dict[str, FieldDescriptor]]:
    """The alternatives of a message under the names that Go gives them, by what Go wraps them in."""
    return {
        _go_name(group.name): {_go_name(field.name): field for field in group.fields}
        for group in descriptor.oneofs
        if not group.name.startswith("_")
    }


@cache
def _homes(root: Descriptor) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Where the fields below a message stand: name and places, by the name without its spelling."""
    found: dict[str, tuple[str, list[str]]] = {}

    def walk(descriptor: Descriptor, path: str, depth: int) -> None:
        for field in descriptor.fields:
            found.setdefault(_fold(field.name), (field.name, []))[1].append(path)
            inner = field.message_type
            if inner is None or inner.GetOptions().map_entry or field.name in _NO_SUGGESTIONS:
                continue
            if inner.file.package != "google.protobuf" and depth < 3:
                below = _below(path, field.name) + ("[]" if field.is_repeated else "")
                walk(inner, below, depth + 1)

    walk(root, "", 0)
    # A name that stands in many places says nothing about where it belongs.
    return {key: (name, tuple(paths)) for key, (name, paths) in found.items() if len(paths) < 4}


def _below(path: str, key: str) -> str:
    key = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
    shown = (
        key
        if key.replace("_", "").replace("-", "").replace(".", "").isalnum()
        else json.dumps(key, ensure_ascii=False)
    )
    return f"{path}.{shown}" if path else shown


def _go_name(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _fold(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
