"""Live objects as entries of the file, and as the desired objects that the file will be read as.

A leaf that the language cannot hold is left alone (`unmanaged`), unless routing depends on it: then the file would
say something else than what is live, and the whole object is left out. So is one that LiveKit itself would refuse
today. In both cases a note says so, and the plan is empty all the same: unlisted objects are only reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from reconciler.core.objects import Desired, Live
from reconciler.core.plan import Plane
from reconciler.core.schema import Field, FieldType, Kind
from reconciler.core.values import Reference, References, Secret, Value
from reconciler.export.document import Map, Node, Word
from reconciler.export.egress import egress_node
from reconciler.export.keys import Key, is_key
from reconciler.export.leaves import Inexpressible, leaf
from reconciler.export.scalars import printable, quoted
from reconciler.export.variables import Variables
from reconciler.sip.check import check_object
from reconciler.sip.era import Era
from reconciler.sip.spec import INBOUND_TRUNK

TRUNK_ID = "ST_"
_PASSWORD = "auth.password"  # noqa: S105  # the name of a field
# Which calls an object takes, and where they go: nothing of this may be missing from the file.
_ROUTING = frozenset(("numbers", "callers", "allowed_addresses", "trunks", "address", "rooms"))


@dataclass(slots=True)
class Listed:
    """An object that is written: its key, what stands below it, and what the file will be read as."""

    live: Live
    key: str
    body: Map
    desired: Desired
    notes: list[str]

    def finish(self, line: str | None, unmanaged: tuple[str, ...] = ()) -> Map:
        """The entry with what other parts of the file decide: its line, and what else is left alone."""
        if line is not None:
            entries: dict[str, Node] = {}
            for name, node in self.body.entries.items():
                entries[name] = node
                if name == "rooms":
                    entries["line"] = line
            self.body.entries = entries
        paths: list[Node] = [*self.desired.unmanaged, *unmanaged]
        if paths:
            self.body.entries["unmanaged"] = paths
        return self.body


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object that is not written, and why."""

    live: Live
    reason: str


def is_reserved(kind: Kind, name: str) -> bool:
    """Whether a reference to an object of this name would be read as something else."""
    return kind is INBOUND_TRUNK and (name == "any" or name.startswith(TRUNK_ID))


class ObjectWriter:
    """Writes the objects of one kind. `trunks` are the keys of the inbound trunks that are written, by id."""

    def __init__(
        self, kind: Kind, variables: Variables, era: Era, trunks: Mapping[str, str]
    ) -> None:
        self.kind = kind
        self.variables = variables
        self.era = era
        self.trunks = trunks

    def write(self, live: Live, key: Key) -> Listed | LeftOut:
        """The entry of one object, or why there is none."""
        before = len(self.variables)
        written = self._write(live, key)
        if isinstance(written, LeftOut):
            self.variables.forget_from(before)
        return written

    def _write(self, live: Live, key: Key) -> Listed | LeftOut:
        body = Map(open=True)
        if key.pinned:
            body.entries["id"] = live.id
        fields: dict[str, Value] = {}
        unmanaged: list[str] = []
        notes: list[str] = []
        try:
            self._explicit(live, body)
            for path, field, value in _in_order(self.kind, live):
                try:
                    self._leaf(field, path, value, key.text, body)
                    fields[path] = self._named(value)
                except Inexpressible as error:
                    if path.split(".")[0] in _ROUTING and field.type is not FieldType.PASSWORD:
                        raise Inexpressible(f"{path}: {error}") from error
                    if path == _PASSWORD:
                        notes.append(
                            "the server does not tell the password: without auth.password it stays"
                        )
                    else:
                        unmanaged.append(path)
                        notes.append(f"{quoted(path)} is left as it is: {printable(str(error))}")
        except Inexpressible as error:
            return LeftOut(live, str(error))
        desired = Desired(
            live.kind, key.text, fields, live.id if key.pinned else None, None, tuple(unmanaged)
        )
        refused = next(check_object(desired, self.era), None)
        if refused is not None:
            return LeftOut(live, refused.message)
        return Listed(live, key.text, body, desired, notes)

    def _explicit(self, live: Live, body: Map) -> None:
        """What has to be written even where LiveKit has nothing."""
        for field in self.kind.fields:
            if field.explicit and field.path not in live.fields:
                if not field.any_word:
                    raise Inexpressible(f"it has no {field.path}")
                body.entries[field.path] = Word("any")
        for group in self.kind.one_of:
            if group not in live.fields:
                raise Inexpressible("it names no kind of room, so LiveKit fails its calls")

    def _leaf(self, field: Field, path: str, value: Value, key: str, body: Map) -> None:
        if field.is_mapping:
            name = path[len(field.parent) + 1 :]
            if not is_key(name):
                raise Inexpressible("YAML cannot hold the key")
            node = self._node(field, path, value, key)
            body.below(field.parent.split(".")).entries[name] = node
        elif path in self.kind.one_of:
            body.below([path, str(value)])
        else:
            body.put(path, self._node(field, path, value, key))

    def _node(self, field: Field, path: str, value: Value, key: str) -> Node:
        if isinstance(value, References):
            return [self._reference(entry) for entry in value.entries]
        if isinstance(value, Secret) and value.reveal() != "":
            section = self.kind.section
            if field.type is not FieldType.JSON:
                return self.variables.reference(self.kind.name, section, key, path)
            text = value.reveal()
            if text is None:
                raise Inexpressible("its value is not known")
            before = len(self.variables)
            try:
                return egress_node(
                    text,
                    path,
                    lambda place, _: self.variables.reference(self.kind.name, section, key, place),
                )
            except Inexpressible:
                self.variables.forget_from(before)
                raise
        return leaf(field, value)

    def _reference(self, entry: Reference) -> Node:
        identifier = entry.id or ""
        known = self.trunks.get(identifier)
        if known is not None:
            return known
        if identifier.startswith(TRUNK_ID):
            return identifier
        raise Inexpressible(f"{quoted(identifier)} is no trunk's id")

    def _named(self, value: Value) -> Value:
        """References as the file's reader makes them: by what is written."""
        if not isinstance(value, References):
            return value
        return References(
            tuple(Reference(self.trunks.get(one.id or "", one.id or "")) for one in value.entries)
        )


def _in_order(kind: Kind, live: Live) -> Iterator[tuple[str, Field, Value]]:
    """The leaves that the SIP plane writes, in the order of the documentation, entries of mappings by key."""
    exact, groups = _ranks(kind)
    found = []
    for path, value in live.fields.items():
        entry = exact.get(path)
        if entry is None:
            entry = next(rank for parent, rank in groups.items() if path.startswith(parent))
        if entry[1].plane is Plane.SIP:
            found.append((entry[0], path, entry[1], value))
    found.sort(key=lambda one: one[:2])
    return ((path, field, value) for _, path, field, value in found)


@cache
def _ranks(kind: Kind) -> tuple[dict[str, tuple[int, Field]], dict[str, tuple[int, Field]]]:
    exact: dict[str, tuple[int, Field]] = {}
    groups: dict[str, tuple[int, Field]] = {}
    for rank, field in enumerate(kind.fields):
        if field.is_mapping:
            groups[f"{field.parent}."] = (rank, field)
        else:
            exact[field.path] = (rank, field)
    return exact, groups
