"""What stands in a file, beside what is to stand there: whether it says that already, what a patch leaves of it.

Copies are made here too: of a value that stands at somebody else's anchor, with the changes that one place of it needs.
"""

from __future__ import annotations

from reconciler.export.document import FromVariable, Map, Node, Word
from reconciler.writeback.patch import Change, Gone, Patch, as_node
from reconciler.writeback.places import (
    Alias,
    Items,
    Keys,
    Place,
    Scalar,
    Unwritable,
    is_reference,
    resolved,
)
from reconciler.writeback.spelling import is_text

SHARED = "it stands at an anchor that other parts of the file use"
WRITE_OUT = "write it out instead, then run this again"


def says(place: Place, node: Node) -> bool:
    """Whether what stands there is read as this node, whoever reads it. Of a reference only that it is one."""
    if isinstance(place, Alias):
        return says(resolved(place), node)
    match node:
        case FromVariable():
            return is_reference(place)
        case Word(text=text):
            return isinstance(place, Scalar) and not place.style and place.text == text
        case str():
            return (
                isinstance(place, Scalar)
                and place.text == node
                and (place.style != "" or is_text(node))
            )
        case list():
            return (
                isinstance(place, Items)
                and len(place.items) == len(node)
                and all(map(says, place.items, node))
            )
        case _:
            return (
                isinstance(place, Keys)
                and {one.key.text for one in place.entries} == node.entries.keys()
                and all(says(one.value, node.entries[one.key.text]) for one in place.entries)
            )


def require_free(place: Place) -> None:
    """Raises `Unwritable` where something that is to go has an anchor that is used elsewhere."""
    waiting = [place]
    while waiting:
        one = waiting.pop()
        if one.uses:
            raise Unwritable(SHARED, WRITE_OUT)
        if isinstance(one, Items):
            waiting.extend(one.items)
        elif isinstance(one, Keys):
            waiting.extend(entry.value for entry in one.entries)


def _below(place: Place, key: str) -> Place | None:
    found = resolved(place)
    entry = found.get(key) if isinstance(found, Keys) else None
    return entry.value if entry is not None else None


def goes(value: Place, change: Change) -> bool:
    """Whether a key goes with what becomes of its value."""
    if isinstance(change, Patch):
        return not change.stays and is_emptied(value, change)
    return isinstance(change, Gone)


def is_emptied(value: Place, patch: Patch) -> bool:
    """Whether a patch leaves nothing of a mapping."""
    found = resolved(value)
    entries = found.entries if isinstance(found, Keys) else []
    for one in entries:
        change = patch.entries.get(one.key.text)
        if change is None or not goes(one.value, change):
            return False
    standing = {one.key.text for one in entries}
    return all(
        as_node(change) is None for key, change in patch.entries.items() if key not in standing
    )


def patched(text: str, place: Place, patch: Patch) -> Node:
    """A copy of a value with changes: for an alias, whose anchor belongs to somebody else. `text` is the file."""
    made = copied(text, place)
    if not isinstance(made, Map):
        return patch.as_map()
    for key, change in patch.entries.items():
        if isinstance(change, Patch):
            below = _below(place, key)
            node = None if below is None else patched(text, below, change)
            node = change.as_map() if node is None else node
            if isinstance(node, Map) and not node.entries and not change.stays:
                node = None
        else:
            node = as_node(change)
        if node is None:
            made.entries.pop(key, None)
        else:
            made.entries[key] = node
    return made


def copied(text: str, place: Place) -> Node:
    """A value as it is written, aliases written out. Raises `Unwritable` for one that merges another."""
    found = resolved(place)
    if isinstance(found, Items):
        return [copied(text, one) for one in found.items]
    if isinstance(found, Keys):
        if any(one.key.text == "<<" for one in found.entries):
            raise Unwritable("it merges another mapping with <<", WRITE_OUT)
        return Map({one.key.text: copied(text, one.value) for one in found.entries})
    source = text[found.start : found.end]
    if found.is_block or found.anchor is not None or "\n" in source or "\r" in source:
        return found.text
    return Word(source)
