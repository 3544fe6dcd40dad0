"""`reconcile rollback`: plans back to the backup that an apply left, and applies that."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import exit_of, findings_told, print_plan, reasons_in
from reconciler.cli.options import PATH, Output, output_options, request_options
from reconciler.cli.writing import Writing, may_write, write, writing_options
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request


@click.command("rollback")
@click.argument("file", type=PATH)
@request_options()
@click.option("--plan-only", is_flag=True, help="Show the plan, and write nothing.")
@click.option(
    "--keep-secrets",
    is_flag=True,
    help="Leave the secrets of objects that still live as they are, also where the apply changed them.",
)
@writing_options
@output_options
def command(
    file: Path,
    plan_only: bool,
    keep_secrets: bool,
    request: Request,
    writing: Writing,
    output: Output,
) -> int:
    """Bring back what lived before an apply, as the backup FILE has it, and delete what that apply created.

    Shows the plan and asks on a terminal; elsewhere --auto-approve is needed. Nothing else is touched, and no
    configuration is read. A backup holds no secret: where the apply deleted or changed one, its former value has to be
    in the variable that is named. A rollback leaves a backup as well, so that it can be rolled back.

    \b
    Examples:
      reconcile rollback .reconcile/backups/20250101T120000.000Z-acme-3f9a1c.json
      reconcile rollback --plan-only backup.json
      reconcile rollback --auto-approve backup.json
    """
    from reconciler.pipeline.documents import document_of_plan
    from reconciler.pipeline.rollback import prepare_rollback

    with findings_told(output):
        prepared = prepare_rollback(request, file, keep_secrets=keep_secrets)
    document = document_of_plan(prepared, reasons=reasons_in(output))
    if plan_only:
        print_plan(prepared, output, document)
        return ExitCode.ERROR if exit_of(prepared.plan.findings, strict=False) else ExitCode.OK
    if not may_write(request, prepared, document, writing, output, strict=False):
        return ExitCode.ERROR
    return write(request, prepared, document, writing, output)
