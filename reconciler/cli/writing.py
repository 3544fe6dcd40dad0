"""What `apply` and `rollback` do alike once there is a plan: show it, refuse or ask, leave a backup, write, report."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.console import (
    emit,
    exit_of,
    give_up_stdout,
    note,
    print_plan,
    seen,
    tell_pace,
)
from reconciler.cli.options import PATH, Command, Output
from reconciler.errors import ExitCode, FileError, Refused
from reconciler.pipeline.request import Prepared, Request

if TYPE_CHECKING:
    from reconciler.pipeline.backups import Left
    from reconciler.pipeline.carry_out import Applied
    from reconciler.render.shapes import PlanDocument, ReportDocument


@dataclass(frozen=True, slots=True)
class Writing:
    """How a command may write. `backups` is the folder of backups, None where none is wanted."""

    auto_approve: bool
    max_deletes: int | None
    backups: Path | None


_OPTIONS = (
    click.option(
        "--auto-approve",
        is_flag=True,
        envvar="RECONCILE_AUTO_APPROVE",
        help="Apply without asking.",
    ),
    click.option(
        "--max-deletes",
        type=click.IntRange(0),
        metavar="N",
        help="Allow up to N deletions. Without it more than 30 % of a kind, or its last object, are refused.",
    ),
    click.option(
        "--backup-dir",
        type=PATH,
        default=Path(".reconcile/backups"),
        envvar="RECONCILE_BACKUP_DIR",
        show_default=True,
        help="Folder for the backup of what is about to change; `rollback` plans back to it.",
    ),
    click.option(
        "--no-backup", is_flag=True, envvar="RECONCILE_NO_BACKUP", help="Leave no backup."
    ),
)


def writing_options(function: Command) -> Command:
    """Adds the options of commands that write; the command gets them as one `writing`."""

    @wraps(function)
    def wrapper(
        *args: Any,
        auto_approve: bool,
        max_deletes: int | None,
        backup_dir: Path,
        no_backup: bool,
        **kwargs: Any,
    ) -> Any:
        backups = None if no_backup else backup_dir
        return function(*args, writing=Writing(auto_approve, max_deletes, backups), **kwargs)

    decorated: Any = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    result: Command = decorated
    return result


def may_write(
    request: Request,
    prepared: Prepared,
    document: PlanDocument,
    writing: Writing,
    output: Output,
    *,
    strict: bool,
) -> bool:
    """Shows the plan and asks. False where it has errors or failing tests; raises `Refused` where nobody says yes."""
    from reconciler.core.safety import deletion_guard
    from reconciler.pipeline.pace import pace_of_applies
    from reconciler.render.formats import Format, show_plan

    plan = prepared.plan
    if output.format == "text":
        with seen("the plan"):
            print_plan(prepared, output, document)
    if exit_of(plan.findings, strict=strict, tests=plan.tests):
        if output.format != "text":
            print_plan(prepared, output, document)
        note("nothing was written: the plan has errors or failing tests", output)
        return False
    reason = deletion_guard(plan, writing.max_deletes)
    if reason is not None:
        raise Refused(f"nothing was written: {reason}")
    tell_pace(pace_of_applies(request, [prepared]), output)
    has_writes = not plan.is_empty or (prepared.rooms is not None and prepared.rooms.has_writes)
    # What somebody sealed who has the key is approved; a plan made without it could be anybody's.
    is_sealed = prepared.saved is not None and prepared.saved[1].keyed
    if has_writes and not is_sealed and not writing.auto_approve:
        if output.format != "text":
            # Whoever is asked has to see what for; the data on stdout comes afterwards.
            shown = show_plan(document, Format.TEXT)
            click.echo(shown.rstrip("\n"), err=True)
        ask("" if prepared.configuration.former is not None else ", or apply a saved plan")
    return True


def ask(otherwise: str = "") -> None:
    """Asks on a terminal; anything but `yes` refuses. `otherwise`: what else there is where nobody can be asked."""
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(
            f"nothing was written: there is nobody to ask; pass --auto-approve{otherwise}"
        )
    click.echo("\nApply this? Only yes will do: ", err=True, nl=False)
    answer = sys.stdin.readline()
    if answer.strip() != "yes":
        raise Refused("nothing was written: not approved")


def write(
    request: Request,
    prepared: Prepared,
    planned: PlanDocument,
    writing: Writing,
    output: Output,
    then: Callable[[Applied], str] | None = None,
) -> int:
    """Leaves a backup, applies and reports. `then` is done where the objects are all as planned, and says what."""
    from reconciler.cli.progress import ApplyProgress
    from reconciler.pipeline.carry_out import carry_out
    from reconciler.render.formats import Format, show_report
    from reconciler.render.report import report_document

    left = back_up(writing, prepared, output)
    # Thousands of calls follow; what there is by now stays to the end.
    gc.freeze()
    gc.enable()
    rooms = prepared.rooms
    total = len(prepared.plan.calls) + (len(tuple(rooms.agents_brought())) if rooms else 0)
    with ApplyProgress(total, quiet=output.quiet) as progress:
        applied = carry_out(request, prepared, progress.done, progress.room_done)
    complete(left, prepared, applied, output)
    report = applied.report
    document = report_document(planned, report, rooms, applied.rooms)
    shown = show_report(document, Format(output.format), color=output.color, verbose=output.verbose)
    # What came of the objects is one thing, what came of the rooms another. What is to be done comes before the report,
    # whose reader may be gone, and its failure after it.
    done = ""
    try:
        if then is not None and report.is_complete:
            done = then(applied)
    finally:
        is_told = _is_told(shown, document)
    if done:
        note(done, output)
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return (
        ExitCode.OK if report.is_complete and document["complete"] and is_told else ExitCode.ERROR
    )


def _is_told(shown: str, document: ReportDocument) -> bool:
    """Prints a report. Where that fails, the calls have been made all the same: the sum of them is told on stderr."""
    from reconciler.render.formats import Format, show_report

    try:
        emit(shown)
    except OSError as error:
        give_up_stdout()
        summary = show_report(document, Format.TEXT).rstrip("\n").rpartition("\n")[2]
        note(f"error: the report cannot be written: {error.strerror}. {summary}")
        return False
    return True


def back_up(writing: Writing, prepared: Prepared, output: Output, label: str = "") -> Left | None:
    """Leaves the backup of a plan that is about to be applied, if one is wanted; `label` says whose it is.

    Raises `Refused` where it cannot be written.
    """
    from reconciler.pipeline.backups import leave_backup

    if writing.backups is None or prepared.plan.is_empty:
        return None
    left = leave_backup(writing.backups, prepared)
    note(f"{label}backup written to {left.path}", output)
    return left


def complete(
    left: Left | None, prepared: Prepared, applied: Applied, output: Output, label: str = ""
) -> None:
    """Adds to a backup what came of the apply."""
    from reconciler.pipeline.backups import complete_backup

    if left is None:
        return
    try:
        complete_backup(left, prepared, applied)
    except FileError as error:
        # What lived before is in it all the same, and that is what it is for.
        note(f"{label}the backup stays without what came of the apply: {error}", output)
