"""`reconcile init`: a commented first file."""

from __future__ import annotations

import shlex
from dataclasses import replace

import click

from reconciler.cli.console import note
from reconciler.cli.options import Output, output_options, request_options
from reconciler.errors import Refused
from reconciler.files import write_plain
from reconciler.pipeline.request import Request


@click.command("init")
@request_options()
@click.option(
    "--name",
    default="my-project",
    show_default=True,
    help="Name of the project in plans and alerts.",
)
@click.option("--from-live", is_flag=True, help="Write the live project instead of an example.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@output_options
def command(
    name: str,
    from_live: bool,
    force: bool,
    request: Request,
    output: Output,
) -> int:
    """Write a commented first file, or with --from-live one of the live project.

    A file that is there already stays as it is. With --from-live the variables that the new file needs are listed.

    \b
    Examples:
      reconcile init
      reconcile init --from-live --name acme-voice
      reconcile init -c staging/dispatch.yaml
    """
    if not name:
        raise click.UsageError("--name needs a text: plans and alerts show it")
    if len(request.paths) != 1:
        raise click.UsageError("init writes one file: pass -c once")
    (path,) = request.paths
    if path.exists() and not force:
        raise Refused(f"{path} is there already: nothing was written; pass --force to replace it")
    if from_live:
        from reconciler.pipeline.live import export_live

        # What is to be replaced has no say in which project is meant.
        exported = export_live(replace(request, paths=(), overlays=()), comments=True, name=name)
        text, variables = exported.text, exported.variables
        for line in exported.notes:
            note(f"note: {line}", output)
    else:
        from reconciler.export import first_file

        text, variables = first_file(name), ()
    write_plain(path, text.encode(), "configuration")
    check = shlex.join(("reconcile", "validate", "-c", str(path)))
    note(f"{path} written: check it with `{check}`", output)
    for variable in variables:
        note(f"set {variable.name}: {variable.path}", output)
    return 0
