"""Single values as people read them, harmless and short.

What a null means stands in the description of the field: nobody restricted, LiveKit's default, or nothing at all.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from reconciler.core.schema import Field, FieldType
from reconciler.core.values import MASK, JsonValue, compact_json
from reconciler.render.escape import escape, quote, shorten
from reconciler.render.shapes import FieldDocument
from reconciler.sip.spec import DISPATCH_RULE, KIND_BY_NAME

LONG = 160
"""Longer values are cut in texts, unless somebody asks for all of them."""
_CONTEXT = 24
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_BARE_TYPES = (FieldType.CHOICE, FieldType.DURATION)


@lru_cache(1024)
def describe(kind: str, path: str) -> Field | None:
    """The description of a field, or None for the name and for what a newer version wrote."""
    try:
        return KIND_BY_NAME[kind].field(path)
    except KeyError:
        return None


def title(kind: str) -> str:
    """The kind in a sentence."""
    return escape(kind.replace("_", " "))


def agent_name(name: object) -> str:
    """An agent as all output names it."""
    return quote(str(name)) if name else "(unnamed)"


def word(value: JsonValue, field: Field | None = None, limit: int = LONG) -> str:
    """A value in one line."""
    match value:
        case None:
            return unset(field)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            if field is not None and field.type in _BARE_TYPES and _BARE.fullmatch(value):
                return value
            if field is not None and is_structured(value, field):
                return shorten(escape(value), limit)
            return quote(value) if len(value) <= limit else shorten(quote(value[:limit]), limit)
        case list():
            return "[" + ", ".join(entry_word(one, field, limit) for one in value) + "]"
        case dict():
            return shorten(escape(compact_json(value)), limit)


def entry_word(entry: JsonValue, field: Field | None = None, limit: int = LONG) -> str:
    """One entry of a list; an agent goes by its name, and so does an object that stands with its id."""
    if field is None or not isinstance(entry, dict):
        return word(entry, None, limit)
    if field.type is FieldType.REFERENCES:
        return f"{quote(str(entry.get('name')))} ({identifier(entry.get('id'))})"
    if field.type is not FieldType.AGENTS:
        return word(entry, None, limit)
    told = ", ".join(
        f"{escape(key)} {word(value, told_field(key), limit)}"
        for key, value in entry.items()
        if key != "agent_name"
    )
    name = agent_name(entry.get("agent_name"))
    return f"{name} ({told})" if told else name


def identifier(value: object) -> str:
    """The id of an object, which one that is still to be created does not have."""
    return "known after apply" if value is None else escape(str(value))


def told_field(key: str) -> Field | None:
    """The description of what an agent is told: its metadata may be structured, like that of a rule."""
    return describe(DISPATCH_RULE.name, "metadata") if key == "metadata" else None


def unset(field: Field | None) -> str:
    """What it means that a field is not set."""
    if field is None:
        return "(unset)"
    if field.any_word:
        return "any"
    if field.type is FieldType.AGENTS:
        return "(none)"
    return "(unset)" if field.default is None else word(field.default, field)


def secret_word(field: FieldDocument, *, is_new: bool) -> str:
    """What happens to a secret, without a word about its value."""
    told = (
        MASK
        if is_new
        else {
            "set": f"(unset) → {MASK}",
            "removed": f"{MASK} → (unset)",
            "changed": f"{MASK} → {MASK}, changed",
            "rewritten": f"(unknown) → {MASK}, written anew",
        }[field.get("effect", "changed")]
    )
    return f"{told}, from {escape(field['source'])}" if "source" in field else told


def change_words(before: JsonValue, after: JsonValue, field: Field | None, limit: int) -> str:
    """`old → new`; of two long texts what is shown starts just before the first difference."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return f"{word(before, field, limit)} → {word(after, field, limit)}"
    if max(len(before), len(after)) <= limit:
        return f"{word(before, field, limit)} → {word(after, field, limit)}"
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    start = max(0, start - _CONTEXT)
    old, new = (_window(text, start, limit) for text in (before, after))
    return f"{old} → {new}"


def _window(text: str, start: int, limit: int) -> str:
    part = text[start : start + limit]
    head = "…" if start else ""
    tail = "…" if start + limit < len(text) else ""
    return f"{head}{quote(part)}{tail} ({len(text):,} characters)"


def is_structured(text: str, field: Field) -> bool:
    """Whether a text is the JSON of a mapping or a list in a field that may hold one."""
    return field.type is FieldType.METADATA and isinstance(parsed(text), dict | list)


def parsed(text: str) -> JsonValue:
    """The JSON value of a text, or None where it is none that can be compared."""
    if not text.startswith(("{", "[")) or len(text) > 50_000:
        return None
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
