"""`reconcile ids`: names and ids, for applications that dial by trunk id."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import emit
from reconciler.cli.options import (
    Output,
    config_option,
    connection_options,
    output_options,
    request_from,
)


@click.command("ids")
@config_option
@connection_options
@output_options
def command(
    paths: tuple[Path, ...],
    server_version: str | None,
    timeout: float,
    concurrency: int,
    output: Output,
) -> int:
    """Print the ids of the live objects by name, as lines for a shell or as JSON.

    \b
    Examples:
      reconcile ids --format json | jq -r '.outbound_trunk["carrier-out"]'
      reconcile ids > trunks.env
    """
    from reconciler.pipeline.live import look
    from reconciler.render.formats import Format, show_ids
    from reconciler.render.live import ids_document

    request = request_from(
        paths=paths, server_version=server_version, timeout=timeout, concurrency=concurrency
    )
    emit(show_ids(ids_document(look(request)), Format(output.format), color=output.color))
    return 0
