"""The receipt of an apply: what the live objects looked like when file and project were the same.

With it a later difference can be told apart: the live side changed since, or the file did and was not applied yet.
Without it nobody can know, and nothing is guessed. It holds digests only, keyed by the project's secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from reconciler.core.objects import Live
from reconciler.core.plan import Action, Change
from reconciler.core.values import Value
from reconciler.documents import load_document
from reconciler.files import read_bytes, require_room, write_private
from reconciler.fingerprint import Fingerprints

FORMAT = "livekit-reconciler/receipt"
FORMAT_VERSION = 1
# Bytes of an object with all fields that there are; most have a handful.
_ONE_OBJECT = 4096


Cause: TypeAlias = Literal["live", "file", "both", "unknown"]
"""Which side changed since the last apply."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The digests of an apply, by kind and name."""

    project: str
    host: str
    applied_at: str
    fields: Mapping[tuple[str, str], Mapping[str, str]]

    def cause_of_object(self, change: Change) -> Cause:
        """Why an object is there on one side only."""
        was_there = self._was(change) is not None
        if change.action is Action.CREATE:
            # Not live now: it was deleted since, or the file lists something new.
            return "live" if was_there else "file"
        # Live and not listed: it was made since, or the file does not list it any more.
        return "file" if was_there else "live"

    def cause_of_field(
        self,
        change: Change,
        path: str,
        desired: Value | None,
        live: Value | None,
        prints: Fingerprints,
    ) -> Cause:
        """Which side of one difference is not what it was when the receipt was written."""
        was = self._was(change)
        if was is None or change.action is Action.CREATE:
            return self.cause_of_object(change)
        then = was.get(path, prints.of_value(None))
        live_moved, file_moved = then != prints.of_value(live), then != prints.of_value(desired)
        if live_moved and file_moved:
            return "both"
        return "live" if live_moved else "file"

    def _was(self, change: Change) -> Mapping[str, str] | None:
        return self.fields.get((change.kind, change.name)) or self.fields.get(
            (change.kind, change.renamed_from or "")
        )


def write_receipt(
    path: Path,
    *,
    project: str,
    host: str,
    applied_at: str,
    objects: Iterable[Live],
    prints: Fingerprints,
) -> None:
    """Writes the receipt of some objects as they live now."""
    write_private(
        path,
        _as_json(project, host, applied_at, objects, prints),
        "receipt",
    )


def require_room_for_receipt(
    path: Path,
    *,
    project: str,
    host: str,
    applied_at: str,
    objects: Iterable[Live],
    more: int,
    prints: Fingerprints,
) -> None:
    """Raises `FileError` where a receipt of these objects and so many more could not be written now."""
    size = len(_as_json(project, host, applied_at, objects, prints)) + more * _ONE_OBJECT
    require_room(path, size, "receipt")


def _as_json(
    project: str, host: str, applied_at: str, objects: Iterable[Live], prints: Fingerprints
) -> bytes:
    document: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "project": project,
        "host": host,
        "applied_at": applied_at,
        "objects": [
            {
                "kind": one.kind,
                "name": one.name,
                "id": one.id,
                "fields": {
                    path: prints.of_value(value) for path, value in sorted(one.fields.items())
                },
            }
            for one in objects
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def read_receipt(path: Path, data: bytes | None = None) -> Receipt:
    """A receipt file; `data` is its content where it was read. Raises `FileError` where it is none."""
    data = read_bytes(path, "receipt") if data is None else data
    document = load_document(data, "receipt", path)
    objects = document["objects"]
    return Receipt(
        document["project"],
        document["host"],
        document["applied_at"],
        {(one["kind"], one["name"]): one["fields"] for one in objects},
    )
