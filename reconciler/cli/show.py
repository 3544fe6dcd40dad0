"""`reconcile show`: a saved plan, snapshot, receipt or backup, readable. It needs no server and no configuration."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli.console import emit, print_document, reasons_in
from reconciler.cli.options import PATH, Output, output_options, unread_config_option
from reconciler.errors import FileError


@click.command("show")
@click.argument("file", type=PATH)
@unread_config_option
@output_options
def command(file: Path, output: Output) -> int:
    """Show a saved plan, a snapshot, a receipt or a backup. A plan that is stale can be shown all the same.

    \b
    Examples:
      reconcile show plan.json
      reconcile show plan.json --format markdown
      reconcile show snapshot.json
    """
    from reconciler.files import read_bytes

    data = read_bytes(file, "file")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{file}: not a plan, snapshot, receipt or backup: {error}") from error
    what = document.get("format") if isinstance(document, dict) else None
    match what:
        case "livekit-reconciler/plan":
            _show_plan(file, data, output)
        case "livekit-reconciler/snapshot":
            _show_snapshot(file, data, output)
        case "livekit-reconciler/receipt":
            _show_receipt(file, data, output)
        case "livekit-reconciler/backup":
            _show_backup(file, data, output)
        case _:
            raise FileError(f"{file}: not a plan, snapshot, receipt or backup of this tool")
    return 0


def _show_plan(file: Path, data: bytes, output: Output) -> None:
    from reconciler.pipeline.documents import context_of_saved, document_of_saved
    from reconciler.planfile import read_plan

    saved = read_plan(file, data)
    document = document_of_saved(file, saved, reasons=reasons_in(output))
    print_document(saved.plan, output, document, context_of_saved(file, saved).drawing)


def _show_snapshot(file: Path, data: bytes, output: Output) -> None:
    from reconciler.gateway.snapshot_file import load_snapshot
    from reconciler.render.formats import Format, show_snapshot
    from reconciler.render.live import snapshot_document
    from reconciler.sip.era import Era

    stored = load_snapshot(file, data)
    document = snapshot_document(stored.snapshot(stored.era or Era.NEW))
    emit(show_snapshot(document, Format(output.format), color=output.color, verbose=output.verbose))


def _show_receipt(file: Path, data: bytes, output: Output) -> None:
    from reconciler.receipt import read_receipt
    from reconciler.render.receipt import ReceiptStory, receipt_markdown, receipt_text

    receipt = read_receipt(file, data)
    if output.format == "json":
        _emit_json(data)
        return
    objects = [(kind, name, len(fields)) for (kind, name), fields in receipt.fields.items()]
    story = ReceiptStory(receipt.project, receipt.host, receipt.applied_at, objects)
    if output.format == "text":
        emit(receipt_text(story, color=output.color))
    else:
        emit(receipt_markdown(story))


def _show_backup(file: Path, data: bytes, output: Output) -> None:
    from reconciler.core.objects import Snapshot
    from reconciler.gateway.backup_file import load_backup
    from reconciler.render.backup import BackupStory, backup_markdown, backup_text
    from reconciler.sip.spec import KINDS

    backup = load_backup(file, data)
    if output.format == "json":
        _emit_json(data)
        return
    lived = {
        kind.name: [one.live for one in backup.objects if one.live.kind == kind.name]
        for kind in KINDS
    }
    story = BackupStory(
        backup.project,
        backup.taken_at,
        backup.has_ended,
        Snapshot(backup.host, {kind: found for kind, found in lived.items() if found}),
        tuple((one.kind, one.name, one.id) for one in backup.created),
        tuple(
            (f"{one.live.kind.replace('_', ' ')} {one.live.label} {path}", str(secret.ref))
            for one in backup.objects
            for path, secret in one.secrets.items()
        ),
    )
    if output.format == "text":
        emit(backup_text(story, color=output.color, verbose=output.verbose))
    else:
        emit(backup_markdown(story, verbose=output.verbose))


def _emit_json(data: bytes) -> None:
    """A document as it was saved; names in it are LiveKit's, and a terminal may be what reads them."""
    from reconciler.render.document import visible

    emit(visible(json.dumps(json.loads(data), indent=1)) + "\n")
