"""Writes what a schema has from others into it: each definition is edited in one place, and every file is whole.

A schema that named parts of another one by its address would be half a schema to whoever validates offline with one
file. So the parts are copied in, and `python -m tools.schemas` is who copies; a test compares with what is committed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[1] / "reconciler" / "schemas"
SOURCES = {
    "explain-diff": ("explain",),
    "graph": ("findings",),
    "token-inspect": ("findings",),
    "plan": ("findings", "explain"),
    "report": ("plan",),
    "projects": ("report",),
}
"""From which schemas one has its parts, the sources of sources first."""
DOCUMENTS = {"explain": "answer", "plan": "plan", "report": "report"}
"""What a whole document is called where it is a part of another one."""

_HEAD = ("$schema", "$id", "title", "$defs")
_REFERENCE = "#/$defs/"


def composed(name: str) -> dict[str, Any]:
    """A schema with the parts of its sources as they are by now; those that it does not need stay out."""
    schema = _schema(name)
    parts: dict[str, Any] = {}
    for source in SOURCES[name]:
        parts |= _parts(source)
    known = {**schema["$defs"], **parts}
    needed: dict[str, Any] = {}
    waiting = list(_names({**schema, "$defs": {}}))
    while waiting:
        one = waiting.pop()
        if one not in needed:
            needed[one] = known[one]
            waiting += _names(known[one])
    order = dict.fromkeys((*schema["$defs"], *needed))
    return {**schema, "$defs": {one: needed[one] for one in order if one in needed}}


def _parts(name: str) -> dict[str, Any]:
    """The definitions of a schema, and its document as one of them."""
    schema = composed(name) if name in SOURCES else _schema(name)
    parts = dict(schema["$defs"])
    if name in DOCUMENTS:
        parts[DOCUMENTS[name]] = {key: one for key, one in schema.items() if key not in _HEAD}
    return parts


def _names(part: Any) -> Iterator[str]:
    """The definitions that a part of a schema refers to."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value.removeprefix(_REFERENCE)
            else:
                yield from _names(value)
    elif isinstance(part, list):
        for one in part:
            yield from _names(one)


def text_of(schema: dict[str, Any]) -> str:
    """A schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def place_of(name: str) -> Path:
    """The file of a schema."""
    return SCHEMAS / f"{name}.schema.json"


def _schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(place_of(name).read_text(encoding="utf-8"))
    return loaded


def main() -> None:
    """Writes all that have parts of others."""
    for name in SOURCES:
        place_of(name).write_text(text_of(composed(name)), encoding="utf-8")
    sys.stdout.write(f"{len(SOURCES)} schemas written\n")


if __name__ == "__main__":
    main()
