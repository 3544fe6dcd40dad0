"""`reconcile plan`: what would change, and what would be sent in which order."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from reconciler.cli.console import exit_of, findings_told, note, print_plan, reasons_in
from reconciler.cli.options import (
    PATH,
    Many,
    Output,
    live_option,
    only_option,
    output_options,
    projects_options,
    request_options,
    rooms_option,
    strict_option,
    write_secrets_option,
)
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request


@click.command("plan")
@request_options(only_option, live_option, write_secrets_option, rooms_option)
@projects_options
@click.option("--out", type=PATH, help="Save the plan, to be applied as it is shown.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 where apply would write something."
)
@strict_option
@output_options
def command(
    out: Path | None,
    detailed_exitcode: bool,
    strict: bool,
    request: Request,
    many: Many | None,
    output: Output,
) -> int:
    """Show what would change in the live project. Nothing is written to it.

    A plan with errors is shown all the same, and ends with 1.

    \b
    Examples:
      reconcile plan
      reconcile plan --out plan.json && reconcile apply plan.json
      reconcile plan --detailed-exitcode        2 where apply would write something
      reconcile plan --live snapshot.json       without a key, for pull requests
      reconcile plan --format github            Markdown for a comment, annotations for the files
      reconcile plan --only agents              which agents change, whatever the trunks and rules do
      reconcile plan --rooms                    and which live rooms lack an agent
      reconcile plan --projects config/         every file is a project of its own
    """
    if many is not None:
        from reconciler.cli.projects import plan_many, require_without

        require_without({"--out": out, "--live": request.live_file})
        return plan_many(many, request, output, strict=strict, detailed=detailed_exitcode)
    from reconciler.pipeline.artefacts import save
    from reconciler.pipeline.documents import document_of_plan, whole_context
    from reconciler.pipeline.prepare import prepare

    with findings_told(output):
        prepared = prepare(request)
    rooms = prepared.rooms
    fails = exit_of(prepared.plan.findings, strict=strict, tests=prepared.plan.tests)
    # What is saved is enough to show it: calling all numbers and drawing the map twice would take twice the time.
    context = whole_context(prepared) if out is not None and not fails else None
    document = document_of_plan(prepared, reasons=reasons_in(output), context=context)
    print_plan(prepared, output, document, context.drawing if context is not None else None)
    if fails:
        if out is not None:
            note(f"{out} was not written: the plan has errors or failing tests", output)
        return ExitCode.ERROR
    if out is not None and context is not None:
        save(out, prepared, context)
        command = shlex.join(("reconcile", "apply", str(out)))
        note(f"saved to {out}: apply it with `{command}`", output)
        if rooms is not None:
            told = f"rooms come and go, and are not in it: `{command} --rooms` reads them anew"
            note(told, output)
    if rooms is not None and rooms.unread:
        return ExitCode.ERROR
    would_write = not prepared.plan.is_empty or (rooms is not None and rooms.has_writes)
    return ExitCode.CHANGES if detailed_exitcode and would_write else ExitCode.OK
