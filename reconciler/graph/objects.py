"""Trunks and rules as nodes and edges, on both sides of a plan at once.

An object has its fields `before` and `after`; the two are the same where nothing is planned, and one of them is None
for what comes or goes. Every list of an object becomes edges, and an edge that stands on one side only is one that
a plan adds or removes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from reconciler.core.objects import Fields
from reconciler.core.values import References, TextList
from reconciler.graph.builder import Builder, Key
from reconciler.graph.model import Fate, NodeKind, counted
from reconciler.sip.numbers import normalize
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK

# A trunk with more numbers than this has them in a group, and in a project with more than the second figure every
# trunk with several has.
MAX_NUMBERS = 5
MAX_NUMBERS_IN_ALL = 40
# Rules for any trunk are drawn at each trunk as long as that is no more than this many edges.
MAX_ANY_EDGES = 240
_ANY = ""

K = TypeVar("K")


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One object: `identity` tells it from all others of its kind, and `ids` and `name` are what others call it."""

    kind: str
    identity: str
    name: str
    label: str
    before: Fields | None
    after: Fields | None
    fate: Fate = Fate.KEEP
    id: str | None = None
    renamed_from: str | None = None
    line: str | None = None

    @property
    def shown(self) -> Fields:
        """The fields that it will have, or had where it goes."""
        return self.after if self.after is not None else self.before or {}

    @property
    def details(self) -> tuple[str, ...]:
        """What is said of every kind."""
        return (f"was {self.renamed_from}",) if self.renamed_from else ()


class Trunks:
    """The inbound trunks that a rule can name, by name and by id."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self._by_id: dict[str, Subject] = {}
        self._by_name: dict[str, Subject] = {}
        for one in subjects:
            if one.kind != INBOUND_TRUNK.name:
                continue
            if one.id is not None:
                self._by_id[one.id] = one
            if one.name:
                self._by_name.setdefault(one.name, one)
        self.all = tuple(dict.fromkeys((*self._by_name.values(), *self._by_id.values())))

    def find(self, name: str, identifier: str | None) -> Subject | None:
        """A trunk by what a rule says of it."""
        if identifier is not None and identifier in self._by_id:
            return self._by_id[identifier]
        return self._by_name.get(name) or self._by_id.get(name)

    def of_rule(self, fields: Fields, *, is_before: bool) -> list[Fields] | None:
        """The fields of the trunks that a rule is for; None where it is for any, or one of them is not known."""
        references = fields.get("trunks")
        if not isinstance(references, References):
            return None
        found: list[Fields] = []
        for entry in references.entries:
            one = self.find(entry.name, entry.id)
            if one is None:
                return None
            side = one.before if is_before else one.after
            found.append(side if side is not None else one.shown)
        return found


# ---------------------------------------------------------------------------------------------------------------------
# Trunks
# ---------------------------------------------------------------------------------------------------------------------


def add_trunks(builder: Builder, subjects: Iterable[Subject]) -> None:
    """All trunks with their numbers; numbers in groups where they would be too many."""
    trunks = [one for one in subjects if one.kind != DISPATCH_RULE.name]
    grouped = sum(len(_numbers(one.shown)) for one in trunks) > MAX_NUMBERS_IN_ALL
    for one in trunks:
        is_inbound = one.kind == INBOUND_TRUNK.name
        kind = NodeKind.INBOUND_TRUNK if is_inbound else NodeKind.OUTBOUND_TRUNK
        details = _inbound_details(one.shown) if is_inbound else _outbound_details(one.shown)
        key = builder.node(
            kind,
            one.identity,
            one.label,
            details=(*one.details, *details),
            fate=one.fate,
            outgoing=not is_inbound,
        )
        _add_numbers(builder, one, key, grouped=grouped, outgoing=not is_inbound)
        if kind is NodeKind.OUTBOUND_TRUNK:
            _add_provider(builder, one, key)


def _add_numbers(
    builder: Builder, one: Subject, trunk: Key, *, grouped: bool, outgoing: bool
) -> None:
    by_fate: dict[Fate, list[tuple[str, str]]] = {}
    for number, written, fate in sides(_numbers_of(one.before), _numbers_of(one.after), one.fate):
        by_fate.setdefault(fate, []).append((number, written))
    for fate, numbers in by_fate.items():
        if len(numbers) > (1 if grouped else MAX_NUMBERS):
            members = tuple(written for _, written in numbers)
            label = counted(len(numbers), "number")
            details = (f"{members[0]} … {members[-1]}",)
            group = builder.node(
                NodeKind.NUMBER,
                (one.identity, fate, outgoing),
                label,
                details=details,
                members=members,
                outgoing=outgoing,
            )
            builder.edge(group, trunk, fate=fate)
            continue
        for number, written in numbers:
            # "Any number" is no number that trunks could share.
            own = one.identity if number == _ANY else ""
            key = builder.node(
                NodeKind.NUMBER,
                (number, own, outgoing),
                written,
                members=(written,) if number != _ANY else (),
                outgoing=outgoing,
            )
            builder.edge(key, trunk, fate=fate)


def _add_provider(builder: Builder, one: Subject, trunk: Key) -> None:
    before, after = (_address_of(side) for side in (one.before, one.after))
    for address, written, fate in sides(before, after, one.fate):
        key = builder.node(NodeKind.PROVIDER, address, written, outgoing=True)
        builder.edge(trunk, key, fate=fate)


def _inbound_details(fields: Fields) -> Iterable[str]:
    yield _listed(fields, "callers", "callers", "caller {}")
    yield _listed(fields, "allowed_addresses", "addresses", "from {}")
    yield "password" if "auth.password" in fields else ""


def _outbound_details(fields: Fields) -> Iterable[str]:
    transport = fields.get("transport")
    yield transport if isinstance(transport, str) else ""
    encryption = fields.get("media.encryption")
    yield f"encryption {encryption}" if isinstance(encryption, str) else ""


# ---------------------------------------------------------------------------------------------------------------------
# Rules
# ---------------------------------------------------------------------------------------------------------------------


def add_rules(builder: Builder, subjects: Iterable[Subject], trunks: Trunks) -> dict[str, Key]:
    """All rules, behind the trunks they are for; their nodes by identity."""
    rules = [one for one in subjects if one.kind == DISPATCH_RULE.name]
    keys: dict[str, Key] = {}
    for one in rules:
        keys[one.identity] = builder.node(
            NodeKind.RULE,
            one.identity,
            one.label,
            details=(*one.details, *_rule_details(one)),
            fate=one.fate,
        )
        before, after = (_references(side, trunks) for side in (one.before, one.after))
        for trunk, label, fate in sides(before, after, one.fate):
            if not builder.has(trunk):
                details = ("not among these trunks",)
                builder.node(*trunk, label, details=details, missing=True)
            builder.edge(trunk, keys[one.identity], fate=fate)
    _add_any(builder, rules, keys, trunks)
    return keys


def _add_any(
    builder: Builder, rules: Iterable[Subject], keys: Mapping[str, Key], trunks: Trunks
) -> None:
    """Rules for any trunk: behind every trunk, and behind a node for the calls that match none."""
    found: list[tuple[Subject, Fate]] = []
    for one in rules:
        before, after = (_is_for_any(side) for side in (one.before, one.after))
        found.extend((one, fate) for _, _, fate in sides(before, after, one.fate))
    if not found:
        return
    known = trunks.all
    each = len(found) * len(known) <= MAX_ANY_EDGES
    details = ("calls that match no trunk, too",)
    anything = builder.node(NodeKind.ANY_TRUNK, "", "any trunk", details=details)
    for one, fate in found:
        builder.edge(anything, keys[one.identity], fate=fate)
        for trunk in known if each else ():
            builder.edge(
                (NodeKind.INBOUND_TRUNK, trunk.identity), keys[one.identity], "any trunk", fate
            )
    if not each:
        leading = builder.has_edges_from()
        for trunk in known:
            key: Key = (NodeKind.INBOUND_TRUNK, trunk.identity)
            if key not in leading:
                builder.annotate(key, "answered by rules for any trunk")


def _rule_details(one: Subject) -> Iterable[str]:
    fields = one.shown
    rooms = fields.get("rooms")
    yield rooms if isinstance(rooms, str) else "makes no rooms"
    yield "PIN" if f"rooms.{rooms}.pin" in fields else ""
    yield _listed(fields, "callers", "callers", "caller {}")
    yield _listed(fields, "numbers", "numbers", "to {}")
    yield f"line {one.line}" if one.line is not None else ""
    preset = fields.get("room_preset")
    yield f"preset {preset}" if isinstance(preset, str) else ""


# ---------------------------------------------------------------------------------------------------------------------
# Lists on two sides
# ---------------------------------------------------------------------------------------------------------------------


def sides(
    before: Mapping[K, str], after: Mapping[K, str], whole: Fate
) -> Iterable[tuple[K, str, Fate]]:
    """Entries of both sides, what lasts first, with what becomes of them."""
    kept = Fate.UNLISTED if whole is Fate.UNLISTED else Fate.KEEP
    for key, text in after.items():
        yield key, text, kept if key in before else Fate.CREATE
    for key, text in before.items():
        if key not in after:
            yield key, text, Fate.DELETE


def _numbers(fields: Fields) -> tuple[str, ...]:
    listed = fields.get("numbers")
    return listed.written if isinstance(listed, TextList) else ()


def _numbers_of(fields: Fields | None) -> dict[str, str]:
    if fields is None:
        return {}
    return {normalize(one): one for one in _numbers(fields)} or {_ANY: "any number"}


def _address_of(fields: Fields | None) -> dict[str, str]:
    address = fields.get("address") if fields is not None else None
    return {address: address} if isinstance(address, str) else {}


def _references(fields: Fields | None, trunks: Trunks) -> dict[Key, str]:
    references = fields.get("trunks") if fields is not None else None
    named: dict[Key, str] = {}
    for one in references.entries if isinstance(references, References) else ():
        label = one.name or one.id or ""
        trunk = trunks.find(one.name, one.id)
        identity = trunk.identity if trunk is not None else f"missing:{label}"
        named[(NodeKind.INBOUND_TRUNK, identity)] = label
    return named


def _is_for_any(fields: Fields | None) -> dict[str, str]:
    return {} if fields is None or "trunks" in fields else {_ANY: "any trunk"}


def _listed(fields: Fields, path: str, several: str, single: str) -> str:
    value = fields.get(path)
    if not isinstance(value, TextList) or not value.written:
        return ""
    if len(value.written) == 1:
        return single.format(value.written[0])
    return f"{len(value.written)} {several}"
