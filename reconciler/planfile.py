"""Saved plans: what was shown, to be applied later or not at all.

A file holds the plan itself, digests of the live objects it touches, and a digest of the file. It is refused when
the file is damaged, is for another project, was applied already, or when one of its objects changed since; it can be
shown in any case. Secrets are not in it: they are read anew from where the plan says they come from.

The digest of the file is a seal: keyed by the project's API secret, so that a file that passes was made by somebody who
could have written to the project anyway. That is why it is applied without a question. A plan that was made without the
key has a plain digest, which finds accidents and no forger: it is asked about like a plan that nobody saved.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from reconciler.config.load import load, read_files, read_overlays
from reconciler.config.secrets import SecretSource
from reconciler.core.objects import Fields, Live, Snapshot
from reconciler.core.plan import Action, Call, Plan
from reconciler.core.values import References, SecretRef, Unknown, without_secret
from reconciler.documents import require_version
from reconciler.errors import FileError, ReconcileError, Refused, SecretMissing
from reconciler.files import read_bytes, write_private
from reconciler.fingerprint import Fingerprints
from reconciler.sip.collisions import collisions, explain
from reconciler.sip.era import Era
from reconciler.sip.spec import KIND_BY_NAME

FORMAT = "livekit-reconciler/plan"
FORMAT_VERSION = 1


class _Head(msgspec.Struct, frozen=True):
    """As much of any version's file as tells what it is."""

    format: str = ""
    format_version: int = 0


class SavedPlan(msgspec.Struct, frozen=True):
    """The content of a plan file. `touched` has a digest for each live object that the plan changes or deletes.

    A plan that was made against a snapshot file knows no secrets and so has no digests: `keyed` is False, and its
    objects are compared field by field. `context` is what the plan told beyond itself, for whoever reads it later.
    """

    format: str
    format_version: int
    tool_version: str
    created_at: str
    era: Era
    env_prefix: str
    files: tuple[str, ...]
    overlays: tuple[str, ...]
    keyed: bool
    touched: dict[str, str]
    plan: Plan
    context: dict[str, object] = {}
    digest: str = ""


def save_plan(path: Path, saved: SavedPlan, fingerprints: Fingerprints | None) -> None:
    """Writes a plan file, readable by its owner alone."""
    sealed = msgspec.structs.replace(saved, digest=_digest(saved, fingerprints))
    write_private(path, msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n", "plan")


def _digest(saved: SavedPlan, fingerprints: Fingerprints | None) -> str:
    body = msgspec.json.encode(msgspec.structs.replace(saved, digest=""), order="sorted")
    if saved.keyed and fingerprints is not None:
        return fingerprints.seal(body)
    return hashlib.sha256(body).hexdigest()


def read_plan(path: Path, data: bytes | None = None) -> SavedPlan:
    """A plan file, whatever its state; `data` is its content where it was read. Raises `FileError` where it is none."""
    data = read_bytes(path, "plan") if data is None else data
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format != FORMAT:
            raise FileError(f"{path}: not a saved plan: write one with `reconcile plan --out FILE`")
        # Before anything else is read: what else stands in it is only known of this version's files.
        require_version(path, "plan", head.format_version, FORMAT_VERSION)
        saved = msgspec.json.decode(data, type=SavedPlan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if not data.lstrip().startswith(b"{"):
            raise FileError(
                f"{path}: not a saved plan; a configuration is named with -c"
            ) from error
        raise FileError(f"{path}: the plan is damaged: {error}: make a new one") from error
    return saved


def require_intact(path: Path, saved: SavedPlan, fingerprints: Fingerprints) -> None:
    """Raises `Refused` where the file is not what was written. The digest is computed anew, never believed."""
    if not hmac.compare_digest(saved.digest, _digest(saved, fingerprints)):
        other = ", or made with another API secret" if saved.keyed else ""
        raise Refused(f"{path}: the plan was changed after it was saved{other}: make a new one")


def touched_by(plan: Plan, live: Snapshot, fingerprints: Fingerprints) -> dict[str, str]:
    """Digests of the live objects that a plan changes or deletes, by id."""
    ids = {call.id for call in plan.calls if call.id is not None}
    return {one.id: fingerprints.of_object(one) for one in live if one.id in ids}


# ---------------------------------------------------------------------------------------------------------------------
# Against the live project of today
# ---------------------------------------------------------------------------------------------------------------------


def require_fresh(
    path: Path, saved: SavedPlan, live: Snapshot, fingerprints: Fingerprints | None
) -> None:
    """Raises `Refused` where the plan is not what would be done today: applied already, or overtaken."""
    plan = saved.plan
    by_id = {one.id: one for one in live}
    if plan.calls and not unsettled(plan, live) and not _is_untouched(saved, by_id, fingerprints):
        raise Refused(f"{path}: the plan was applied already: there is nothing left of it to do")
    names = {(one.kind, one.name) for one in live}
    for call in plan.calls:
        label = f'{call.kind.replace("_", " ")} "{call.name}"'
        if call.action is Action.CREATE:
            replaced = any(other.id is not None and other.name == call.name for other in plan.calls)
            if (call.kind, call.name) in names and not replaced:
                raise Refused(f"{path}: {label} was created since the plan was made: plan again")
            continue
        now = by_id.get(call.id or "")
        if now is None:
            raise Refused(f"{path}: {label} was deleted since the plan was made: plan again")
        if not _is_as_planned(saved, call, now, fingerprints):
            raise Refused(f"{path}: {label} was changed since the plan was made: plan again")
    found = collisions(((one, one.fields) for one in _after(plan, live)), saved.era)
    conflict = next(explain(found, {}), None)
    if conflict is not None:
        raise Refused(
            f"{path}: the live project changed so that the plan would now make a conflict: {conflict.message}"
        )


def _is_untouched(
    saved: SavedPlan, by_id: Mapping[str, Live], fingerprints: Fingerprints | None
) -> bool:
    """Whether every object that the plan changes is just as it was.

    A plan that writes nothing but secrets looks done from the start: it only knows that there is one. The digests tell.
    """
    if not saved.keyed or fingerprints is None or not saved.touched:
        return False
    return all(
        one in by_id and fingerprints.of_object(by_id[one]) == digest
        for one, digest in saved.touched.items()
    )


def _is_as_planned(
    saved: SavedPlan, call: Call, now: Live, fingerprints: Fingerprints | None
) -> bool:
    if saved.keyed and fingerprints is not None:
        return saved.touched.get(now.id) == fingerprints.of_object(now)
    first = next(one for one in saved.plan.calls if one.id == call.id)
    if call is not first:
        return True
    return all(
        change.sensitive or _equal(now.fields, change.path, change.before) for change in call.fields
    )


def _equal(fields: Fields, path: str, wanted: object) -> bool:
    now = fields.get(path)
    if isinstance(now, References) and isinstance(wanted, References):
        return now.key == wanted.key
    return isinstance(wanted, Unknown) or (None if now is None else without_secret(now)) == wanted


def unsettled(plan: Plan, live: Snapshot) -> tuple[str, ...]:
    """What of a plan is not (or no longer) so in the live project, a line for each object."""
    return tuple(_unsettled(plan, live))


def _unsettled(plan: Plan, live: Snapshot) -> Iterator[str]:
    by_id = {one.id: one for one in live}
    by_name: dict[tuple[str, str], Live] = {(one.kind, one.name): one for one in live}
    last = {(call.kind, call.name): call for call in plan.calls}
    for call in last.values():
        label = f'{KIND_BY_NAME[call.kind].title} "{call.name}"'
        if call.action is Action.DELETE:
            if call.id in by_id:
                yield f"{label} still lives"
            continue
        now = by_name.get((call.kind, call.name)) if call.id is None else by_id.get(call.id)
        if now is None:
            yield f"{label} does not live"
            continue
        if call.new_name is not None and now.name != call.new_name:
            yield f'{label} is named "{now.name}"'
        differing = [
            change.path
            for change in call.fields
            if not _is_settled(now, change.path, change.after, by_name)
        ]
        if differing:
            yield f"{label} differs in {', '.join(differing)}"


def _is_settled(
    now: Live, path: str, wanted: object, by_name: Mapping[tuple[str, str], Live]
) -> bool:
    if isinstance(wanted, References):
        ids = sorted(
            entry.id
            if entry.id is not None
            else getattr(by_name.get(("inbound_trunk", entry.name)), "id", "")
            for entry in wanted.entries
        )
        found = now.fields.get(path)
        return (
            isinstance(found, References)
            and sorted(entry.id or "" for entry in found.entries) == ids
        )
    if isinstance(wanted, SecretRef):
        return path in now.fields
    return _equal(now.fields, path, wanted)


def _after(plan: Plan, live: Snapshot) -> Iterator[Live]:
    """The live objects as they will be, as far as conflicts are concerned; trunks to come are known by name."""
    last = {call.id: call for call in plan.calls if call.id is not None}
    changes: dict[str, dict[str, object]] = {}
    for call in plan.calls:
        if call.id is not None:
            changes.setdefault(call.id, {}).update(
                {change.path: change.after for change in call.fields}
            )
    for one in live:
        call_ = last.get(one.id)
        if call_ is None:
            yield one
        elif call_.action is not Action.DELETE:
            yield Live(one.kind, one.id, one.name, _changed(one.fields, changes[one.id]))
    for call in plan.calls:
        if call.action is Action.CREATE:
            fields = {change.path: change.after for change in call.fields}
            yield Live(call.kind, f"new:{call.name}", call.name, _changed({}, fields))


def _changed(fields: Fields, changes: Mapping[str, object]) -> Fields:
    """Secrets that the plan only points at stay unknown, which is as good as a value of their own."""
    result = dict(fields)
    for path, value in changes.items():
        if value is None:
            result.pop(path, None)
        elif isinstance(value, SecretRef):
            result[path] = Unknown()
        else:
            result[path] = value  # type: ignore[assignment]
    return result


def secrets_from(saved: SavedPlan, environ: Mapping[str, str]) -> Callable[[Call, str], str]:
    """Looks secrets up where the plan says they come from.

    A header that stands in the configuration in clear is read from the configuration again. Raises `SecretMissing`,
    at once and with all of them, where one is not to be found.
    """
    source = SecretSource(environ)
    found: dict[tuple[int, str], str] = {}
    missing: list[str] = []
    literal: Mapping[tuple[str, str], Fields] | None = None
    for call in saved.plan.calls:
        for change in call.fields:
            ref = change.after
            if not isinstance(ref, SecretRef):
                continue
            if ref.config is None:
                value = source.value(ref)
            else:
                literal = _literals(saved, environ) if literal is None else literal
                secret = literal.get((call.kind, call.new_name or call.name), {}).get(change.path)
                reveal = getattr(secret, "reveal", None)
                value = reveal() if reveal is not None else None
            if value is None:
                missing.append(f"{ref} for {change.path} of {call.name}")
            else:
                found[(call.step, change.path)] = value
    if missing:
        raise SecretMissing("not to be found: " + "; ".join(sorted(set(missing))))
    return lambda call, path: found[(call.step, path)]


def _literals(saved: SavedPlan, environ: Mapping[str, str]) -> Mapping[tuple[str, str], Fields]:
    try:
        files = read_files([Path(file) for file in saved.files])
        overlays = read_overlays([Path(file) for file in saved.overlays])
        configuration = load(files, environ, overlays)
    except ReconcileError as error:
        raise SecretMissing(
            f"the plan sends headers as the configuration has them: {error}"
        ) from error
    return {(one.kind, one.name): one.fields for kind in configuration.sip.values() for one in kind}
