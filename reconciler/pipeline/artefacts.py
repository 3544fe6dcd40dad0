"""What a command leaves behind for later ones: saved plans and receipts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reconciler import __version__
from reconciler.core.objects import Snapshot
from reconciler.core.plan import Action
from reconciler.errors import FileError, Refused
from reconciler.fingerprint import Fingerprints
from reconciler.pipeline.documents import Context
from reconciler.pipeline.request import Prepared
from reconciler.planfile import FORMAT, FORMAT_VERSION, SavedPlan, save_plan, touched_by
from reconciler.receipt import Cause, read_receipt, require_room_for_receipt, write_receipt


def save(path: Path, prepared: Prepared, context: Context) -> None:
    """Saves a plan as it was shown, with digests of the live objects that it touches; `context` is the whole one."""
    prints = _prints(prepared)
    save_plan(
        path,
        SavedPlan(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            tool_version=__version__,
            created_at=now(),
            era=prepared.era,
            env_prefix=prepared.configuration.project.env_prefix,
            files=prepared.configuration.files,
            overlays=prepared.configuration.overlays,
            keyed=prints is not None,
            touched=touched_by(prepared.plan, prepared.live, prints) if prints is not None else {},
            plan=prepared.plan,
            context=msgspec.to_builtins(context),
        ),
        prints,
    )


def leave_receipt(path: Path, prepared: Prepared, live: Snapshot) -> None:
    """Writes the receipt of an apply that went well: the objects of the managed kinds as they live now."""
    prints = _prints(prepared)
    assert prints is not None  # noqa: S101  # there is no apply without a server
    kinds = prepared.plan.population
    write_receipt(
        path,
        project=prepared.plan.project,
        host=live.host,
        applied_at=now(),
        objects=[one for one in live if one.kind in kinds],
        prints=prints,
    )


def require_receipt(path: Path, prepared: Prepared) -> None:
    """Raises `Refused` where the receipt of an apply could not be written, which is found out before its first call."""
    prints = _prints(prepared)
    assert prints is not None  # noqa: S101  # there is no apply without a server
    plan, live = prepared.plan, prepared.live
    try:
        require_room_for_receipt(
            path,
            project=plan.project,
            host=live.host,
            applied_at=now(),
            objects=[one for one in live if one.kind in plan.population],
            more=sum(call.action is Action.CREATE for call in plan.calls),
            prints=prints,
        )
    except FileError as error:
        raise Refused(
            f"nothing was written: there would be no receipt: {error}; name another file with --receipt"
        ) from error


def causes(path: Path, prepared: Prepared) -> dict[tuple[str, str, str], Cause]:
    """For every difference, which side changed since the receipt was written."""
    receipt = read_receipt(path)
    if receipt.host != prepared.live.host:
        raise Refused(f"{path}: the receipt is of {receipt.host}, this is {prepared.live.host}")
    prints = _prints(prepared)
    if prints is None:
        raise Refused("a receipt is compared with the live project, not with a snapshot file")
    live = {one.id: one for one in prepared.live}
    listed = prepared.configuration.sip.values()
    desired = {(one.kind, one.name): one.fields for kind in listed for one in kind}
    found: dict[tuple[str, str, str], Cause] = {}
    for change in prepared.plan.changes:
        wanted = desired.get((change.kind, change.name))
        lives = live.get(change.id or "")
        found[(change.kind, change.name, "")] = receipt.cause_of_object(change)
        for one in change.fields:
            # A plan only points at secrets; everything else it has as it is to be, agents and ids included.
            after = wanted.get(one.path) if one.sensitive and wanted is not None else one.after
            now_ = lives.fields.get(one.path) if lives is not None else None
            found[(change.kind, change.name, one.path)] = receipt.cause_of_field(
                change, one.path, after, now_, prints
            )
    return found


def _prints(prepared: Prepared) -> Fingerprints | None:
    """Digests under the project's own key; None where there is no key."""
    return (
        Fingerprints(prepared.server.endpoint.api_secret) if prepared.server is not None else None
    )


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="seconds")
