"""`reconcile snapshot`: the live project to a file, for plans in places that must not have a key."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import PATH, Output, output_options, request_options
from reconciler.pipeline.request import Request


@click.command("snapshot")
@click.argument("file", required=False, type=PATH)
@request_options()
@output_options
def command(
    file: Path | None,
    request: Request,
    output: Output,
) -> int:
    """Save the live project to FILE, or print it: LiveKit's own JSON, secrets left out.

    `plan --live FILE` then needs no key. Keep the file with the care that phone numbers deserve.

    \b
    Examples:
      reconcile snapshot snapshot.json
      reconcile plan --live snapshot.json
    """
    from reconciler.gateway.snapshot_file import save_snapshot
    from reconciler.pipeline.live import take_snapshot

    document = take_snapshot(request)
    if file is None:
        import json

        from reconciler.render.document import visible

        emit(visible(json.dumps(document, indent=1, ensure_ascii=False)) + "\n")
        return 0
    save_snapshot(file, document)
    counts = ", ".join(
        f"{len(found)} {kind.replace('_', ' ')}{'' if len(found) == 1 else 's'}"
        for kind, found in document["objects"].items()
    )
    note(f"{file}: {counts}", output)
    return 0
