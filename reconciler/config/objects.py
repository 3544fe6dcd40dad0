"""Reads the objects of the SIP plane: a mapping of YAML into the fields that its kind describes.

Everything a field needs is in its description (`core.schema`), so there is one reader for all kinds. A field that
says what LiveKit does anyway is left out, which is what makes "equal to the default" and "not written" the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from reconciler.config.problems import did_you_mean
from reconciler.config.scalars import ScalarReader
from reconciler.config.tree import Mapping, Node, Scalar, Sequence
from reconciler.core.finding import Mark
from reconciler.core.objects import Desired
from reconciler.core.plan import Plane
from reconciler.core.schema import Field, FieldType, Kind
from reconciler.core.values import (
    Document,
    Duration,
    JsonValue,
    Metadata,
    Reference,
    References,
    Secret,
    SecretRef,
    Value,
    canonical_json,
    text_set,
)
from reconciler.sip.fields import phone_numbers

Group: TypeAlias = dict[str, "Field | Group"]

# Keys of an object that are about the object and not about LiveKit's fields.
_OWN_KEYS = ("id", "renamed_from", "unmanaged")


class ObjectOrigin:
    """Where an object was written. Places of fields are looked up in the tree when somebody asks, and only then."""

    __slots__ = ("file", "key", "node")

    def __init__(self, file: str, key: Scalar, node: Mapping) -> None:
        self.file = file
        self.key = key
        self.node = node

    def mark(self, path: str = "") -> Mark:
        """The place of the field's key, or of the nearest key above it."""
        place: Scalar = self.key
        node: Node = self.node
        rest = path
        while rest and type(node) is Mapping:
            key = next(
                (k for k in node.entries if rest == k or rest.startswith((f"{k}.", f"{k}["))), None
            )
            if key is None:
                break
            place = node.key(key)
            node = node.entries[key][2]
            rest = rest[len(key) :].lstrip(".")
        return Mark(self.file, place.line + 1, place.column + 1)


@cache
def _shape(kind: Kind) -> Group:
    """The fields of a kind as nested mappings, as they are written."""
    root: Group = {}
    for field in kind.fields:
        if field.plane is not Plane.SIP or field.path in kind.one_of:
            continue
        *parents, last = field.parent.split(".")
        group = root
        for parent in parents:
            below = group.setdefault(parent, {})
            assert isinstance(below, dict)  # noqa: S101  # no field is both a leaf and a group
            group = below
        group[last] = field
    return root


class ObjectReader(ScalarReader):
    """Reads objects of one file."""

    def object(
        self, kind: Kind, name: str, key: Scalar, node: Node
    ) -> tuple[Desired, str | None] | None:
        """One object and the neutral label of its rooms, if it has one."""
        path = f"sip.{kind.section}.{name}"
        if type(node) is not Mapping:
            self.wrong_type(node, path, f"a mapping with the fields of a {kind.title}")
            return None
        fields: dict[str, Value] = {}
        own: dict[str, Node] = {}
        self._group(kind, _shape(kind), node, path, "", fields, own)
        self._require(kind, node, path, fields)
        identifier = self._own_text(own, "id", path)
        former = self._own_text(own, "renamed_from", path)
        if identifier is not None and former is not None:
            self.error(
                "id-and-renamed-from",
                own["renamed_from"],
                f"{path}.renamed_from",
                "an object that id pins keeps its live name",
                "remove one of id and renamed_from",
            )
        origin = ObjectOrigin(self.file, key, node)
        unmanaged = self._unmanaged(kind, own, path)
        line = self._own_text(own, "line", path)
        return Desired(kind.name, name, fields, identifier, former, unmanaged, origin), line

    def _group(
        self,
        kind: Kind,
        shape: Group,
        node: Mapping,
        path: str,
        prefix: str,
        fields: dict[str, Value],
        own: dict[str, Node],
    ) -> None:
        """Reads the entries of one mapping level; `prefix` is the path of the level within the object."""
        for key, entry in node.entries.items():
            value = entry[2]
            described = shape.get(key)
            if type(described) is Field:
                if described.is_mapping:
                    self._entries(described, value, f"{path}.{key}", fields)
                elif (read := self.field(described, value, f"{path}.{key}")) is not None:
                    fields[described.path] = read
            elif described is not None:
                if type(value) is not Mapping:
                    known = ", ".join(described)
                    self.wrong_type(value, f"{path}.{key}", f"a mapping of {known}")
                    continue
                if key in kind.one_of and not prefix:
                    self._one_of(kind, key, value, f"{path}.{key}", fields)
                self._group(kind, described, value, f"{path}.{key}", f"{prefix}{key}.", fields, own)
            elif not prefix and (key in _OWN_KEYS or (key == "line" and kind.has_line)):
                own[key] = value
            else:
                known_keys = [
                    *shape,
                    *(() if prefix else _OWN_KEYS),
                    *(("line",) if kind.has_line and not prefix else ()),
                ]
                self.error(
                    "unknown-key",
                    node.key(key),
                    f"{path}.{key}",
                    f'a {kind.title} has no "{prefix}{key}"',
                    did_you_mean(key, known_keys),
                )

    def _one_of(
        self, kind: Kind, key: str, node: Mapping, path: str, fields: dict[str, Value]
    ) -> None:
        """Of a group such as `rooms` just one member is written, and which one is a field itself."""
        members = [name for name in node.entries if name in kind.one_of[key]]
        if len(members) == 1:
            fields[key] = members[0]
        elif not all(name not in kind.one_of[key] for name in node.entries) or not node.entries:
            self.error("one-of", node, path, f"write exactly one of {', '.join(kind.one_of[key])}")

    def _entries(self, field: Field, node: Node, path: str, fields: dict[str, Value]) -> None:
        if type(node) is not Mapping:
            self.wrong_type(node, path, "a mapping")
            return
        for key, value in node:
            if not key:
                self.error("no-value", value, path, "an empty key", "remove it")
            read = self.field(field, value, f"{path}.{key}")
            if read is not None:
                fields[f"{field.parent}.{key}"] = read

    def _require(self, kind: Kind, node: Mapping, path: str, fields: dict[str, Value]) -> None:
        for field in kind.fields:
            if field.explicit and field.parent not in node.entries:
                fix = (
                    f"write {field.path}: any if that is meant"
                    if field.any_word
                    else f"add {field.path}"
                )
                self.error("missing-key", node, path, f'a {kind.title} needs "{field.path}"', fix)
        for group in kind.one_of:
            if group not in node.entries:
                members = ", ".join(kind.one_of[group])
                self.error(
                    "missing-key",
                    node,
                    path,
                    f'a {kind.title} needs "{group}"',
                    f"write one of {members} below it",
                )

    def _own_text(self, own: dict[str, Node], key: str, path: str) -> str | None:
        node = own.get(key)
        return None if node is None else self.text(node, f"{path}.{key}")

    def _unmanaged(self, kind: Kind, own: dict[str, Node], path: str) -> tuple[str, ...]:
        node = own.get("unmanaged")
        if node is None:
            return ()
        texts = self.texts(node, f"{path}.unmanaged", "fields") or []
        known = known_paths(kind)
        for index, text in enumerate(texts):
            if not is_known_path(kind, text):
                assert isinstance(node, Sequence)  # noqa: S101  # texts() took it as one
                self.error(
                    "unknown-key",
                    node.items[index],
                    f"{path}.unmanaged[{index}]",
                    f'a {kind.title} has no field "{text}"',
                    did_you_mean(text, known),
                )
        return tuple(texts)

    def field(self, field: Field, node: Node, path: str) -> Value | None:
        """The value of one leaf, or None where it says what LiveKit does anyway."""
        value = _READERS[field.type](self, field, node, path)
        return None if value == field.default and not field.presence else value

    # One small reader for each type of field.

    def _text(self, field: Field, node: Node, path: str) -> Value | None:
        text = self.text(node, path)
        if text == "" and field.explicit:
            self.error("no-value", node, path, "an empty text", "write a value")
        return text or (text if field.is_mapping else None)

    def _flag(self, field: Field, node: Node, path: str) -> Value | None:
        return self.flag(node, path)

    def _count(self, field: Field, node: Node, path: str) -> Value | None:
        return self.count(node, path, field.low, field.high) or None

    def _choice(self, field: Field, node: Node, path: str) -> Value | None:
        return self.choice(node, path, field.choices)

    def _duration(self, field: Field, node: Node, path: str) -> Value | None:
        value = self.duration(node, path, field.high, field.unit)
        return None if value is None or (value == 0 and not field.presence) else Duration(value)

    def _password(self, field: Field, node: Node, path: str) -> Value | None:
        return self.secret(node, path, clear="never")

    def _credential(self, field: Field, node: Node, path: str) -> Value | None:
        value = self.secret(node, path, clear="shown")
        return value if field.is_mapping or value != "" else None

    def _hidden_text(self, field: Field, node: Node, path: str) -> Value | None:
        return self.secret(node, path, clear="hidden")

    def _list(self, field: Field, node: Node, path: str, what: str) -> list[str] | None:
        if field.any_word and type(node) is Scalar and node.text == "any":
            return None
        texts = self.texts(node, path, what)
        if texts is None:
            return None
        if not texts and type(node) is Sequence and not node.items:
            fix = (
                "write any if that is meant" if field.any_word else "remove the key if any is meant"
            )
            self.error(
                "empty-list", node, path, f"an empty list of {what} would mean everybody", fix
            )
            return None
        if len(texts) > 1 and "any" in texts and field.any_word:
            self.error(
                "any-in-list",
                node,
                path,
                "any stands alone, not in a list",
                "write any, or the list without it",
            )
        elif texts == ["any"] and field.any_word:
            self.error(
                "any-in-list",
                node,
                path,
                "[any] is a list with the text any in it",
                "write any without brackets",
            )
        return texts

    def _phone_numbers(self, field: Field, node: Node, path: str) -> Value | None:
        texts = self._list(field, node, path, "numbers")
        return phone_numbers(texts) if texts else None

    def _texts(self, field: Field, node: Node, path: str) -> Value | None:
        texts = self._list(field, node, path, field.path.replace("_", " "))
        return text_set(texts) if texts else None

    def _references(self, field: Field, node: Node, path: str) -> Value | None:
        texts = self._list(field, node, path, field.path)
        return References(tuple(Reference(text) for text in texts)) if texts else None

    def _metadata(self, field: Field, node: Node, path: str) -> Value | None:
        read = self.metadata(node, path)
        return Metadata(*read) if read is not None and read[0] else None

    def _codecs(self, field: Field, node: Node, path: str) -> Value | None:
        if type(node) is not Sequence:
            self.wrong_type(node, path, "a list of {name, rate}")
            return None
        codecs: list[JsonValue] = []
        for index, item in enumerate(node.items):
            where = f"{path}[{index}]"
            if type(item) is not Mapping:
                self.wrong_type(item, where, "a mapping of name and rate")
                continue
            for key in item.entries:
                if key not in ("name", "rate"):
                    self.error(
                        "unknown-key",
                        item.key(key),
                        f"{where}.{key}",
                        f'a codec has no "{key}"',
                        "known: name, rate",
                    )
            name, rate = item.get("name"), item.get("rate")
            text = self.text(name, f"{where}.name") if name is not None else None
            if text is None or not text or any(c.isspace() or c == "/" for c in text):
                if name is None or text is not None:
                    self.error(
                        "codec-name", item, where, "a codec needs a name without spaces and slashes"
                    )
                continue
            count = self.count(rate, f"{where}.rate") if rate is not None else 0
            codecs.append({"name": text, "rate": count or 0})
        return Document.of(codecs) if codecs else None

    def _json(self, field: Field, node: Node, path: str) -> Value | None:
        if type(node) is not Mapping:
            self.wrong_type(node, path, "a mapping")
            return None
        missing = len(self.secrets.missing)
        value = self.json(node, path, secrets=True)
        known = len(self.secrets.missing) == missing
        ref = SecretRef(config=f"{self.mark(node)}#{path}")
        return Secret(canonical_json(value) if known else None, ref) if value else None

    def _agents(self, field: Field, node: Node, path: str) -> Value | None:
        raise AssertionError("agents are computed, never read")


def known_paths(kind: Kind) -> list[str]:
    """Every path that `unmanaged` may name: leaves and the groups above them."""
    paths: set[str] = set()
    for field in kind.fields:
        parts = field.parent.split(".")
        paths.update(".".join(parts[: i + 1]) for i in range(len(parts)))
    return sorted(paths)


def is_known_path(kind: Kind, path: str) -> bool:
    """Whether a path names a leaf, an entry of a mapping, or a group of a kind."""
    if path in known_paths(kind):
        return True
    return any(field.is_mapping and path.startswith(f"{field.parent}.") for field in kind.fields)


_Reader: TypeAlias = Callable[[ObjectReader, Field, Node, str], Value | None]
_READERS: dict[FieldType, _Reader] = {
    FieldType.TEXT: ObjectReader._text,
    FieldType.FLAG: ObjectReader._flag,
    FieldType.COUNT: ObjectReader._count,
    FieldType.CHOICE: ObjectReader._choice,
    FieldType.DURATION: ObjectReader._duration,
    FieldType.PASSWORD: ObjectReader._password,
    FieldType.CREDENTIAL: ObjectReader._credential,
    FieldType.HIDDEN_TEXT: ObjectReader._hidden_text,
    FieldType.PHONE_NUMBERS: ObjectReader._phone_numbers,
    FieldType.TEXTS: ObjectReader._texts,
    FieldType.METADATA: ObjectReader._metadata,
    FieldType.CODECS: ObjectReader._codecs,
    FieldType.JSON: ObjectReader._json,
    FieldType.REFERENCES: ObjectReader._references,
    FieldType.AGENTS: ObjectReader._agents,
}
