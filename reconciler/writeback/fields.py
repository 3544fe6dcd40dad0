"""What becomes of one field of a listed object, so that it says what lives: the live value in the form of the file.

Entries of a list that mean the same stay as they are written. A secret is never written: a reference that stands in the
file stays, and where none does a new one is made, named as an export names it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from math import isfinite
from typing import TypeAlias

from reconciler.core.schema import Field, FieldType, Kind
from reconciler.core.values import JsonValue, Metadata, References, Secret, TextList, Value
from reconciler.export.document import FromVariable, Map, Node, Word
from reconciler.export.egress import egress_node
from reconciler.export.keys import is_key
from reconciler.export.leaves import Inexpressible, leaf
from reconciler.export.variables import Variables
from reconciler.sip.numbers import normalize
from reconciler.writeback.patch import Change, Gone, Kept, Listing, Patch
from reconciler.writeback.places import Items, Keys, Place, Scalar, is_reference, resolved
from reconciler.writeback.trunks import TrunkNames

_MOST_DIGITS = 19
_TYPED = (FieldType.CHOICE, FieldType.DURATION)
_NEW = FromVariable(-1)  # a reference is needed; which one is decided when it is known what moved

Refer: TypeAlias = Callable[[str], Node]


def parts_of(field: Field, path: str) -> list[str]:
    """The keys that lead to a leaf; the name of a header may have dots in it."""
    parents = field.parent.split(".")
    return [*parents, path[len(field.parent) + 1 :]] if field.is_mapping else parents


def place_of(body: Keys, parts: list[str]) -> Place | None:
    """What stands in the file at a path of an object, merged mappings included."""
    place: Place = body
    for part in parts:
        found = resolved(place)
        if not isinstance(found, Keys):
            return None
        entry = found.get(part)
        below = entry.value if entry is not None else found.merged(part)
        if below is None:
            return None
        place = below
    return place


class FieldWriter:
    """Writes the fields of one object. `desired` are those of the file, `source` copies a stretch of it."""

    def __init__(
        self,
        kind: Kind,
        key: str,
        desired: Mapping[str, Value],
        trunks: TrunkNames,
        variables: Variables,
        source: Callable[[Place], str],
    ) -> None:
        self.kind = kind
        self.key = key
        self._desired = desired
        self._trunks = trunks
        self._variables = variables
        self._source = source

    def patch(self, paths: list[str], live: Mapping[str, Value], body: Keys) -> Patch:
        """What becomes of the object, so that it has the live values at some paths. Raises `Inexpressible`."""
        patch = Patch()
        ranks = {path: self.kind.fields.index(self.kind.field(path)) for path in paths}
        freed = {
            path: place
            for path in paths
            if path not in live
            and (place := place_of(body, parts_of(self.kind.field(path), path))) is not None
            and is_reference(place)
        }
        for path in sorted(paths, key=lambda path: (ranks[path], path)):
            if path not in self.kind.one_of:
                self._put(patch, path, live.get(path), body, freed)
        for group, members in self.kind.one_of.items():
            if group in paths:
                self._choose(patch, group, members, live.get(group), body)
            below = patch.entries.get(group)
            for one in below.entries.values() if isinstance(below, Patch) else ():
                if isinstance(one, Patch):
                    one.stays = True  # `individual: {}` says something
        return patch

    def _put(
        self,
        patch: Patch,
        path: str,
        value: Value | None,
        body: Keys,
        freed: Mapping[str, Place],
    ) -> None:
        field = self.kind.field(path)
        parts = parts_of(field, path)
        if not is_key(parts[-1]):
            raise Inexpressible("YAML cannot hold the key")
        change = self._change(field, path, value, place_of(body, parts))
        if isinstance(change, Gone) and field.default is not None and _is_merged(body, parts):
            change = _default(field)  # a key that is merged with << can only be overruled
        if isinstance(change, FromVariable):
            change = self._moved(value, freed) or self._reference(path)
        if change is not None:
            patch.put(parts, change)

    def _moved(self, value: Value | None, freed: Mapping[str, Place]) -> Node | None:
        """The reference of a secret that only moved, such as the PIN of a rule whose rooms are of another kind."""
        for path, place in freed.items():
            if isinstance(value, Secret) and value.reveal() is not None:
                known = self._desired.get(path)
                if isinstance(known, Secret) and known.reveal() == value.reveal():
                    return Word(self._source(place))
        return None

    def _choose(
        self, patch: Patch, group: str, members: tuple[str, ...], value: Value | None, body: Keys
    ) -> None:
        """Of a group such as `rooms`, the one member that lives, and none of the others."""
        if value is None:
            raise Inexpressible("it names no kind of room, so LiveKit fails its calls")
        below = patch.below([group])
        below.below([str(value)])
        for member in members:
            if member == value:
                continue
            if place_of(body, [group, member]) is not None:
                below.entries[member] = Gone()
            else:
                below.entries.pop(member, None)

    def _change(
        self, field: Field, path: str, value: Value | None, place: Place | None
    ) -> Change | None:
        """None where the file has a reference already, whose value is not for it to say."""
        if value is None:
            if not field.explicit:
                return Gone()
            if not field.any_word:
                raise Inexpressible(f"it has no {path}")
            return Word("any")
        match value:
            case Secret():
                return self._secret(field, path, value, place)
            case TextList():
                return self._texts(field, value, place)
            case References():
                return self._references(value, place)
            case Metadata(text=text):
                return metadata_node(text, place)
        if field.type is FieldType.CREDENTIAL and place is not None and is_reference(place):
            return None
        node = leaf(field, value)
        if isinstance(node, Word) and field.type in _TYPED and _is_quoted(place):
            return node.text
        return node

    # --- secrets

    def _secret(self, field: Field, path: str, value: Secret, place: Place | None) -> Change | None:
        text = value.reveal()
        if field.type is FieldType.JSON:
            if text is None:
                raise Inexpressible("its value is not known")
            return egress_node(text, path, lambda at, one: self._egress(place, path, at, one))
        if text == "" and field.is_mapping:
            return ""
        if place is not None and is_reference(place):
            return None
        return _NEW

    def _egress(self, place: Place | None, root: str, path: str, text: str) -> Node:
        """A secret of the recording: as it stands in the file, or a new reference."""
        found = _below(place, path.removeprefix(root))
        if found is not None and is_reference(found):
            return Word(self._source(found))
        if isinstance(found, Scalar) and found.text == text:
            return text
        return self._reference(path)

    def _reference(self, path: str) -> Node:
        return self._variables.reference(self.kind.name, self.kind.section, self.key, path)

    # --- lists

    def _texts(self, field: Field, value: TextList, place: Place | None) -> Change:
        whole = leaf(field, value)
        same = normalize if field.type is FieldType.PHONE_NUMBERS else str
        return _listing(list(value.written), place, same, whole)

    def _references(self, value: References, place: Place | None) -> Change:
        wanted = {entry.id or "": self._trunks.name_of(entry.id or "") for entry in value.entries}
        whole: Node = [wanted[entry.id or ""] for entry in value.entries]
        if not isinstance(place, Items):
            return whole
        left = Counter(entry.id or "" for entry in value.entries)
        items: list[Kept | Node] = []
        for number, item in enumerate(place.items):
            found = resolved(item)
            identifier = self._trunks.id_of(found.text) if isinstance(found, Scalar) else ""
            if left[identifier] and self._trunks.is_known(
                found.text if isinstance(found, Scalar) else ""
            ):
                left[identifier] -= 1
                items.append(Kept(number))
        for entry in value.entries:
            if left[entry.id or ""]:
                left[entry.id or ""] -= 1
                items.append(wanted[entry.id or ""])
        return Listing(items, whole)


def _listing(
    texts: list[str], place: Place | None, same: Callable[[str], str], whole: Node
) -> Change:
    """A set of texts: what stands in the file and is live stays, whatever its spelling; the rest comes behind."""
    if not isinstance(place, Items):
        return whole
    left = Counter(map(same, texts))
    items: list[Kept | Node] = []
    for number, item in enumerate(place.items):
        found = resolved(item)
        key = same(found.text) if isinstance(found, Scalar) else ""
        if isinstance(found, Scalar) and left[key]:
            left[key] -= 1
            items.append(Kept(number))
    for text in texts:
        if left[same(text)]:
            left[same(text)] -= 1
            items.append(text)
    return Listing(items, whole)


def metadata_node(text: str, place: Place | None) -> Node:
    """A mapping where the file has one and the live text can be one; else the text."""
    if place is not None and isinstance(resolved(place), Keys):
        try:
            value = json.loads(text)
            if isinstance(value, dict):
                return _json(value)
        except (ValueError, RecursionError, Inexpressible):
            pass
    return text


def _json(value: JsonValue) -> Node:
    if isinstance(value, dict):
        if not all(map(is_key, value)):
            raise Inexpressible("YAML cannot hold the key")
        return Map({key: _json(one) for key, one in value.items()})
    if isinstance(value, list):
        return [_json(one) for one in value]
    if isinstance(value, str):
        return value
    text = json.dumps(value)
    if isinstance(value, int | float) and (len(text) > _MOST_DIGITS or not isfinite(value)):
        raise Inexpressible("programs read this number differently")
    return Word(text)


def _below(place: Place | None, path: str) -> Place | None:
    """The place at a path such as `.room.file_outputs[0].s3.secret`."""
    for part in path.replace("[", ".[").split("."):
        found = resolved(place) if place is not None else None
        if part.startswith("[") and isinstance(found, Items):
            number = int(part[1:-1])
            place = found.items[number] if number < len(found.items) else None
        elif part and isinstance(found, Keys):
            entry = found.get(part)
            place = entry.value if entry is not None else None
        elif part:
            return None
    return place


def _is_merged(body: Keys, parts: list[str]) -> bool:
    """Whether a leaf of an object stands elsewhere, in a mapping that is merged with `<<`."""
    return len(parts) == 1 and body.get(parts[0]) is None and body.merged(parts[0]) is not None


def _default(field: Field) -> Word:
    word = field.default
    return Word(str(word).lower() if isinstance(word, bool) else str(word))


def _is_quoted(place: Place | None) -> bool:
    return isinstance(place, Scalar) and place.style in ("'", '"')
