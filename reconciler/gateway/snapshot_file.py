"""A live project in a file, for plans in places that must not have a key: LiveKit has no read-only grant for SIP.

Objects stand in LiveKit's own JSON, so that a file outlives this version's view of them. Secrets are left out, and
which ones is written down: they are unknown when the file is read, never "not set".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError, SerializeToJsonError

from reconciler.core.objects import Live, Snapshot
from reconciler.core.schema import FieldType, Kind
from reconciler.core.values import PlainValue, Reference, Unknown
from reconciler.errors import FileError
from reconciler.files import read_bytes, write_private
from reconciler.gateway.decode import live_object, with_unknown_passwords
from reconciler.gateway.encode import write_fields
from reconciler.gateway.messages import ID_FIELD, MESSAGES
from reconciler.sip.era import Era
from reconciler.sip.spec import KIND_BY_NAME, KINDS

FORMAT = "livekit-reconciler/snapshot"
FORMAT_VERSION = 1
_SECRET_TYPES = (FieldType.PASSWORD, FieldType.HIDDEN_TEXT, FieldType.JSON)


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot out of a file, not yet in normal form: that depends on the server's era."""

    host: str
    era: Era | None
    taken_at: str
    objects: Mapping[str, list[tuple[Any, tuple[str, ...], tuple[str, ...]]]]

    def snapshot(self, era: Era) -> Snapshot:
        """The live project as it was."""
        objects: dict[str, list[Live]] = {}
        for kind, stored in self.objects.items():
            objects[kind] = [
                live_of(KIND_BY_NAME[kind], message, hidden, era, unnamed)
                for message, hidden, unnamed in stored
            ]
        return Snapshot(self.host, with_unknown_passwords(objects))


def live_of(
    kind: Kind, message: Any, hidden: Iterable[str], era: Era, unnamed: Iterable[str] = ()
) -> Live:
    """A stored message as a live object; what is hidden of it is unknown."""
    live = live_object(kind, message, era)
    fields = {**live.fields, **dict.fromkeys(hidden, Unknown())}
    return replace(live, fields=fields, unnamed=tuple(unnamed))


def snapshot_document(
    host: str, taken_at: str, messages: Mapping[str, list[Any]], found: Era | None
) -> dict[str, Any]:
    """The content of a snapshot file; no secret is in it."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "host": host,
        "era": found.value if found is not None else None,
        "taken_at": taken_at,
        "objects": {
            kind: [stored_object(KIND_BY_NAME[kind], message) for message in found]
            for kind, found in messages.items()
        },
    }


def stored_object(kind: Kind, message: Any) -> dict[str, Any]:
    """A message in LiveKit's own JSON without its secrets, and which ones these are; and what JSON cannot say."""
    live = live_object(kind, message, Era.NEW)
    fields = live.fields
    hidden = [path for path in fields if kind.field(path).type in _SECRET_TYPES]
    if hidden:
        copy = type(message)()
        copy.CopyFrom(message)
        unset: dict[str, PlainValue | None] = dict.fromkeys(hidden)
        write_fields(kind, copy, unset, _no_secrets, _no_ids)
        message = copy
    try:
        told = MessageToDict(message, preserving_proto_field_name=True)
    except SerializeToJsonError as error:
        label = message.name or getattr(message, ID_FIELD[kind.name])
        raise FileError(f'{kind.title} "{label}" cannot be written as JSON: {error}') from error
    stored: dict[str, Any] = {"message": told}
    if hidden:
        stored["hidden"] = hidden
    if live.unnamed:
        stored["unnamed"] = list(live.unnamed)
    return stored


def _no_secrets(path: str) -> str:
    raise AssertionError(f"{path} is unset, not written")


def _no_ids(reference: Reference) -> str:
    raise AssertionError(f"{reference.name} is not written")


def save_snapshot(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a snapshot file, readable by its owner alone."""
    write_private(
        path, json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n", "snapshot"
    )


def load_snapshot(path: Path, data: bytes | None = None) -> StoredSnapshot:
    """A snapshot file; `data` is its content where it was read. Raises `FileError` that says what is wrong with it."""
    from reconciler.documents import load_document

    data = read_bytes(path, "snapshot") if data is None else data
    document = load_document(data, "snapshot", path)
    objects = {
        kind: [
            (message, tuple(one.get("hidden", ())), tuple(one.get("unnamed", ())))
            for one, message in found
        ]
        for kind, found in stored_messages(document["objects"], path).items()
    }
    return StoredSnapshot(
        document["host"],
        Era(document["era"]) if document.get("era") else None,
        document.get("taken_at", ""),
        objects,
    )


def stored_messages(
    objects: Mapping[str, list[dict[str, Any]]], path: Path
) -> dict[str, list[tuple[dict[str, Any], Any]]]:
    """What is stored of each kind that is there, with its message. Raises `FileError` where one is not LiveKit's."""
    found: dict[str, list[tuple[dict[str, Any], Any]]] = {}
    for kind in KINDS:
        if kind.name in objects:
            found[kind.name] = []
        for index, one in enumerate(objects.get(kind.name, ())):
            message = MESSAGES[kind.name]()
            try:
                ParseDict(one["message"], message, ignore_unknown_fields=True)
            except ParseError as error:
                raise FileError(
                    f"{path}: objects.{kind.name}[{index}] is not LiveKit's: {error}"
                ) from error
            found[kind.name].append((one, message))
    return found
