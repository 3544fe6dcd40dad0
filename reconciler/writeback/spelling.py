"""How a value is spelt where another one stood, or beside others: in their quotes, as far as it can be."""

from __future__ import annotations

import json
from collections.abc import Iterable

from reconciler.config.nodes import NULLS
from reconciler.config.scalars import FALSE, TRUE
from reconciler.core.visible import is_visible
from reconciler.export.scalars import quoted, scalar
from reconciler.writeback.places import Place, Scalar


def spelt(text: str, style: str) -> str:
    """A text in the quotes of a style; without one, plain where that is safe."""
    if style == "'" and is_visible(text):
        return "'" + text.replace("'", "''") + "'"
    if style in ("'", '"'):
        return quoted(text)
    return scalar(text)


def common_style(places: Iterable[Place]) -> str:
    """The quotes in which the last text of a list stands."""
    style = ""
    for place in places:
        if isinstance(place, Scalar):
            style = place.style
    return style


def block_lines(text: str, indent: str) -> list[str] | None:
    """A text of several lines below `|`, its header first; None where it cannot stand so."""
    body = text.rstrip("\n")
    is_plain = all(is_visible(line) for line in body.split("\n"))
    if not body or not is_plain or body[0] in " \n" or len(text) - len(body) > 1:
        return None
    header = "|" if text.endswith("\n") else "|-"
    return [header, *(f"{indent}{line}" if line else "" for line in body.split("\n"))]


def is_text(plain: str) -> bool:
    """Whether what stands without quotes is a text to the reader of free JSON, and no flag, number or nothing."""
    if plain in NULLS or plain in TRUE or plain in FALSE:
        return False
    try:
        json.loads(plain)
    except ValueError:
        return True
    return False
