"""Entries of a list or mapping that have lines of their own: which lines are theirs, and how they go."""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import pairwise

from reconciler.writeback.draft import Draft
from reconciler.writeback.lines import column_of, end_of_line, next_line, start_of_line
from reconciler.writeback.places import Entry, Items, Keys, Place, Unwritable


def dash_of(draft: Draft, place: Items, number: int) -> int:
    """Where the dash of an item stands."""
    if number == 0:
        return place.start
    column = column_of(draft.text, place.start)
    position = next_line(draft.text, place.items[number - 1].end)
    while position < place.items[number].end:
        if draft.text[position : position + column + 1] == " " * column + "-":
            return position + column
        position = next_line(draft.text, position)
    raise Unwritable("its list is laid out in an unusual way", "change it by hand")


def remove_items(draft: Draft, place: Items, removed: Set[int]) -> None:
    """Removes items by their numbers; at least one stays."""
    for number in sorted(removed):
        dash = dash_of(draft, place, number)
        value = place.items[number]
        _remove_lines(draft, dash, value.end, is_deep=value.is_block)


def remove_entries(draft: Draft, place: Keys, removed: Set[int]) -> None:
    """Removes entries by their numbers; at least one stays."""
    leading = 0
    if not _starts_line(draft.text, place.start):
        # The first key stands behind a dash: the next one moves up to it.
        while leading in removed:
            leading += 1
        if leading:
            draft.replace(place.start, place.entries[leading].start, "")
    for number in sorted(removed):
        if number >= leading:
            entry = place.entries[number]
            _remove_lines(draft, entry.start, entry.end, is_deep=entry.value.is_block)


def remove_object(draft: Draft, entry: Entry) -> None:
    """Removes an entry with the comment directly above it, and one of two blank lines that would meet."""
    text = draft.text
    start, stop = lines_of(text, entry.start, entry.end, is_deep=True)
    column = column_of(text, entry.start)
    while start > 0:
        above = start_of_line(text, start - 1)
        line = text[above:start]
        if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) != column:
            break
        start = above
    if start > 0 and (stop >= len(text) or not text[stop : end_of_line(text, stop)].strip()):
        above = start_of_line(text, start - 1)
        if not text[above:start].strip():
            start = above
    draft.replace(start, stop, "")


def lines_of(text: str, start: int, end: int, *, is_deep: bool) -> tuple[int, int]:
    """The lines of an entry, with the comments that stand deeper than it directly below. Raises `Unwritable`."""
    if not _starts_line(text, start):
        raise Unwritable("it shares its line with something else", "change it by hand")
    column = column_of(text, start)
    stop = next_line(text, end)
    while is_deep and stop < len(text):
        line = text[stop : end_of_line(text, stop)]
        bare = line.lstrip(" ")
        if not bare.startswith("#") or len(line) - len(bare) <= column:
            break
        stop = next_line(text, stop)
    return start_of_line(text, start), stop


def gaps_are_blank(draft: Draft, entries: Sequence[Entry | Place]) -> bool:
    """Whether a blank line stands between every two entries of a section."""
    text = draft.text
    between = [
        text[next_line(text, one.end) : start_of_line(text, other.start)]
        for one, other in pairwise(entries)
    ]
    return bool(between) and all(
        any(not line.strip() for line in gap.splitlines()) for gap in between
    )


def _remove_lines(draft: Draft, start: int, end: int, *, is_deep: bool) -> None:
    first, stop = lines_of(draft.text, start, end, is_deep=is_deep)
    draft.replace(first, stop, "")


def _starts_line(text: str, position: int) -> bool:
    return text[start_of_line(text, position) : position].strip() in ("", "?")
