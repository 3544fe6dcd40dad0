"""One file that is being changed: its text, its places, and the edits so far.

An edit replaces a stretch of the old text. What no edit covers is carried over as it is: that is the whole of how
comments, order, quotes and line ends are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reconciler.errors import ReconcileError
from reconciler.writeback.lines import break_of, end_of_line, start_of_line, without_break
from reconciler.writeback.places import Keys, read_places

_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` instead of what stands from `start` to `end` of the old text; `is_lines`: it is whole lines below one."""

    start: int
    end: int
    text: str
    is_lines: bool = False


class Draft:
    """The text of a file and what becomes of it. Edits at one place keep the order in which they were made."""

    def __init__(self, file: str, data: bytes) -> None:
        text = data.decode()
        self.file = file
        self.mark = _MARK if text.startswith(_MARK) else ""
        self.text = text.removeprefix(_MARK)
        self.line_break = break_of(self.text)
        self.root: Keys = read_places(self.text, file)
        self._edits: list[Edit] = []

    def __len__(self) -> int:
        return len(self._edits)

    def forget_from(self, number: int) -> None:
        """Drops the edits from a number on: what they belong to cannot be written after all."""
        del self._edits[number:]

    def replace(self, start: int, end: int, text: str) -> None:
        """Puts a text in the place of another; the same text is no edit."""
        if self.text[start:end] == text:
            return
        self._edits.append(Edit(start, end, text))

    def insert_lines(self, position: int, lines: Sequence[str]) -> None:
        """Puts lines below the line of a position. A file without a last line break stays without one."""
        text = "".join(f"{self.line_break}{line}" for line in lines)
        end = end_of_line(self.text, position)
        self._edits.append(Edit(end, end, text, is_lines=True))

    def result(self) -> bytes:
        """The bytes of the new file. Raises `ReconcileError` for edits of one place that contradict each other."""
        deletions = [one for one in self._edits if self._removes_lines(one)]
        edits = sorted(
            (self._settled(one, deletions) for one in self._edits),
            key=lambda one: (one.start, one.end),
        )
        for before, after in pairwise(edits):
            if after.start < before.end:
                raise ReconcileError(
                    f"{self.file}: two changes of one place contradict each other: nothing was written; "
                    "please report this"
                )
        parts, position = [self.mark], 0
        for one in edits:
            parts += (self.text[position : one.start], one.text)
            position = one.end
        parts.append(self.text[position:])
        return "".join(parts).encode()

    def _line_of(self, end: int) -> str:
        """The line that ends at a position."""
        return self.text[start_of_line(self.text, end) : end]

    def _removes_lines(self, one: Edit) -> bool:
        """Whether an edit removes whole lines."""
        return one.end > one.start == start_of_line(self.text, one.start) and not one.text

    def _settled(self, one: Edit, deletions: Sequence[Edit]) -> Edit:
        """Lines below one that is deleted go below the last one that stays."""
        while one.is_lines:
            above = next((cut for cut in deletions if cut.start < one.start <= cut.end), None)
            if above is None:
                break
            position = len(without_break(self.text[: start_of_line(self.text, above.start)]))
            text = one.text
            if text.startswith(self.line_break * 2) and not self._line_of(position).strip():
                text = text.removeprefix(self.line_break)  # a blank line stands there already
            one = replace(one, start=position, end=position, text=text)
        return one
