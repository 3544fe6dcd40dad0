"""Ids and snapshots as lines: variables for a shell, and objects with their fields."""

from __future__ import annotations

import shlex

from reconciler.core.values import MASK
from reconciler.render.escape import escape, quote
from reconciler.render.outline import Line, Section, plural
from reconciler.render.shapes import IdsDocument, ObjectDocument, SnapshotDocument
from reconciler.render.words import LONG, describe, title, word


def env_lines(document: IdsDocument) -> str:
    """`NAME=ID`, one a line, for `eval`, `--env-file` and the like. What is skipped stands in comments."""
    lines = [
        f"# {title(one['kind'])} {quote(one['name'])} ({escape(', '.join(one['ids']))}): {escape(one['reason'])}"
        for one in document["skipped"]
    ]
    lines.extend(
        f"{name}={shlex.quote(escape(value))}" for name, value in document["variables"].items()
    )
    return "".join(f"{line}\n" for line in lines)


def heading(document: SnapshotDocument) -> str:
    """Which project the snapshot is of."""
    return f"Snapshot of {escape(document['host'])}"


def sections(document: SnapshotDocument, *, verbose: bool) -> list[Section]:
    """One section for each kind that was read."""
    found = []
    for kind in document["counts"]:
        lines: list[Line] = []
        for one in document["objects"]:
            if one["kind"] == kind:
                lines.extend(_object(one, verbose))
        found.append(Section(f"{title(kind).capitalize()}s", tuple(lines or [Line("none")])))
    return found


def _object(one: ObjectDocument, verbose: bool) -> list[Line]:
    name = quote(one["name"]) if one["name"] else "without a name"
    lines = [Line(f"{name} ({escape(one['id'])})")]
    for leaf in one["fields"]:
        described = describe(one["kind"], leaf["path"])
        told = MASK if leaf["sensitive"] else word(leaf["value"], described)
        if not verbose and len(told) > LONG and isinstance(leaf["value"], list):
            told = f"{len(leaf['value']):,} entries: {told[:LONG]}…"
        lines.append(Line(f"{escape(leaf['path'])}: {told}", depth=1))
    return lines


def conclusion(document: SnapshotDocument) -> str:
    """How many objects there are."""
    counts = ", ".join(plural(count, title(kind)) for kind, count in document["counts"].items())
    return f"{counts or 'Nothing was read'}."
