"""`apply --projects`: shows all plans, asks once, and writes those that can be written, some projects at a time.

What is wrong with one project is settled in its document before anything is written: a plan with errors, more deletions
than allowed, no backup. The others are not kept from theirs.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from reconciler.cli.console import emit, seen, tell_pace
from reconciler.cli.options import Many, Output
from reconciler.cli.projects import (
    document_of,
    findings_of,
    label_of,
    print_projects,
    projects_of,
    settle,
    tell_errors,
)
from reconciler.cli.writing import Writing, ask, back_up, complete
from reconciler.errors import ExitCode, ReconcileError, Refused
from reconciler.pipeline.pace import pace_of_applies
from reconciler.pipeline.projects import ProjectPlanned, carry_out_projects, plan_projects
from reconciler.render.project_shapes import ProjectDocument
from reconciler.render.projects import projects_document, show_projects

if TYPE_CHECKING:
    from reconciler.apply import Result
    from reconciler.pipeline.backups import Left
    from reconciler.pipeline.carry_out import Applied
    from reconciler.pipeline.request import Prepared, Request


@dataclass(slots=True)
class _Projects:
    """All projects by their numbers, and of those that may still be written what is to be applied and its backup."""

    planned: list[ProjectPlanned]
    documents: list[ProjectDocument]
    fit: dict[int, Prepared] = field(default_factory=dict)
    left: dict[int, Left | None] = field(default_factory=dict)

    def refuse(self, number: int, reason: str) -> None:
        """This one is not written."""
        self.fit.pop(number, None)
        self.documents[number]["errors"].append(reason)
        settle(self.documents[number], "refused", ExitCode.REFUSED)


def apply_many(
    many: Many, request: Request, writing: Writing, output: Output, *, strict: bool
) -> int:
    """`apply` for each project whose plan can be carried out, after one question about all of them."""
    planned = plan_projects(request, projects_of(many, request, output))
    documents = [document_of(one, "apply", strict, ExitCode.OK) for one in planned]
    projects = _Projects(planned, documents)
    _choose(projects, writing)
    _show_and_ask(projects, many, request, writing, output)
    _back_up(projects, writing, output)
    for number, done in _apply(projects, request, output).items():
        complete(
            projects.left[number], projects.fit[number], done, output, label_of(planned[number])
        )
        _add_report(documents[number], done)
    if output.format == "text":
        if not projects.fit:
            # Nothing was done, and what was planned has been shown.
            after = projects_document("apply", str(many.folder), documents)
            tell_errors(after, output)
            return after["exit_code"]
        emit("\n")
    findings = [found for one in planned for found in findings_of(one)]
    return print_projects("apply", many, documents, output, findings)


def _choose(projects: _Projects, writing: Writing) -> None:
    """Those that have something to write, and may."""
    from reconciler.core.safety import deletion_guard

    for number, one in enumerate(projects.planned):
        is_change = projects.documents[number]["state"] == "changes"
        if not is_change or isinstance(one.result, ReconcileError):
            continue
        reason = deletion_guard(one.result.plan, writing.max_deletes)
        if reason is None:
            projects.fit[number] = one.result
        else:
            projects.refuse(number, f"nothing was written: {reason}")


def _show_and_ask(
    projects: _Projects, many: Many, request: Request, writing: Writing, output: Output
) -> None:
    """Shows all plans; where nobody says yes, every project is refused."""
    before = projects_document("plan", str(many.folder), projects.documents)
    if output.format == "text":
        with seen("the plans"):
            emit(show_projects(before, "text", color=output.color, verbose=output.verbose))
    tell_pace(pace_of_applies(request, projects.fit.values()), output)
    if not projects.fit or writing.auto_approve:
        return
    if output.format != "text":
        # Whoever is asked has to see what for; the data on stdout comes afterwards.
        click.echo(show_projects(before, "text").rstrip("\n"), err=True)
    try:
        ask()
    except Refused as reason:
        for number in list(projects.fit):
            projects.refuse(number, str(reason))


def _back_up(projects: _Projects, writing: Writing, output: Output) -> None:
    """Leaves a backup of each project; one that would have none is refused."""
    for number, prepared in list(projects.fit.items()):
        try:
            label = label_of(projects.planned[number])
            projects.left[number] = back_up(writing, prepared, output, label)
        except Refused as reason:
            projects.refuse(number, str(reason))


def _apply(projects: _Projects, request: Request, output: Output) -> Mapping[int, Applied]:
    """What became of the projects that were written, by their numbers."""
    from reconciler.cli.progress import ApplyProgress

    fit = projects.fit
    if not fit:
        return {}
    # Thousands of calls follow; what there is by now stays to the end.
    gc.freeze()
    gc.enable()
    labels = {id(prepared): label_of(projects.planned[number]) for number, prepared in fit.items()}
    telling = threading.Lock()
    total = sum(len(prepared.plan.calls) for prepared in fit.values())
    with ApplyProgress(total, quiet=output.quiet) as progress:

        def tell(prepared: Prepared, result: Result) -> None:
            with telling:
                progress.done(result, labels[id(prepared)])

        applied = carry_out_projects(request, list(fit.values()), tell)
    return dict(zip(fit, applied, strict=True))


def _add_report(document: ProjectDocument, applied: Applied) -> None:
    from reconciler.render.report import report_document

    report = applied.report
    assert document["plan"] is not None  # noqa: S101  # it was applied
    document["report"] = report_document(document["plan"], report)
    if report.interrupted:
        is_begun = any(result.outcome != "not tried" for result in report.results)
        settle(document, "interrupted" if is_begun else "not_tried", ExitCode.INTERRUPTED)
    elif report.is_complete:
        settle(document, "ok", ExitCode.OK)
    else:
        settle(document, "incomplete", ExitCode.ERROR)
