"""Leaves a backup of what an apply is about to change, and completes it when the apply has ended.

It is written before the first call and holds the live objects as the plan saw them, so that it is there whatever
becomes of the apply. Which ids the created objects got, and what was left, is known at the end only.
"""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.apply import Outcome
from reconciler.core.objects import Live
from reconciler.core.plan import Action, Call
from reconciler.core.values import References, Secret, SecretRef, Unknown
from reconciler.errors import FileError, Refused
from reconciler.export.keys import slug
from reconciler.export.variables import Variables
from reconciler.files import private_folder
from reconciler.fingerprint import Fingerprints
from reconciler.gateway.backup_file import (
    FORMAT,
    FORMAT_VERSION,
    FormerSecret,
    save_backup,
    stored_former,
    stored_ref,
)
from reconciler.gateway.messages import ID_FIELD
from reconciler.pipeline.artefacts import now
from reconciler.pipeline.carry_out import Applied
from reconciler.pipeline.request import Prepared
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME

_LONGEST_NAME = 40
_NAMED_BY_APPLY = (
    "_FORMER"  # at the end of a variable's name that the configuration uses for something else
)


@dataclass(frozen=True, slots=True)
class Left:
    """A backup that was written, to be completed."""

    path: Path
    document: dict[str, Any]


def leave_backup(folder: Path, prepared: Prepared) -> Left:
    """Writes the backup of a plan that is about to be applied. Raises `Refused` where that cannot be done."""
    server = prepared.server
    assert server is not None  # noqa: S101  # there is no apply without a server
    prints = Fingerprints(server.endpoint.api_secret)
    path = folder / _file_name(prepared.plan.project)
    try:
        document = _document(prepared, prints)
        private_folder(folder)
        save_backup(path, document)
    except (FileError, OSError) as error:
        reason = str(error) if isinstance(error, FileError) else f"{folder}: {error.strerror}"
        raise Refused(
            f"nothing was written: there would be no backup: {reason}; "
            "name another folder with --backup-dir, or pass --no-backup"
        ) from error
    return Left(path, document)


def complete_backup(left: Left, prepared: Prepared, applied: Applied) -> None:
    """Adds what came of the apply: the ids of what it created, and digests of what it left. Raises `FileError`."""
    server = prepared.server
    assert server is not None  # noqa: S101  # there is no apply without a server
    prints = Fingerprints(server.endpoint.api_secret)
    made = {
        (result.call.kind, result.call.name): result.id
        for result in applied.report.results
        if result.call.action is Action.CREATE and result.outcome is Outcome.DONE
    }
    created = [
        {**one, "id": made.get((one["kind"], one["name"]))} for one in left.document["created"]
    ]
    concerned = {one.id for one in _touched(prepared)} | set(made.values())
    digests = (
        {one.id: prints.of_object(one) for one in applied.live if one.id in concerned}
        if applied.live is not None
        else None
    )
    applied_document = {"at": now(), "left": digests}
    save_backup(left.path, {**left.document, "created": created, "applied": applied_document})


def _file_name(project: str) -> str:
    """Sorted by name is sorted by time; two applies of one moment get two names."""
    from datetime import UTC, datetime

    moment = datetime.now(UTC)
    time = f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z"
    name = slug(project)[:_LONGEST_NAME].strip("-")
    return "-".join(filter(None, (time, name, os.urandom(3).hex()))) + ".json"


def _document(prepared: Prepared, prints: Fingerprints) -> dict[str, Any]:
    project, plan, live = prepared.configuration.project, prepared.plan, prepared.live
    touched = list(_touched(prepared))
    secrets = _Secrets(prepared, prints)
    messages = {
        getattr(message, ID_FIELD[kind]): message
        for kind, found in prepared.messages.items()
        for message in found
    }
    objects: dict[str, list[dict[str, Any]]] = {}
    for one, hidden in zip(touched, secrets.of(touched), strict=True):
        objects.setdefault(one.kind, []).append(stored_former(one.kind, messages[one.id], hidden))
    named = {entry.id for one in touched for entry in _trunks_of(one)}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "host": plan.host,
        "env_prefix": project.env_prefix,
        "server": project.server,
        "era": prepared.era.value,
        "taken_at": now(),
        "key": prints.of_value(None),
        "objects": objects,
        "created": [
            {
                "kind": call.kind,
                "name": call.name,
                "id": None,
                "secrets": {
                    path: stored_ref(ref) for path, ref in sorted(secrets.wanted(call).items())
                },
            }
            for call in plan.calls
            if call.action is Action.CREATE
        ],
        "trunks": {one.id: one.name for one in live.of(INBOUND_TRUNK.name) if one.id in named},
        "applied": None,
    }


def _touched(prepared: Prepared) -> Iterator[Live]:
    """The live objects that the calls of the plan concern, and the rules that name a trunk which is deleted.

    Such a rule is not written, but stands on nothing from then on; a trunk that is brought back has another id.
    """
    calls = prepared.plan.calls
    written = {call.id for call in calls if call.id is not None}
    gone = {call.id for call in calls if call.action is Action.DELETE}
    for one in prepared.live:
        if one.id in written or any(entry.id in gone for entry in _trunks_of(one)):
            yield one


def _trunks_of(one: Live) -> Iterable[Any]:
    named = one.fields.get("trunks") if one.kind == DISPATCH_RULE.name else None
    return named.entries if isinstance(named, References) else ()


class _Secrets:
    """Where the secrets of objects come from, as far as the configuration or the plan knows."""

    def __init__(self, prepared: Prepared, prints: Fingerprints) -> None:
        self._prints = prints
        configuration, plan = prepared.configuration, prepared.plan
        self._listed = {
            (one.kind, one.name): _refs_in(one.fields)
            for kind in configuration.sip.values()
            for one in kind
        }
        self._former = configuration.former.refs if configuration.former is not None else {}
        # An object that turns into another one is gone all the same: what is written is the other one's.
        self._gone = {one.id for one in plan.changes if one.action is Action.DELETE}
        self._calls: dict[str, list[Call]] = {}
        made = {(call.kind, call.name): call for call in plan.calls if call.action is Action.CREATE}
        for call in plan.calls:
            if call.id is None:
                continue
            self._calls.setdefault(call.id, []).append(call)
            if call.action is Action.DELETE and call.id not in self._gone:
                self._calls[call.id] += filter(None, [made.get((call.kind, call.name))])

    def wanted(self, call: Call) -> Mapping[str, SecretRef]:
        """The references of the object that a call writes."""
        listed = self._listed.get((call.kind, call.name), {})
        planned = {
            change.path: change.after
            for change in call.fields
            if isinstance(change.after, SecretRef) and _is_lasting(change.after)
        }
        return ChainMap(dict(listed), planned)

    def of(self, objects: Iterable[Live]) -> Iterator[dict[str, FormerSecret]]:
        """What is hidden of each object. What has no reference gets a variable, named as `export` names it."""
        found = [(one, self._refs(one)) for one in objects]
        taken = {ref.env for refs in self._listed.values() for ref in refs.values()}
        variables = Variables()
        for one, refs in found:
            for path in _hidden(one):
                if path not in refs:
                    section = KIND_BY_NAME[one.kind].section
                    variables.reference(one.kind, section, one.label, path)
        made = iter(variables.settle())
        for one, refs in found:
            changed = self._changed(one)
            secrets = {}
            for path in _hidden(one):
                ref = refs.get(path) or SecretRef(env=_free(next(made).name, taken))
                secrets[path] = FormerSecret(ref, path in changed, self._digest(one, path))
            yield secrets

    def _refs(self, one: Live) -> Mapping[str, SecretRef]:
        if one.id in self._gone:
            return self._former.get(one.id, {})
        calls = self._calls.get(one.id)
        if not calls:
            return self._listed.get((one.kind, one.name), {})
        return ChainMap(*(dict(self.wanted(call)) for call in calls))

    def _changed(self, one: Live) -> set[str]:
        return {change.path for call in self._calls.get(one.id, ()) for change in call.fields}

    def _digest(self, one: Live, path: str) -> str | None:
        value = one.fields[path]
        return None if isinstance(value, Unknown) else self._prints.of_value(value)


def _hidden(one: Live) -> list[str]:
    return sorted(path for path, value in one.fields.items() if isinstance(value, Secret | Unknown))


def _refs_in(fields: Mapping[str, Any]) -> dict[str, SecretRef]:
    return {
        path: value.ref
        for path, value in fields.items()
        if isinstance(value, Secret) and value.ref is not None and _is_lasting(value.ref)
    }


def _is_lasting(ref: SecretRef) -> bool:
    """Whether the reference leads somewhere without the configuration; a header that stands there in clear does not."""
    return ref.config is None


def _free(name: str, taken: Iterable[str | None]) -> str:
    """A variable that the configuration does not use for something else."""
    while name in taken:
        name += _NAMED_BY_APPLY
    return name
