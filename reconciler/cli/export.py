"""`reconcile export`: the live project as a configuration that plans to no change."""

from __future__ import annotations

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import Output, output_options, request_options
from reconciler.pipeline.request import Request


@click.command("export")
@request_options()
@output_options
def command(
    request: Request,
    output: Output,
) -> int:
    """Print the live project as YAML. Secrets become {env: NAME}; the names are listed on stderr.

    A file that -c names is read for `env_prefix` and `host` alone; none is needed. Do not redirect into that file: the
    shell empties it first.

    \b
    Examples:
      reconcile export > live.yaml
      reconcile export | diff config/dispatch.yaml -
    """
    from reconciler.pipeline.live import export_live

    exported = export_live(request, comments=False)
    emit(exported.text)
    for line in exported.notes:
        note(f"note: {line}", output)
    for variable in exported.variables:
        note(f"set {variable.name}: {variable.path}", output)
    return 0
