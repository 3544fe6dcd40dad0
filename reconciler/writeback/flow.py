"""Entries of a list or mapping in brackets: some go, others come. The rest keeps its place, its line and its comment.

An entry that has lines of its own goes with them; one beside others takes a comma along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from reconciler.writeback.draft import Draft
from reconciler.writeback.lines import column_of, end_of_line, next_line, start_of_line
from reconciler.writeback.places import Entry, Items, Keys, Place

_COMMA = re.compile(r"[ \t]*,")
_NOTHING_MORE = re.compile(r"[ \t]*,?[ \t]*(?:#.*)?")


def change_flow(draft: Draft, place: Items | Keys, removed: Set[int], added: Sequence[str]) -> None:
    """Removes entries by their numbers, and puts new ones behind the last one that stays."""
    spans: Sequence[Place | Entry] = place.items if isinstance(place, Items) else place.entries
    kept = [number for number in range(len(spans)) if number not in removed]
    if not kept:
        start, end = place.start + len(_opening(draft.text, place)), place.end - 1
        inside = draft.text[start:end]
        pad = " " if inside.startswith(" ") and inside.strip() else ""
        draft.replace(start, end, f"{pad}{', '.join(added)}{pad}" if added else "")
        return
    for first, last in _runs(removed):
        _remove(draft, spans, first, last)
    if added:
        _add(draft, spans[kept[-1]], added)


def _opening(text: str, place: Items | Keys) -> str:
    """What stands in front of the first entry: the bracket, and an anchor before it."""
    bracket = "[" if isinstance(place, Items) else "{"
    return text[place.start : text.index(bracket, place.start) + 1]


def _runs(numbers: Set[int]) -> list[tuple[int, int]]:
    """Numbers that follow each other, as the first and the last of each run."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs


def _remove(draft: Draft, spans: Sequence[Place | Entry], first: int, last: int) -> None:
    text = draft.text
    start, end = spans[first].start, spans[last].end
    follower = spans[last + 1].start if last + 1 < len(spans) else None
    comma = _COMMA.match(text, end)
    line = start_of_line(text, start)
    if follower is not None and comma is None:
        draft.replace(start, follower, "")  # its comma stands in front of the next one
    elif _stands_alone(text, start, end):
        draft.replace(line, next_line(text, end), "")
    elif text[line:start].strip() == ",":
        is_rest = _NOTHING_MORE.fullmatch(text, end, end_of_line(text, end)) is not None
        cut = (line, next_line(text, end)) if is_rest else (text.index(",", line), end)
        draft.replace(*cut, "")
    elif follower is not None and follower <= end_of_line(text, end):
        draft.replace(start, follower, "")
    elif first > 0 and spans[first - 1].end >= line:
        draft.replace(spans[first - 1].end, end, "")
    else:
        draft.replace(start, comma.end() if comma is not None else end, "")


def _add(draft: Draft, last: Place | Entry, added: Sequence[str]) -> None:
    text = draft.text
    if not _stands_alone(text, last.start, last.end):
        draft.replace(last.end, last.end, "".join(f", {one}" for one in added))
        return
    indent = text[start_of_line(text, last.start) :][: column_of(text, last.start)]
    has_comma = _COMMA.match(text, last.end) is not None
    if not has_comma:
        draft.replace(last.end, last.end, ",")
    lines = [f"{indent}{one}," for one in added]
    if not has_comma:
        lines[-1] = lines[-1].removesuffix(",")
    draft.insert_lines(last.end, lines)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether nothing but a comma and a comment shares the lines of an entry."""
    line_end = end_of_line(text, end)
    return (
        not text[start_of_line(text, start) : start].strip()
        and _NOTHING_MORE.fullmatch(text, end, line_end) is not None
        and line_end < len(text)
    )
