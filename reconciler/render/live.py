"""Documents of what lives, without a plan: ids by name, and the objects of a snapshot.

Nothing that may be a secret is shown, and as no file says here which texts are, that is every field that could hold
one, a user name included.
"""

from __future__ import annotations

import re
from collections import defaultdict

from reconciler.core.objects import Live, Snapshot
from reconciler.core.schema import FieldType
from reconciler.core.values import Secret, Unknown, Value
from reconciler.render.document import FORMAT_VERSION, json_value
from reconciler.render.shapes import (
    IdsDocument,
    LeafDocument,
    ObjectDocument,
    SkippedDocument,
    SnapshotDocument,
)
from reconciler.render.words import describe
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS, OUTBOUND_TRUNK

_NOT_A_LETTER = re.compile(r"[^A-Z0-9]+")
_SECRETIVE = (FieldType.PASSWORD, FieldType.CREDENTIAL, FieldType.HIDDEN_TEXT, FieldType.JSON)


# ---------------------------------------------------------------------------------------------------------------------
# Ids
# ---------------------------------------------------------------------------------------------------------------------


def ids_document(snapshot: Snapshot) -> IdsDocument:
    """Names to ids. What has no name, or shares it, is skipped: an application would dial through the wrong one."""
    skipped: list[SkippedDocument] = []
    names = {kind.name: _ids(snapshot, kind.name, skipped) for kind in KINDS}
    return {
        "format_version": FORMAT_VERSION,
        "host": snapshot.host,
        "inbound_trunk": names[INBOUND_TRUNK.name],
        "outbound_trunk": names[OUTBOUND_TRUNK.name],
        "dispatch_rule": names[DISPATCH_RULE.name],
        "variables": _variables(names, skipped),
        "skipped": skipped,
    }


def _ids(snapshot: Snapshot, kind: str, skipped: list[SkippedDocument]) -> dict[str, str]:
    by_name: dict[str, list[str]] = defaultdict(list)
    for one in snapshot.of(kind):
        by_name[one.name].append(one.id)
    found = {}
    for name, ids in sorted(by_name.items()):
        if name and len(ids) == 1:
            found[name] = ids[0]
        else:
            reason = "several objects have this name" if name else "without a name"
            skipped.append({"kind": kind, "name": name, "ids": sorted(ids), "reason": reason})
    return found


def _variables(names: dict[str, dict[str, str]], skipped: list[SkippedDocument]) -> dict[str, str]:
    """`OUTBOUND_TRUNK_SIGNALWIRE_OUT`; two names that would become the same variable have none."""
    by_variable: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for kind, ids in names.items():
        for name, identifier in ids.items():
            by_variable[f"{kind.upper()}_{_shell_name(name)}"].append((kind, name, identifier))
    found = {}
    for variable, entries in sorted(by_variable.items()):
        if len(entries) == 1 and not variable.endswith("_"):
            found[variable] = entries[0][2]
            continue
        for kind, name, identifier in entries:
            reason = f"no variable of its own: {variable} could be something else"
            skipped.append({"kind": kind, "name": name, "ids": [identifier], "reason": reason})
    return found


def _shell_name(name: str) -> str:
    return _NOT_A_LETTER.sub("_", name.upper()).strip("_")


# ---------------------------------------------------------------------------------------------------------------------
# Snapshots
# ---------------------------------------------------------------------------------------------------------------------


def snapshot_document(snapshot: Snapshot) -> SnapshotDocument:
    """A snapshot, kind by kind and name by name."""
    objects = [
        _object(one)
        for kind in KINDS
        for one in sorted(snapshot.of(kind.name), key=lambda one: (one.name, one.id))
    ]
    return {
        "format_version": FORMAT_VERSION,
        "host": snapshot.host,
        "counts": {
            kind.name: len(snapshot.of(kind.name))
            for kind in KINDS
            if kind.name in snapshot.objects
        },
        "objects": objects,
    }


def _object(one: Live) -> ObjectDocument:
    return {
        "kind": one.kind,
        "name": one.name,
        "id": one.id,
        "fields": [_leaf(one.kind, path, value) for path, value in sorted(one.fields.items())],
    }


def _leaf(kind: str, path: str, value: Value) -> LeafDocument:
    field = describe(kind, path)
    if isinstance(value, Secret | Unknown) or (field is not None and field.type in _SECRETIVE):
        return {"path": path, "value": None, "sensitive": True}
    return {"path": path, "value": json_value(value), "sensitive": False}
