"""Markdown that these scripts add to what `reconcile` prints, and the size that GitHub takes.

What `reconcile` prints is safe Markdown within the limit. A marker and a line about the run come on top of it, so
that the last few lines may have to go: at a line's end, with everything closed that is still open.
"""

from __future__ import annotations

import re

LIMIT = 65_536
"""GitHub refuses a longer comment or issue as a whole. Counted in bytes: no way of counting characters finds more."""

_CUT = "… cut here: the summary of the run has the rest."
_FENCE = re.compile(r"(`{3,}|~{3,})[a-z]*")


def marker(what: str) -> str:
    """The hidden first line by which a comment or an issue is found again."""
    return f"<!-- livekit-reconciler:{what} -->"


def compose(first: str, body: str, *notes: str) -> str:
    """A page that GitHub takes: the marker, the body cut to what is left for it, the notes."""
    tail = "".join(f"\n\n{note}" for note in notes if note)
    room = LIMIT - _size(first) - _size(tail) - 1
    return f"{first}\n{cut(body.rstrip(), room)}{tail}"


def cut(text: str, room: int) -> str:
    """The beginning of a page, within `room` bytes, without an open fence or an open fold at its end."""
    if _size(text) <= room:
        return text
    kept: list[str] = []
    used = 0
    fence, folds = "", 0
    for line in text.splitlines():
        after_fence, after_folds = _open_after(line, fence, folds)
        used += _size(line) + 1
        if used + _size(_closing(after_fence, after_folds)) > room:
            break
        kept.append(line)
        fence, folds = after_fence, after_folds
    return "\n".join(kept) + _closing(fence, folds)


def fenced(text: str) -> str:
    """Any text, shown as it is."""
    shown = "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return f"{ticks}text\n{shown.strip()}\n{ticks}"


def _open_after(line: str, fence: str, folds: int) -> tuple[str, int]:
    if fence:
        is_end = line.startswith(fence) and not line.strip(fence[0])
        return ("" if is_end else fence), folds
    opening = _FENCE.fullmatch(line)
    if opening:
        return opening[1], folds
    return "", folds + line.count("<details>") - line.count("</details>")


def _closing(fence: str, folds: int) -> str:
    return (f"\n{fence}" if fence else "") + "\n\n</details>" * folds + f"\n\n{_CUT}"


def _size(text: str) -> int:
    return len(text.encode("utf-8", errors="replace"))
