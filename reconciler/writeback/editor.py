"""Carries out a patch on the places of a file: each change becomes the smallest edit of the text that says it.

A value is replaced where it stands; a new key goes to the end of its mapping, a new item to the end of its list. What
is shared by an anchor is not changed for all who use it: an alias is written out, what others point to is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.export.document import Map, Node
from reconciler.export.emit import WIDTH, Emitter
from reconciler.export.scalars import scalar
from reconciler.writeback.block import remove_entries, remove_items
from reconciler.writeback.draft import Draft
from reconciler.writeback.flow import change_flow
from reconciler.writeback.judge import (
    SHARED,
    WRITE_OUT,
    goes,
    is_emptied,
    patched,
    require_free,
    says,
)
from reconciler.writeback.lines import column_of, end_of_line, next_line, start_of_line
from reconciler.writeback.patch import Change, Gone, Kept, Listing, Patch, as_node
from reconciler.writeback.places import (
    Alias,
    Entry,
    Items,
    Keys,
    Place,
    Scalar,
    Unwritable,
)
from reconciler.writeback.spelling import block_lines, common_style, spelt

_COLON = re.compile(r"\s*:")
_BY_HAND = "change it by hand"


class Editor:
    """Edits one draft. `variables` are the names of new variables by number, `step` what a level is indented by."""

    def __init__(self, draft: Draft, variables: Sequence[str]) -> None:
        self.draft = draft
        self._variables = variables
        self._step = " " * _step_of(draft)

    # --- mappings

    def change(self, place: Keys, patch: Patch) -> None:
        """Makes the changes of a mapping. Raises `Unwritable`, with some edits made perhaps."""
        if place.uses:
            raise Unwritable(SHARED, WRITE_OUT)
        removed: set[int] = set()
        added: list[tuple[str, Node]] = []
        for key, change in patch.entries.items():
            entry = place.get(key)
            if entry is None:
                node = self._new(place, key, change)
                if node is not None:
                    added.append((key, node))
            elif goes(entry.value, change):
                require_free(entry.value)
                removed.add(place.entries.index(entry))
            else:
                self._entry(place, entry, change)
        if removed or added:
            self._entries(place, removed, added)

    def add(self, place: Keys, key: str, node: Node, *, spaced: bool = False) -> None:
        """Puts a new entry behind the last one; `spaced`: with a blank line between."""
        if place.flow or not place.entries:
            self._entries(place, set(), [(key, node)])
            return
        lines = self._lines(place, key, node)
        self.draft.insert_lines(place.entries[-1].end, ["", *lines] if spaced else lines)

    def try_change(self, place: Keys, patch: Patch) -> dict[str, Unwritable]:
        """Makes the changes that can be made; the others are left out, and returned by key."""
        before = len(self.draft)
        bad: dict[str, Unwritable] = {}
        try:
            self.change(place, patch)
        except Unwritable:
            self.draft.forget_from(before)
            for key, change in patch.entries.items():
                try:
                    self.change(place, Patch({key: change}))
                except Unwritable as error:
                    bad[key] = error
                self.draft.forget_from(before)
            rest = {key: one for key, one in patch.entries.items() if key not in bad}
            self.change(place, Patch(rest))
        return bad

    def put(self, holder: Keys, entry: Entry, node: Node) -> None:
        """Replaces the value of an entry as a whole."""
        self._replace(holder, entry, entry.value, node)

    def rename(self, key: Scalar, name: str) -> None:
        """Writes another key in the place of one."""
        self.draft.replace(key.start, key.end, spelt(name, key.style))

    def in_line(self, key: str, node: Node) -> str:
        """An entry as it stands in braces."""
        return f"{scalar(key)}: {self._emitter().flow(node)}"

    def _new(self, place: Keys, key: str, change: Change) -> Node | None:
        """The value of a key that does not stand here; one that is merged from elsewhere is overruled."""
        merged = place.merged(key)
        if merged is None:
            return as_node(change)
        if isinstance(change, Gone):
            raise Unwritable("it comes from a mapping that is merged with <<", WRITE_OUT)
        return (
            patched(self.draft.text, merged, change)
            if isinstance(change, Patch)
            else as_node(change)
        )

    def _entries(self, place: Keys, removed: set[int], added: Sequence[tuple[str, Node]]) -> None:
        if place.flow:
            change_flow(self.draft, place, removed, [self.in_line(*one) for one in added])
            return
        lines = [line for key, node in added for line in self._lines(place, key, node)]
        kept = [one for number, one in enumerate(place.entries) if number not in removed]
        if kept:
            remove_entries(self.draft, place, removed)
            if lines:
                self.draft.insert_lines(kept[-1].end, lines)
            return
        lines[0] = lines[0].lstrip(" ")
        end = end_of_line(self.draft.text, place.end)
        self.draft.replace(place.start, end, self.draft.line_break.join(lines))

    def _lines(self, place: Keys, key: str, node: Node) -> list[str]:
        indent = " " * column_of(self.draft.text, place.entries[0].start)
        emitter = self._emitter()
        emitter.entry(scalar(key), node, indent, indent)
        return emitter.lines

    # --- values

    def _entry(self, holder: Keys, entry: Entry, change: Change) -> None:
        value = entry.value
        if isinstance(change, Patch):
            own = isinstance(value, Keys)
            if own and not is_emptied(value, change):
                assert isinstance(value, Keys)  # noqa: S101  # `own` says so
                self.change(value, change)
            else:
                self._replace(holder, entry, value, patched(self.draft.text, value, change))
        elif isinstance(change, Listing):
            if isinstance(value, Items) and (value.flow or change.items):
                self._listing(value, change)
            else:
                self._replace(holder, entry, value, change.whole)
        else:
            assert not isinstance(change, Gone)  # noqa: S101  # the caller looked
            self._revise(holder, entry, value, change)

    def _revise(self, holder: Keys | Items, entry: Entry | None, value: Place, node: Node) -> None:
        """Makes a value say what a node says, and leaves alone what says it already."""
        if isinstance(node, Map) and node.entries and isinstance(value, Keys):
            wanted: dict[str, Change] = dict(node.entries)
            gone = {one.key.text: Gone() for one in value.entries if one.key.text not in wanted}
            self.change(value, Patch({**gone, **wanted}, stays=True))
        elif isinstance(node, list) and node and isinstance(value, Items):
            self._list(holder, entry, value, node)
        elif not says(value, node):
            self._replace(holder, entry, value, node)

    def _list(
        self, holder: Keys | Items, entry: Entry | None, value: Items, nodes: list[Node]
    ) -> None:
        old = value.items
        if len(old) == len(nodes):
            for item, node in zip(old, nodes, strict=True):
                self._revise(value, None, item, node)
            return
        items: list[Kept | Node] = []
        position = 0
        for node in nodes:
            found = next((n for n in range(position, len(old)) if says(old[n], node)), None)
            if found is None:
                items.append(node)
            elif items and not isinstance(items[-1], Kept):
                self._replace(holder, entry, value, nodes)  # a new one in between
                return
            else:
                items.append(Kept(found))
                position = found + 1
        self._listing(value, Listing(items, nodes))

    def _listing(self, place: Items, listing: Listing) -> None:
        if place.uses:
            raise Unwritable(SHARED, WRITE_OUT)
        kept = [one for one in listing.items if isinstance(one, Kept)]
        nodes = [one for one in listing.items if not isinstance(one, Kept)]
        staying = {one.index for one in kept}
        removed = {number for number in range(len(place.items)) if number not in staying}
        for number in removed:
            require_free(place.items[number])
        for one in kept:
            if isinstance(one.change, Patch):
                self._item(place, one.index, one.change)
            elif one.change is not None:
                self._revise(place, None, place.items[one.index], one.change)
        style = common_style(place.items)
        emitter = self._emitter()
        if place.flow:
            texts = [
                spelt(node, style) if isinstance(node, str) else emitter.flow(node)
                for node in nodes
            ]
            change_flow(self.draft, place, removed, texts)
            return
        indent = " " * column_of(self.draft.text, place.start)
        for node in nodes:
            if isinstance(node, str):
                emitter.lines.append(f"{indent}- {spelt(node, style)}")
            else:
                emitter.sequence([node], indent)
        if not staying:
            emitter.lines[0] = emitter.lines[0].lstrip(" ")
            end = end_of_line(self.draft.text, place.end)
            self.draft.replace(place.start, end, self.draft.line_break.join(emitter.lines))
            return
        remove_items(self.draft, place, removed)
        if emitter.lines:
            self.draft.insert_lines(place.items[max(staying)].end, emitter.lines)

    def _item(self, place: Items, number: int, patch: Patch) -> None:
        """Changes an item inside; one that is a mere name becomes a mapping."""
        item = place.items[number]
        if isinstance(item, Keys) and not is_emptied(item, patch):
            self.change(item, patch)
        else:
            self._replace(place, None, item, patched(self.draft.text, item, patch))

    # --- replacements

    def _replace(self, holder: Keys | Items, entry: Entry | None, value: Place, node: Node) -> None:
        require_free(value)
        if value.is_block and value.anchor is not None:
            raise Unwritable("it has an anchor", _BY_HAND)
        text = self._inline(holder, value, node)
        if text is None:
            self._replace_by_lines(holder, entry, value, node)
        elif isinstance(value, Scalar | Alias) or not value.is_block:
            space = " " if value.start == value.end else ""
            self.draft.replace(value.start, value.end, space + text)
        elif entry is None:
            self.draft.replace(value.start, end_of_line(self.draft.text, value.end), text)
        else:
            colon = self.colon(entry)
            self.draft.replace(colon, colon, f" {text}")
            first = next_line(self.draft.text, colon)
            if value.start < first:
                raise Unwritable("it is laid out in an unusual way", _BY_HAND)
            self.draft.replace(first, next_line(self.draft.text, value.end), "")

    def _inline(self, holder: Keys | Items, value: Place, node: Node) -> str | None:
        """The node in one line, where it may and has to stand in one."""
        column = column_of(self.draft.text, value.start)
        emitter = self._emitter()
        if isinstance(node, str):
            style = value.style if isinstance(value, Scalar) else ""
            if style == "|" and not holder.flow:
                indent = " " * (column_of(self.draft.text, holder.start) + len(self._step))
                lines = block_lines(node, indent)
                if lines is not None:
                    return self.draft.line_break.join(lines)
            return spelt(node, style)
        if holder.flow:
            return emitter.flow(node)
        if isinstance(value, Items) and value.is_block and isinstance(node, list) and node:
            return None
        return emitter.line(node, max(WIDTH - column, 40))

    def _replace_by_lines(
        self, holder: Keys | Items, entry: Entry | None, value: Place, node: Node
    ) -> None:
        text = self.draft.text
        emitter = self._emitter()
        if entry is None:
            if not isinstance(node, Map):
                raise Unwritable("a list in a list is laid out in an unusual way", _BY_HAND)
            emitter.mapping(node, " " * column_of(text, value.start), "")
            end = end_of_line(text, value.end) if value.is_block else value.end
            self.draft.replace(value.start, end, self.draft.line_break.join(emitter.lines))
            return
        is_below = not isinstance(value, Scalar | Alias) and value.is_block
        indent = " " * (
            column_of(text, value.start)
            if is_below
            else column_of(text, holder.start) + len(self._step)
        )
        if isinstance(node, Map):
            emitter.mapping(node, indent)
        else:
            assert isinstance(node, list)  # noqa: S101  # all else fits a line
            emitter.sequence(node, indent)
        if is_below:
            end = end_of_line(text, value.end)
            lines = self.draft.line_break.join(emitter.lines)
            self.draft.replace(start_of_line(text, value.start), end, lines)
            return
        self.draft.replace(self.colon(entry), value.end, "")
        self.draft.insert_lines(value.end, emitter.lines)

    def colon(self, entry: Entry) -> int:
        """Where the colon behind a key ends."""
        found = _COLON.match(self.draft.text, entry.key.end)
        if found is None:
            raise Unwritable("it is laid out in an unusual way", _BY_HAND)
        return found.end()

    def _emitter(self) -> Emitter:
        return Emitter(self._variables, self._step)


def _step_of(draft: Draft) -> int:
    """By how much the first section of the file indents what stands below it."""
    for entry in draft.root.entries:
        value = entry.value
        if isinstance(value, Keys) and not value.flow and value.entries:
            column = column_of(draft.text, value.entries[0].start)
            return max(column - column_of(draft.text, entry.start), 1)
    return 2
