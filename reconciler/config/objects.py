"""Reads the objects of the SIP plane: a mapping of YAML into the fields that its kind describes.

Everything a field needs is in its description (`core.schema`), so there is one reader for all kinds. A field that
says what LiveKit does anyway is left out, which is what makes "equal to the default" and "not written" the same. A
field that was written and could not be read is `Unknown`: no check may take it for absent.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from reconciler.config.fields import FieldReader
from reconciler.config.nodes import Mapping, Node, Scalar
from reconciler.config.origin import ObjectOrigin
from reconciler.config.paths import read_paths
from reconciler.core.objects import Desired, covers
from reconciler.core.plan import Plane
from reconciler.core.schema import Field, Kind
from reconciler.core.values import Unknown, Value

Shape: TypeAlias = dict[str, "Field | Shape"]

# Keys of an object that are about the object and not about LiveKit's fields.
OWN_KEYS = ("id", "renamed_from", "unmanaged")
LINE_KEY = "line"


@cache
def shape_of(kind: Kind) -> Shape:
    """The fields of a kind as nested mappings, as they are written."""
    root: Shape = {}
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


def own_keys(kind: Kind) -> tuple[str, ...]:
    """The keys of an object that are no fields."""
    return (*OWN_KEYS, LINE_KEY) if kind.has_line else OWN_KEYS


@cache
def _paths_below(kind: Kind, prefix: str, members: frozenset[str]) -> tuple[str, ...]:
    """The fields on deeper levels than that of `prefix`; of a group with members those of one that is written."""
    others = tuple(
        f"{group}.{one}."
        for group, ones in kind.one_of.items()
        for one in ones
        if members and one not in members
    )
    return tuple(
        field.path
        for field in kind.fields
        if field.path.startswith(prefix)
        and "." in field.path.removeprefix(prefix)
        and not field.is_mapping
        and not field.path.startswith(others)
    )


def _members(kind: Kind, prefix: str, node: Mapping) -> frozenset[str]:
    """Which members of its groups an object has, as far as that is seen from one of its levels."""
    seen: set[str] = set()
    for group, ones in kind.one_of.items():
        holder = node if prefix == f"{group}." else node.get(group) if not prefix else None
        if isinstance(holder, Mapping):
            seen |= holder.entries.keys() & set(ones)
    return frozenset(seen)


@cache
def a(kind: Kind) -> str:
    """The kind in a sentence, with its article."""
    return f"{'an' if kind.title[0] in 'aeiou' else 'a'} {kind.title}"


class ObjectReader(FieldReader):
    """Reads objects of one file."""

    def object(
        self, kind: Kind, name: str, key: Scalar, node: Node
    ) -> tuple[Desired, str | None] | None:
        """One object and the neutral label of its rooms, if it has one."""
        path = f"sip.{kind.section}.{name}"
        mapping = self.mapping(node, path, f"a mapping with the fields of {a(kind)}")
        if mapping is None:
            return None
        fields: dict[str, Value] = {}
        own: dict[str, Node] = {}
        self._group(kind, shape_of(kind), mapping, path, "", fields, own)
        self._require(kind, key, mapping, path)
        if not own:
            return Desired(kind.name, name, fields, origin=ObjectOrigin(key, mapping)), None
        identifier = self._own_text(own, "id", path)
        former = self._own_text(own, "renamed_from", path)
        if identifier is not None and former is not None:
            message = "an object that id pins keeps its live name"
            fix = "remove one of id and renamed_from"
            place = mapping.key("renamed_from")
            self.error("id-and-renamed-from", place, f"{path}.renamed_from", message, fix)
        desired = Desired(
            kind.name,
            name,
            fields,
            identifier,
            former,
            self._unmanaged(kind, own, path),
            ObjectOrigin(key, mapping),
        )
        return desired, self._own_text(own, LINE_KEY, path)

    def _group(
        self,
        kind: Kind,
        shape: Shape,
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
                if described.path[-1] == "*":
                    self._entries(described, value, f"{path}.{key}", fields)
                else:
                    self._leaf(described, described.path, value, f"{path}.{key}", fields)
            elif isinstance(described, dict):
                known = ", ".join(described)
                below = self.mapping(value, f"{path}.{key}", f"a mapping of {known}")
                if below is None:
                    self._unreadable(kind, f"{prefix}{key}", fields)
                    continue
                if key in kind.one_of and not prefix:
                    self._one_of(kind, key, below, f"{path}.{key}", fields)
                self._group(kind, described, below, f"{path}.{key}", f"{prefix}{key}.", fields, own)
            elif not prefix and key in own_keys(kind):
                own[key] = value
            else:
                known_keys = (*shape, *(() if prefix else own_keys(kind)))
                message = f'{a(kind)} has no "{prefix}{key}"'
                deeper = _paths_below(kind, prefix, _members(kind, prefix, node))
                self.unknown_key(node, key, f"{path}.{key}", message, known_keys, deeper)

    def _unreadable(self, kind: Kind, group: str, fields: dict[str, Value]) -> None:
        """Notes that nothing is known of a whole group."""
        for field in kind.fields:
            if covers(group, field.path) and not field.is_mapping:
                fields[field.path] = Unknown()

    def _leaf(self, field: Field, at: str, node: Node, path: str, fields: dict[str, Value]) -> None:
        """Reads one leaf into `fields`, or notes there that it is unknown."""
        errors = self.problems.errors
        read = self.field(field, node, path)
        if self.problems.errors != errors:
            fields[at] = Unknown()
        elif read is not None:
            fields[at] = read

    def _one_of(
        self, kind: Kind, key: str, node: Mapping, path: str, fields: dict[str, Value]
    ) -> None:
        """Of a group such as `rooms` just one member is written, and which one is a field itself."""
        members = [name for name in node.entries if name in kind.one_of[key]]
        if len(members) == 1:
            fields[key] = members[0]
            return
        fields[key] = Unknown()
        # A misspelt member has an error of its own.
        if members or not node.entries:
            self.error("one-of", node, path, f"write exactly one of {', '.join(kind.one_of[key])}")

    def _entries(self, field: Field, node: Node, path: str, fields: dict[str, Value]) -> None:
        mapping = self.mapping(node, path, "a mapping")
        if mapping is None:
            return
        for key, value in mapping:
            if not key:
                message, fix = "an empty key", "remove it, or write the name in front of the colon"
                self.error("no-value", mapping.key(key), path, message, fix)
            self._leaf(field, f"{field.parent}.{key}", value, f"{path}.{key}", fields)

    def _require(self, kind: Kind, key: Scalar, node: Mapping, path: str) -> None:
        for field in kind.fields:
            if field.explicit and field.path not in node.entries:
                fix = f"add {field.path}"
                if field.any_word:
                    fix = f"write {field.path}: any if that is meant"
                self.error("missing-key", key, path, f'{a(kind)} needs "{field.path}"', fix)
        for group, members in kind.one_of.items():
            if group not in node.entries:
                fix = f"write one of {', '.join(members)} below it"
                self.error("missing-key", key, path, f'{a(kind)} needs "{group}"', fix)

    def _own_text(self, own: dict[str, Node], key: str, path: str) -> str | None:
        node = own.get(key)
        return None if node is None else self.full_text(node, f"{path}.{key}")

    def _unmanaged(self, kind: Kind, own: dict[str, Node], path: str) -> tuple[str, ...]:
        node = own.get("unmanaged")
        if node is None:
            return ()
        return read_paths(self, node, f"{path}.unmanaged", (kind,), f"{a(kind)} has no field")
