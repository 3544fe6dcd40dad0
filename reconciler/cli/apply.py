"""`reconcile apply`: makes the live project what the file, or a saved plan, says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.console import findings_told, reasons_in
from reconciler.cli.options import (
    PATH,
    Many,
    Output,
    duration,
    only_option,
    output_options,
    projects_options,
    request_options,
    rooms_option,
    strict_option,
    write_secrets_option,
)
from reconciler.cli.writing import Writing, may_write, write, writing_options
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request

if TYPE_CHECKING:
    from reconciler.pipeline.carry_out import Applied


@click.command("apply")
@click.argument("saved", required=False, type=PATH, metavar="[FILE]")
@request_options(only_option, write_secrets_option, rooms_option)
@projects_options
@writing_options
@click.option(
    "--receipt",
    type=PATH,
    help="Write a receipt, by which `drift --receipt` tells which side changed.",
)
@click.option(
    "--require-agents",
    is_flag=True,
    envvar="RECONCILE_REQUIRE_AGENTS",
    help="Probe every agent that this apply newly brings, and write nothing where no worker answers.",
)
@click.option(
    "--probe-timeout",
    metavar="DURATION",
    default="10s",
    callback=duration,
    envvar="RECONCILE_PROBE_TIMEOUT",
    show_default=True,
    help="With --require-agents: time that an agent has to join.",
)
@strict_option
@output_options
def command(
    saved: Path | None,
    receipt: Path | None,
    require_agents: bool,
    probe_timeout: float,
    strict: bool,
    request: Request,
    writing: Writing,
    many: Many | None,
    output: Output,
) -> int:
    """Change the live project to match the file, or as a saved plan says.

    Shows the plan and asks on a terminal; elsewhere --auto-approve is needed. FILE is a plan that `plan --out` saved:
    exactly that is done, or nothing where one of its objects has changed since. The project is read once more at the
    end: where it still differs, the exit code is 1. What is about to change is written to a backup first.

    With --rooms the agents of live rooms are dispatched afterwards. Each room is looked into again right before that,
    and beside a saved FILE the configuration says what they are to be.

    \b
    Examples:
      reconcile apply
      reconcile apply --rooms
      reconcile apply --auto-approve --receipt .reconcile/receipt.json
      reconcile apply plan.json
      reconcile apply --auto-approve --max-deletes 12
      reconcile apply --require-agents          nobody is sent to a worker that does not answer
      reconcile apply --projects config/        every file is a project of its own; one question for all
    """
    from reconciler.pipeline.documents import document_of_plan
    from reconciler.pipeline.prepare import prepare, prepare_saved

    if many is not None:
        from reconciler.cli.projects import require_without
        from reconciler.cli.projects_apply import apply_many

        require_without(
            {
                "a saved plan": saved,
                "--rooms": request.rooms,
                "--receipt": receipt,
                "--require-agents": require_agents,
            }
        )
        return apply_many(many, request, writing, output, strict=strict)
    if saved is not None and (request.only is not None or request.write_secrets):
        raise click.UsageError(
            "a saved plan is applied as it is: make one with --only or --write-secrets"
        )
    with findings_told(output):
        prepared = prepare(request) if saved is None else prepare_saved(request, saved)
    document = document_of_plan(prepared, reasons=reasons_in(output))
    if not may_write(request, prepared, document, writing, output, strict=strict):
        return ExitCode.ERROR
    if require_agents:
        from reconciler.pipeline.required_agents import require_agents as require

        # After the question: what is asked for costs the answer nothing, and is as fresh as can be.
        require(request, prepared, probe_timeout)
    if receipt is not None:
        from reconciler.pipeline.artefacts import require_receipt

        require_receipt(receipt, prepared)

    def leave(applied: Applied) -> str:
        if receipt is None or applied.live is None:
            return ""
        from reconciler.pipeline.artefacts import leave_receipt

        leave_receipt(receipt, prepared, applied.live)
        return f"receipt written to {receipt}"

    return write(request, prepared, document, writing, output, leave)
