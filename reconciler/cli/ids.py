"""`reconcile ids`: names and ids, for applications that dial by trunk id."""

from __future__ import annotations

import click

from reconciler.cli.console import emit
from reconciler.cli.options import Output, output_options, request_options
from reconciler.pipeline.request import Request


@click.command("ids")
@request_options()
@output_options
def command(
    request: Request,
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

    emit(show_ids(ids_document(look(request)), Format(output.format), color=output.color))
    return 0
