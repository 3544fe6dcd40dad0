"""The lines that show how one field differs.

A short value is `old → new`, a list is the entries that come and go, a structured value its leaves where that is
shorter. Something is always seen: where two values look alike after all, both are written out.
"""

from __future__ import annotations

from collections import Counter

from reconciler.core.schema import Field, FieldType
from reconciler.core.values import JsonValue
from reconciler.render.escape import escape
from reconciler.render.outline import Line, capped
from reconciler.render.shapes import FieldDocument
from reconciler.render.words import (
    LONG,
    agent_name,
    change_words,
    describe,
    entry_word,
    parsed,
    secret_word,
    told_field,
    word,
)

_ONE_LINE = 100
"""Lists that are longer than this get a line for each entry."""
_ENTRIES = 20
_EVERYTHING = 1_000_000


def field_lines(kind: str, field: FieldDocument, *, is_new: bool, verbose: bool) -> list[Line]:
    """One field of a change; of an object that is new only the value is shown."""
    described = describe(kind, field["path"])
    limit = _EVERYTHING if verbose else LONG
    path = escape(field["path"])
    cause = f"   [{_CAUSES[field['cause']]}]" if "cause" in field else ""
    before, after = field["before"], field["after"]
    if field["sensitive"]:
        return [Line(f"{path}: {secret_word(field, is_new=is_new)}{cause}", _mark(is_new), 1)]
    if is_new:
        return _value(path, after, described, limit, verbose)
    if described is None or described.type is FieldType.CODECS:
        lines = []  # the order of codecs counts, and so may that of what is not known
    elif isinstance(before, list) and isinstance(after, list):
        lines = _list(before, after, described, limit)
    else:
        lines = _structured(path, before, after, described, limit)
    if not lines:
        return [Line(f"{path}: {change_words(before, after, described, limit)}{cause}", "~", 1)]
    if not verbose:
        lines = [
            Line(line.text, line.mark, 2) for line in capped(lines, _ENTRIES, "differences in it")
        ]
    return [Line(f"{path}:{cause}", "~", 1), *lines]


_CAUSES = {
    "live": "changed in the live project",
    "file": "changed in the file",
    "both": "changed in the file and in the live project",
    "unknown": "changed since the last apply, unknown where",
}


def _mark(is_new: bool) -> str:
    return "+" if is_new else "~"


def _value(
    path: str, value: JsonValue, field: Field | None, limit: int, verbose: bool
) -> list[Line]:
    if isinstance(value, list) and len(value) > 1:
        entries = [Line(entry_word(entry, field, limit), "+", 2) for entry in value]
        if sum(len(line.text) + 2 for line in entries) > _ONE_LINE:
            shown = entries if verbose else capped(entries, _ENTRIES, "entries")
            return [Line(f"{path}:", "+", 1), *(Line(one.text, one.mark, 2) for one in shown)]
    return [Line(f"{path}: {word(value, field, limit)}", "+", 1)]


def _list(before: list[JsonValue], after: list[JsonValue], field: Field, limit: int) -> list[Line]:
    """The entries of a set that go and come; empty where `old → new` is just as short."""
    agents = field.type is FieldType.AGENTS
    if not agents and len(before) == len(after) == 1:
        return []
    gone, come = _without(before, after, field), _without(after, before, field)
    lines: list[Line] = []
    if agents:
        lines, gone, come = _agents(gone, come, limit)
    lines.extend(Line(entry_word(one, field, limit), "-", 2) for one in gone)
    lines.extend(Line(entry_word(one, field, limit), "+", 2) for one in come)
    return lines


def _without(entries: list[JsonValue], others: list[JsonValue], field: Field) -> list[JsonValue]:
    """The entries that the other list lacks, an entry that stands twice counted twice."""
    left = Counter(entry_word(one, field, _EVERYTHING) for one in others)
    found = []
    for entry in entries:
        text = entry_word(entry, field, _EVERYTHING)
        if left[text]:
            left[text] -= 1
        else:
            found.append(entry)
    return found


def _agents(
    gone: list[JsonValue], come: list[JsonValue], limit: int
) -> tuple[list[Line], list[JsonValue], list[JsonValue]]:
    """An agent that is told something else is one difference, not two; returns what is left of both lists as well."""
    lines: list[Line] = []
    old, new = _by_name(gone), _by_name(come)
    for name in sorted(old.keys() & new.keys()):
        if len(old[name]) != 1 or len(new[name]) != 1:
            continue
        first, second = old[name][0], new[name][0]
        for key in sorted(first.keys() | second.keys()):
            before, after = first.get(key), second.get(key)
            if before != after:
                lines.extend(_told(f"{agent_name(name)} {key}", key, before, after, limit))
        gone = [one for one in gone if one is not first]
        come = [one for one in come if one is not second]
    return lines, gone, come


def _told(path: str, key: str, before: JsonValue, after: JsonValue, limit: int) -> list[Line]:
    """What an agent is told, before and after."""
    field = told_field(key)
    found = _structured(path, before, after, field, limit)
    return found or [Line(f"{path}: {change_words(before, after, field, limit)}", "~", 2)]


def _by_name(agents: list[JsonValue]) -> dict[str, list[dict[str, JsonValue]]]:
    found: dict[str, list[dict[str, JsonValue]]] = {}
    for agent in agents:
        if isinstance(agent, dict):
            found.setdefault(str(agent.get("agent_name")), []).append(agent)
    return found


def _structured(
    path: str, before: JsonValue, after: JsonValue, field: Field | None, limit: int
) -> list[Line]:
    """Leaf by leaf, where both values are structured and that is shorter."""
    old, new = _structure(before, field), _structure(after, field)
    if old is None or new is None:
        return []
    from reconciler.render.leaves import leaves

    lines = []
    for leaf in leaves(old, new, path):
        match leaf.mark:
            case "+":
                text = f"{leaf.path}: {_bare(leaf.after, limit)}"
            case "-":
                text = f"{leaf.path}: {_bare(leaf.before, limit)}"
            case _:
                text = f"{leaf.path}: {_bare(leaf.before, limit)} → {_bare(leaf.after, limit)}"
        lines.append(Line(text, leaf.mark, 2))
    whole = len(change_words(before, after, field, _EVERYTHING))
    return lines if sum(len(line.text) for line in lines) < whole else []


def _structure(value: JsonValue, field: Field | None) -> JsonValue:
    """The mapping or list that a value is, or that its text says; None for anything else."""
    if isinstance(value, dict | list):
        return value
    if isinstance(value, str) and field is not None and field.type is FieldType.METADATA:
        found = parsed(value)
        return found if isinstance(found, dict | list) else None
    return None


def _bare(value: JsonValue, limit: int) -> str:
    return "null" if value is None else word(value, None, limit)
