"""What `--projects` makes of `validate`, `plan`, `drift` and `apply`: many projects, one table, one exit code.

Each project keeps its own result, whatever becomes of the others. What is printed to stderr says whose it is.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli.console import (
    append_summary,
    emit,
    exit_of,
    note,
    print_annotations,
    tell_pace,
)
from reconciler.cli.options import Many, Output
from reconciler.core.finding import Finding
from reconciler.errors import ExitCode, ReconcileError, Refused
from reconciler.pipeline.documents import document_of_drift, document_of_plan
from reconciler.pipeline.guards import ConfigError
from reconciler.pipeline.pace import pace_of_applies, pace_of_reading
from reconciler.pipeline.projects import (
    ProjectPlanned,
    ProjectRead,
    carry_out_projects,
    plan_projects,
    read_projects,
)
from reconciler.render.document import findings_document
from reconciler.render.escape import escape
from reconciler.render.project_shapes import (
    ProjectDocument,
    ProjectsCommand,
    ProjectsDocument,
    State,
)
from reconciler.render.projects import projects_document, show_projects

if TYPE_CHECKING:
    from reconciler.apply import Result
    from reconciler.pipeline.carry_out import Applied
    from reconciler.pipeline.request import Prepared, Request

_UNFIT = "the plan has errors or failing tests"


@dataclass(frozen=True, slots=True)
class Approval:
    """What an apply may do without being asked: anything, and how many deletions in each project."""

    is_given: bool
    max_deletes: int | None


def require_without(options: Mapping[str, object]) -> None:
    """Raises where an option was given that is for a single project."""
    for name, value in options.items():
        if value:
            raise click.UsageError(
                f"{name} and --projects do not go together: name the one project with -c"
            )


# ---------------------------------------------------------------------------------------------------------------------
# The commands
# ---------------------------------------------------------------------------------------------------------------------


def validate_many(many: Many, request: Request, output: Output, *, strict: bool) -> int:
    """`validate` for each project."""
    from reconciler.pipeline.validate import validated

    documents: list[ProjectDocument] = []
    findings: list[Finding] = []
    for project in read_projects(request, many.folder, many.names):
        document = _document(project) if project.error is None else _failed(project, project.error)
        documents.append(document)
        if project.configuration is None:
            continue
        found, tests = validated(request, project.configuration)
        findings += found
        told = findings_document(found, tests)
        document["findings"], document["tests"] = told["findings"], told["tests"]
        if exit_of(found, strict=strict, tests=tests):
            _set(document, "error", ExitCode.ERROR)
    return _print("validate", many, documents, output, findings)


def plan_many(many: Many, request: Request, output: Output, *, strict: bool, detailed: bool) -> int:
    """`plan` for each project."""
    planned = _planned(many, request, output)
    code = ExitCode.CHANGES if detailed else ExitCode.OK
    documents = [_of_plan(one, "plan", strict, code) for one in planned]
    return _print("plan", many, documents, output, _findings(planned))


def drift_many(many: Many, request: Request, output: Output, *, strict: bool) -> int:
    """`drift` for each project."""
    planned = _planned(many, request, output)
    documents = [_of_plan(one, "drift", strict, ExitCode.CHANGES) for one in planned]
    return _print("drift", many, documents, output, _findings(planned))


def apply_many(
    many: Many, request: Request, output: Output, *, strict: bool, approval: Approval
) -> int:
    """`apply` for each project whose plan can be carried out, after one question about all of them."""
    from reconciler.cli.apply import ask
    from reconciler.core.safety import deletion_guard

    planned = _planned(many, request, output)
    documents: dict[int, ProjectDocument] = {}
    fit: dict[int, Prepared] = {}
    for number, one in enumerate(planned):
        document = documents[number] = _of_plan(one, "apply", strict, ExitCode.OK)
        if document["state"] != "changes" or isinstance(one.result, ReconcileError):
            continue
        reason = deletion_guard(one.result.plan, approval.max_deletes)
        if reason is not None:
            document["errors"].append(f"nothing was written: {reason}")
            _set(document, "refused", ExitCode.REFUSED)
        else:
            fit[number] = one.result
    before = projects_document("plan", str(many.folder), list(documents.values()))
    if output.format == "text":
        emit(show_projects(before, "text", color=output.color, verbose=output.verbose))
    tell_pace(pace_of_applies(request, fit.values()), output)
    if fit and not approval.is_given:
        if output.format != "text":
            # Whoever is asked has to see what for; the data on stdout comes afterwards.
            click.echo(show_projects(before, "text").rstrip("\n"), err=True)
        try:
            ask()
        except Refused as reason:
            for number in fit:
                documents[number]["errors"].append(str(reason))
                _set(documents[number], "refused", ExitCode.REFUSED)
            fit = {}
    for number, done in _apply(request, planned, fit, output).items():
        _add_report(documents[number], done)
    if output.format == "text":
        if not fit:
            # Nothing was done, and what was planned has been shown.
            after = projects_document("apply", str(many.folder), list(documents.values()))
            _tell_errors(after, output)
            return after["exit_code"]
        emit("\n")
    return _print("apply", many, list(documents.values()), output, _findings(planned))


def _planned(many: Many, request: Request, output: Output) -> list[ProjectPlanned]:
    projects = read_projects(request, many.folder, many.names)
    tell_pace(pace_of_reading(request, projects), output)
    return plan_projects(request, projects)


def _apply(
    request: Request,
    planned: Sequence[ProjectPlanned],
    fit: Mapping[int, Prepared],
    output: Output,
) -> dict[int, Applied]:
    """What became of the projects that were written, by their numbers."""
    from reconciler.cli.progress import ApplyProgress

    if not fit:
        return {}
    # Thousands of calls follow; what there is by now stays to the end.
    gc.freeze()
    gc.enable()
    labels = {
        id(prepared): f"{escape(planned[number].project.name)}: "
        for number, prepared in fit.items()
    }
    telling = threading.Lock()
    total = sum(len(prepared.plan.calls) for prepared in fit.values())
    with ApplyProgress(total, quiet=output.quiet) as progress:

        def tell(prepared: Prepared, result: Result) -> None:
            with telling:
                progress.done(result, labels[id(prepared)])

        applied = carry_out_projects(request, list(fit.values()), tell)
    return dict(zip(fit, applied, strict=True))


# ---------------------------------------------------------------------------------------------------------------------
# One project as a document
# ---------------------------------------------------------------------------------------------------------------------


def _document(project: ProjectRead) -> ProjectDocument:
    return {
        "name": project.name,
        "file": str(project.place),
        "host": None,
        "state": "ok",
        "exit_code": 0,
        "errors": [],
        "notes": list(project.notes),
        "findings": [],
        "tests": [],
        "plan": None,
        "report": None,
    }


def _set(document: ProjectDocument, state: State, code: ExitCode) -> None:
    document["state"], document["exit_code"] = state, int(code)


def _failed(project: ProjectRead, error: ReconcileError) -> ProjectDocument:
    """A project without a plan, and why."""
    document = _document(project)
    is_refused = error.exit_code is ExitCode.REFUSED
    _set(document, "refused" if is_refused else "error", error.exit_code)
    if isinstance(error, ConfigError):
        document["errors"].append("the file cannot be used as it is: see its findings")
        document["findings"] = findings_document(error.findings)["findings"]
    else:
        document["errors"].append(str(error))
    return document


def _of_plan(
    one: ProjectPlanned, command: ProjectsCommand, strict: bool, if_different: ExitCode
) -> ProjectDocument:
    """A project with its plan; `if_different` is the exit code where there is something to write, or drift."""
    prepared = one.result
    if isinstance(prepared, ReconcileError):
        return _failed(one.project, prepared)
    plan, rooms = prepared.plan, prepared.rooms
    document = _document(one.project)
    document["host"] = plan.host
    is_drift = command == "drift"
    shown = document_of_drift(prepared) if is_drift else document_of_plan(prepared)
    document["plan"] = shown
    would_write = not plan.is_empty or (rooms is not None and rooms.has_writes)
    differs = shown["drift"] if is_drift else would_write
    if exit_of(plan.findings, strict=strict, tests=plan.tests):
        document["errors"].append(_UNFIT)
        _set(document, "error", ExitCode.ERROR)
    elif rooms is not None and rooms.unread:
        document["errors"].append("some rooms could not be looked into")
        _set(document, "error", ExitCode.ERROR)
    elif differs:
        _set(document, "drift" if is_drift else "changes", if_different)
    return document


def _add_report(document: ProjectDocument, applied: Applied) -> None:
    from reconciler.render.report import report_document

    report = applied.report
    assert document["plan"] is not None  # noqa: S101  # it was applied
    document["report"] = report_document(document["plan"], report)
    if report.interrupted:
        is_begun = any(result.outcome != "not tried" for result in report.results)
        _set(document, "interrupted" if is_begun else "not_tried", ExitCode.INTERRUPTED)
    elif report.is_complete:
        _set(document, "ok", ExitCode.OK)
    else:
        _set(document, "incomplete", ExitCode.ERROR)


# ---------------------------------------------------------------------------------------------------------------------
# Output
# ---------------------------------------------------------------------------------------------------------------------


def _findings(planned: Iterable[ProjectPlanned]) -> list[Finding]:
    found: list[Finding] = []
    for one in planned:
        if isinstance(one.result, ConfigError):
            found += one.result.findings
        elif not isinstance(one.result, ReconcileError):
            found += one.result.plan.findings
    return found


def _print(
    command: ProjectsCommand,
    many: Many,
    projects: list[ProjectDocument],
    output: Output,
    findings: Iterable[Finding],
) -> int:
    """All of it in the format that was asked for, and a line on stderr for each project that failed."""
    document = projects_document(command, str(many.folder), projects)
    text = show_projects(document, output.format, color=output.color, verbose=output.verbose)
    emit(text)
    if output.format == "github":
        plans = (one["plan"] for one in projects)
        changes = [change for plan in plans if plan is not None for change in plan["changes"]]
        print_annotations(findings, changes)
        append_summary(text)
    _tell_errors(document, output)
    return document["exit_code"]


def _tell_errors(document: ProjectsDocument, output: Output) -> None:
    for one in document["projects"]:
        for error in one["errors"]:
            for line in error.split("\n"):
                click.echo(escape(f"{one['name']}: error: {line}"), err=True)
        for told in one["notes"]:
            note(escape(f"{one['name']}: note: {told}"), output)
