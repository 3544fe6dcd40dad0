"""Plans from the live project back to a backup. What is planned is applied by `carry_out` like any other plan.

No configuration is read: the backup says which server is meant and which variables hold its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from reconciler.config.secrets import SecretSource, describe_missing
from reconciler.core.finding import NOWHERE
from reconciler.core.objects import Live, Snapshot
from reconciler.core.plan import Action, Plan
from reconciler.core.values import Secret, SecretRef
from reconciler.errors import Refused, SecretMissing
from reconciler.fingerprint import Fingerprints
from reconciler.gateway.backup_file import Backup, load_backup
from reconciler.gateway.endpoint import endpoint_from
from reconciler.pipeline.former import Wanted, wanted_back
from reconciler.pipeline.prepare import draft_against, era_of, observe_server, secrets_of
from reconciler.pipeline.request import Prepared, Request
from reconciler.sip.spec import KIND_BY_NAME

_SHOWN = 3


def prepare_rollback(request: Request, path: Path, *, keep_secrets: bool = False) -> Prepared:
    """The plan back to a backup.

    Raises `FileError` where the file is none, `Refused` where it is of another host, `SecretMissing` with all of them
    where the former values of secrets are needed and not there.
    """
    backup = load_backup(path)
    endpoint = endpoint_from(request.environ, backup.env_prefix)
    if endpoint.host != backup.host:
        raise Refused(
            f"{path}: the backup is of {backup.host}, the environment names {endpoint.host}: "
            "nothing was read or written"
        )
    server, observed = observe_server(request, endpoint)
    prints = Fingerprints(endpoint.api_secret)
    server.era = era_of(
        replace(request, server_version=request.server_version or backup.server),
        None,
        observed.found_era or backup.era,
    )
    live = server.snapshot(observed)
    wanted = wanted_back(
        backup, live, prints, SecretSource(request.environ), keep_secrets=keep_secrets
    )
    asked = replace(request, write_secrets=frozenset(wanted.rewrite))
    draft = draft_against(asked, wanted.configuration, live, server.era)
    plan = draft.plan()
    _require_secrets(backup, wanted, plan)
    server.use_secrets(secrets_of(wanted.configuration))
    notes = [*plan.notes, *_unchecked(wanted)]
    if not plan.is_empty:
        notes += (*wanted.notes, *_new_ids(plan), *_lost_fields(backup, plan))
        notes += _meanwhile(backup, live, plan, prints)
    plan = msgspec.structs.replace(plan, notes=tuple(notes))
    return Prepared(
        wanted.configuration,
        live,
        plan,
        server.era,
        server,
        draft=draft,
        messages=observed.messages,
    )


def _require_secrets(backup: Backup, wanted: Wanted, plan: Plan) -> None:
    """Raises `SecretMissing` with every value that is needed and not there, or is not the former one."""
    missing = [*wanted.missing, *((ref, place, NOWHERE) for ref, place in _unsent(wanted, plan))]
    lines = describe_missing(list(dict.fromkeys(missing)))
    for ref, place in wanted.wrong:
        what = f"variable {ref.env}" if ref.env else f"file {ref.file}"
        lines.append(
            f"{what} has another value than the backup: needed at {place}; "
            f"set it to what it was at {backup.taken_at}, or pass --keep-secrets"
        )
    if lines:
        raise SecretMissing(*lines)


def _unchecked(wanted: Wanted) -> Iterator[str]:
    """Secrets that are taken as they are: a variable may well have the new value instead of the former one."""
    for ref, place in wanted.unchecked:
        what = f"variable {ref.env}" if ref.env else f"file {ref.file}"
        yield f"nothing tells whether {what} has the former value, see to it yourself: needed at {place}"


def _unsent(wanted: Wanted, plan: Plan) -> Iterator[tuple[SecretRef, str]]:
    """What calls of the plan would write and nobody has: passwords that are sent along, of objects made anew."""
    objects: Mapping[tuple[str, str], Mapping[str, object]] = {
        (one.kind, one.name): one.fields
        for kind in wanted.configuration.sip.values()
        for one in kind
    }
    for call in plan.calls:
        fields = objects.get((call.kind, call.new_name or call.name), {})
        for change in call.fields:
            secret = fields.get(change.path)
            if isinstance(secret, Secret) and secret.reveal() is None and secret.ref is not None:
                section = KIND_BY_NAME[call.kind].section
                yield secret.ref, f"sip.{section}.{call.new_name or call.name}.{change.path}"


def _new_ids(plan: Plan) -> Iterator[str]:
    """What comes back is not found under its old id by those who know it by that."""
    made = {
        (change.kind, change.name): f'{KIND_BY_NAME[change.kind].title} "{change.name}"'
        for change in plan.changes
        if change.action is Action.CREATE
    }
    if made:
        told = _listed(list(made.values()))
        yield f"back with another id than before, which applications that dial by id need: {told}"


def _lost_fields(backup: Backup, plan: Plan) -> Iterator[str]:
    """What a deleted object had that no file can say, because LiveKit's JSON has no word for it here."""
    made = {(one.kind, one.name) for one in plan.changes if one.action is Action.CREATE}
    lost = [
        f'{KIND_BY_NAME[one.live.kind].title} "{one.live.name}" ({", ".join(one.live.unnamed)})'
        for one in backup.objects
        if one.live.unnamed and (one.live.kind, one.live.name) in made
    ]
    if lost:
        yield f"back without fields of a newer LiveKit, known by their numbers alone: {_listed(lost)}"


def _meanwhile(backup: Backup, live: Snapshot, plan: Plan, prints: Fingerprints) -> Iterator[str]:
    """What became of the objects since the apply ended: a rollback takes that back as well."""
    if not backup.has_ended:
        yield (
            "the apply that left this backup did not come to its end, or still runs: what it created is known by its "
            "name alone"
        )
    if backup.left is None:
        yield "the project was not read again after that apply: what others changed since is not known"
        return
    if backup.key != prints.of_value(None):
        yield "the API secret is another one than at the time of the backup: what others changed since is not known"
        return
    living = {one.id for one in live}
    written = {change.id for change in plan.changes if change.id is not None}
    changed = [
        one
        for one in live
        if one.id in written and prints.of_object(one) != backup.left.get(one.id)
    ]
    if changed:
        yield f"changed since that apply, and taken back with it: {_told(changed)}"
    lost = [
        one.live
        for one in backup.objects
        if one.live.id in backup.left and one.live.id not in living
    ]
    if lost:
        yield f"deleted since that apply: {_told(lost)}"
    names = {(one.kind, one.name): one.id for one in backup.created if one.id is not None}
    gone = {change.id for change in plan.changes if change.action is Action.DELETE}
    strangers = [
        one
        for one in live
        if names.get((one.kind, one.name), one.id) != one.id and one.id not in gone | written
    ]
    if strangers:
        yield f"created anew since that apply by somebody else, and left alone: {_told(strangers)}"


def _told(objects: list[Live]) -> str:
    return _listed([f'{KIND_BY_NAME[one.kind].title} "{one.label}" ({one.id})' for one in objects])


def _listed(told: list[str]) -> str:
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more
