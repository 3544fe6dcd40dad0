"""Colour for terminals, by rich, and only for those who asked: without colour nothing is imported."""

from __future__ import annotations

from collections.abc import Callable

Painter = Callable[[str, str], str]
"""A text and the name of its style; returns the text as a terminal takes it."""

STYLES = {
    "+": "green",
    "-": "red",
    "~": "yellow",
    "→": "cyan",
    "title": "bold",
    "error": "bold red",
    "warning": "yellow",
    "note": "blue",
    "done": "green",
}


def painter(color: bool) -> Painter:
    """A function that paints, or one that leaves everything as it is."""
    if not color:
        return lambda text, style: text
    from rich.color import ColorSystem
    from rich.style import Style

    styles = {name: Style.parse(definition) for name, definition in STYLES.items()}

    def paint(text: str, style: str) -> str:
        known = styles.get(style)
        if known is None or not text:
            return text
        return known.render(text, color_system=ColorSystem.STANDARD)

    return paint
