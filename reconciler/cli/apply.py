"""`reconcile apply`: makes the live project what the file, or a saved plan, says."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.console import emit, exit_of, findings_told, note, print_plan, reasons_in
from reconciler.cli.options import (
    Output,
    duration,
    only_option,
    output_options,
    request_options,
    rooms_option,
    strict_option,
    write_secrets_option,
)
from reconciler.errors import ExitCode, Refused
from reconciler.pipeline.request import Prepared, Request

if TYPE_CHECKING:
    from reconciler.render.shapes import PlanDocument


@click.command("apply")
@click.argument("saved", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@request_options(only_option, write_secrets_option, rooms_option)
@click.option(
    "--auto-approve", is_flag=True, envvar="RECONCILE_AUTO_APPROVE", help="Apply without asking."
)
@click.option(
    "--max-deletes",
    type=click.IntRange(0),
    metavar="N",
    help="Allow up to N deletions. Without it more than 30 % of a kind, or its last object, are refused.",
)
@click.option(
    "--receipt",
    type=click.Path(path_type=Path),
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
    auto_approve: bool,
    max_deletes: int | None,
    receipt: Path | None,
    require_agents: bool,
    probe_timeout: float,
    strict: bool,
    request: Request,
    output: Output,
) -> int:
    """Change the live project to match the file, or as a saved plan says.

    Shows the plan and asks on a terminal; elsewhere --auto-approve is needed. FILE is a plan that `plan --out` saved:
    exactly that is done, or nothing where one of its objects has changed since. The project is read once more at the
    end: where it still differs, the exit code is 1.

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
    """
    from reconciler.core.safety import deletion_guard
    from reconciler.pipeline.documents import document_of_plan
    from reconciler.pipeline.prepare import prepare, prepare_saved
    from reconciler.render.formats import Format, show_plan

    if saved is not None and (request.only is not None or request.write_secrets):
        raise click.UsageError(
            "a saved plan is applied as it is: make one with --only or --write-secrets"
        )
    with findings_told(output):
        prepared = prepare(request) if saved is None else prepare_saved(request, saved)
    plan = prepared.plan
    document = document_of_plan(prepared, reasons=reasons_in(output))
    if output.format == "text":
        print_plan(prepared, output, document)
    if exit_of(plan.findings, strict=strict, tests=plan.tests):
        if output.format != "text":
            print_plan(prepared, output, document)
        note("nothing was written: the plan has errors or failing tests", output)
        return ExitCode.ERROR
    reason = deletion_guard(plan, max_deletes)
    if reason is not None:
        raise Refused(f"nothing was written: {reason}")
    has_writes = not plan.is_empty or (prepared.rooms is not None and prepared.rooms.has_writes)
    if has_writes and saved is None and not auto_approve:
        if output.format != "text":
            # Whoever is asked has to see what for; the data on stdout comes afterwards.
            shown = show_plan(document, Format.TEXT)
            click.echo(shown.rstrip("\n"), err=True)
        _ask()
    if require_agents:
        from reconciler.pipeline.required_agents import require_agents as require

        # After the question: what is asked for costs the answer nothing, and is as fresh as can be.
        require(request, prepared, probe_timeout)
    return _write(request, prepared, document, receipt, output)


def _ask() -> None:
    """Asks on a terminal; anything but `yes` refuses."""
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(
            "nothing was written: there is nobody to ask; pass --auto-approve, or apply a saved plan"
        )
    click.echo("\nApply this? Only yes will do: ", err=True, nl=False)
    answer = sys.stdin.readline()
    if answer.strip() != "yes":
        raise Refused("nothing was written: not approved")


def _write(
    request: Request,
    prepared: Prepared,
    planned: PlanDocument,
    receipt: Path | None,
    output: Output,
) -> int:
    from reconciler.cli.progress import ApplyProgress
    from reconciler.pipeline.artefacts import leave_receipt
    from reconciler.pipeline.carry_out import carry_out
    from reconciler.render.formats import Format, show_report
    from reconciler.render.report import report_document

    # Thousands of calls follow; what there is by now stays to the end.
    gc.freeze()
    gc.enable()
    rooms = prepared.rooms
    total = len(prepared.plan.calls) + (len(tuple(rooms.agents_brought())) if rooms else 0)
    with ApplyProgress(total, quiet=output.quiet) as progress:
        applied = carry_out(request, prepared, progress.done, progress.room_done)
    report = applied.report
    document = report_document(planned, report, rooms, applied.rooms)
    emit(show_report(document, Format(output.format), color=output.color, verbose=output.verbose))
    if report.interrupted:
        return ExitCode.INTERRUPTED
    if not report.is_complete:
        return ExitCode.ERROR
    # What came of the objects is for the receipt, whatever came of the rooms.
    code = ExitCode.OK if document["complete"] else ExitCode.ERROR
    if receipt is not None and applied.live is not None:
        leave_receipt(receipt, prepared, applied.live)
        note(f"receipt written to {receipt}", output)
    return code
