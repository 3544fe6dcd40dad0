"""Backups: what an apply was about to change, in a file, so that `rollback` can plan back to it.

Objects stand in LiveKit's own JSON as in a snapshot (`snapshot_file`), secrets left out. For each of those the file
says where the configuration had it from, whether the apply was to change it, and has a digest by which the former value
is known again. What the apply left is added when it has ended. Nothing here knows a plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from reconciler.config.free import ENV_NAME
from reconciler.core.objects import Live
from reconciler.core.values import SecretRef
from reconciler.errors import FileError
from reconciler.files import read_bytes, write_private
from reconciler.gateway.snapshot_file import live_of, stored_messages, stored_object
from reconciler.sip.era import Era
from reconciler.sip.spec import KIND_BY_NAME

FORMAT = "livekit-reconciler/backup"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class FormerSecret:
    """A value that is left out: where it is read from, whether the apply was to change it, and its digest.

    The digest is None where the server did not tell the value.
    """

    ref: SecretRef
    changed: bool = False
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class FormerObject:
    """An object as it lived before the apply; fields that the file leaves out are unknown."""

    live: Live
    secrets: Mapping[str, FormerSecret]


@dataclass(frozen=True, slots=True)
class CreatedObject:
    """An object that the apply was to create. `id` is None as long as nobody knows whether it did."""

    kind: str
    name: str
    id: str | None = None
    refs: Mapping[str, SecretRef] | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """The content of a backup.

    `key` tells whether digests were made under the key of today. `trunks` are names of the inbound trunks that the
    rules name, by id. `has_ended`: the apply came to some end, if only by an interrupt. `left` are digests of what it
    left, by id; None where nobody looked.
    """

    project: str
    host: str
    env_prefix: str
    server: str | None
    era: Era
    taken_at: str
    key: str
    objects: tuple[FormerObject, ...]
    created: tuple[CreatedObject, ...]
    trunks: Mapping[str, str]
    has_ended: bool
    left: Mapping[str, str] | None


def stored_former(kind: str, message: Any, secrets: Mapping[str, FormerSecret]) -> dict[str, Any]:
    """An object as it stands in the file."""
    stored = stored_object(KIND_BY_NAME[kind], message)
    told = {path: _stored_secret(one) for path, one in sorted(secrets.items())}
    stored.pop("hidden", None)
    return {**stored, "secrets": told} if told else stored


def _stored_secret(one: FormerSecret) -> dict[str, Any]:
    told = {**stored_ref(one.ref), "changed": one.changed}
    return told if one.digest is None else {**told, "digest": one.digest}


def stored_ref(ref: SecretRef) -> dict[str, Any]:
    """A reference as it stands in the file, which is as in a configuration."""
    return {"env": ref.env} if ref.env is not None else {"file": ref.file}


def save_backup(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a backup, readable by its owner alone, and complete on the disk when this returns."""
    data = msgspec.json.format(msgspec.json.encode(document), indent=1)
    write_private(path, data + b"\n", "backup")


def load_backup(path: Path, data: bytes | None = None) -> Backup:
    """A backup file; `data` is its content where it was read. Raises `FileError` that says what is wrong with it."""
    from reconciler.documents import load_document

    data = read_bytes(path, "backup") if data is None else data
    document = load_document(data, "backup", path)
    _require_sound(path, document)
    era = Era(document["era"])
    applied = document["applied"]
    return Backup(
        document["project"],
        document["host"],
        document["env_prefix"],
        document["server"],
        era,
        document["taken_at"],
        document["key"],
        tuple(_former_objects(document, era, path)),
        tuple(
            CreatedObject(one["kind"], one["name"], one["id"], _refs(one["secrets"]))
            for one in document["created"]
        ),
        document["trunks"],
        applied is not None,
        applied["left"] if applied is not None else None,
    )


def _require_sound(path: Path, document: Mapping[str, Any]) -> None:
    """Raises `FileError` for texts that no apply has written: they decide which server is asked, and how it behaves."""
    prefix, server, applied = document["env_prefix"], document["server"], document["applied"]
    times = {"taken_at": document["taken_at"], **({"applied.at": applied["at"]} if applied else {})}
    wrong = [f"{key} is no time with its zone" for key, text in times.items() if not _is_time(text)]
    if prefix and not ENV_NAME.fullmatch(prefix):
        wrong.append("no variable can start with env_prefix")
    if server is not None and not _is_version(server):
        wrong.append("server is no version of livekit-server")
    if wrong:
        raise FileError(f"{path}: {', '.join(wrong)}: the backup is damaged")


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_version(text: str) -> bool:
    try:
        Era.of(text)
    except ValueError:
        return False
    return True


def _former_objects(document: Mapping[str, Any], era: Era, path: Path) -> Iterator[FormerObject]:
    for kind, found in stored_messages(document["objects"], path).items():
        for one, message in found:
            refs = _refs(one.get("secrets", {}))
            secrets = {
                field: FormerSecret(ref, stored["changed"], stored.get("digest"))
                for (field, ref), stored in zip(
                    refs.items(), one.get("secrets", {}).values(), strict=True
                )
            }
            live = live_of(KIND_BY_NAME[kind], message, secrets, era, one.get("unnamed", ()))
            _require_known(kind, live, path)
            yield FormerObject(live, secrets)


def _require_known(kind: str, live: Live, path: Path) -> None:
    """Raises `FileError` for an object that cannot be brought back: no id, or a field that is not known here."""
    if not live.id:
        raise FileError(f"{path}: one {KIND_BY_NAME[kind].title} has no id: the backup is damaged")
    for field in live.fields:
        try:
            KIND_BY_NAME[kind].field(field)
        except KeyError:
            raise FileError(
                f"{path}: one {KIND_BY_NAME[kind].title} has no {field} in this version: "
                "roll back with the version that wrote it"
            ) from None


def _refs(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, SecretRef]:
    return {
        field: SecretRef(env=one.get("env"), file=one.get("file")) for field, one in stored.items()
    }
