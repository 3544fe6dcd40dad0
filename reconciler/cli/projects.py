"""What `--projects` makes of `validate`, `plan` and `drift`: many projects, one table, one exit code.

`apply` goes on from here in `projects_apply`. Each project keeps its own result, whatever becomes of the others. What
is printed to stderr says whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from reconciler.errors import ExitCode, ReconcileError
from reconciler.pipeline.documents import document_of_drift, document_of_plan
from reconciler.pipeline.guards import ConfigError
from reconciler.pipeline.pace import pace_of_reading
from reconciler.pipeline.projects import (
    ProjectPlanned,
    ProjectRead,
    over_projects,
    read_projects,
)
from reconciler.render.document import findings_document
from reconciler.render.escape import escape
from reconciler.render.outline import plural
from reconciler.render.plan_outline import finding_line, project_name
from reconciler.render.project_shapes import (
    ProjectDocument,
    ProjectsCommand,
    ProjectsDocument,
    State,
)
from reconciler.render.projects import projects_document, show_projects

if TYPE_CHECKING:
    from reconciler.pipeline.request import Request

_UNFIT = "the plan has errors or failing tests"
_UNUSABLE = "the file cannot be used as it is"


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
            settle(document, "error", ExitCode.ERROR)
    return print_projects("validate", many, documents, output, findings)


def plan_many(many: Many, request: Request, output: Output, *, strict: bool, detailed: bool) -> int:
    """`plan` for each project."""
    code = ExitCode.CHANGES if detailed else ExitCode.OK
    return _show_many("plan", many, request, output, strict, code)


def drift_many(many: Many, request: Request, output: Output, *, strict: bool) -> int:
    """`drift` for each project."""
    return _show_many("drift", many, request, output, strict, ExitCode.CHANGES)


def _show_many(
    command: ProjectsCommand,
    many: Many,
    request: Request,
    output: Output,
    strict: bool,
    if_different: ExitCode,
) -> int:
    """Plans all projects that were asked for and shows them, which needs no more of them than documents."""

    def told(one: ProjectPlanned) -> tuple[ProjectDocument, list[Finding]]:
        return document_of(one, command, strict, if_different), findings_of(one)

    found = over_projects(request, projects_of(many, request, output), told)
    documents = [document for document, _ in found]
    return print_projects(
        command, many, documents, output, [one for _, findings in found for one in findings]
    )


def projects_of(many: Many, request: Request, output: Output) -> tuple[ProjectRead, ...]:
    """All projects that were asked for, once it has been told how long it takes to ask their servers."""
    projects = read_projects(request, many.folder, many.names)
    tell_pace(pace_of_reading(request, projects), output)
    return projects


def label_of(one: ProjectPlanned) -> str:
    """What a line on stderr about a project begins with."""
    return f"{project_name(one.project.name)}: "


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


def settle(document: ProjectDocument, state: State, code: ExitCode) -> None:
    """Says what the project came to."""
    document["state"], document["exit_code"] = state, int(code)


def _failed(project: ProjectRead, error: ReconcileError) -> ProjectDocument:
    """A project without a plan, and why."""
    document = _document(project)
    is_refused = error.exit_code is ExitCode.REFUSED
    settle(document, "refused" if is_refused else "error", error.exit_code)
    if isinstance(error, ConfigError):
        document["errors"].append(f"{_UNUSABLE}: see its findings")
        document["findings"] = findings_document(error.findings)["findings"]
    else:
        document["errors"].extend(error.lines)
    return document


def document_of(
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
        settle(document, "error", ExitCode.ERROR)
    elif rooms is not None and rooms.unread:
        document["errors"].append("some rooms could not be looked into")
        settle(document, "error", ExitCode.ERROR)
    elif differs:
        settle(document, "drift" if is_drift else "changes", if_different)
    return document


# ---------------------------------------------------------------------------------------------------------------------
# Output
# ---------------------------------------------------------------------------------------------------------------------


def findings_of(one: ProjectPlanned) -> list[Finding]:
    """The findings of a project, for annotations."""
    if isinstance(one.result, ConfigError):
        return list(one.result.findings)
    return [] if isinstance(one.result, ReconcileError) else list(one.result.plan.findings)


def print_projects(
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
    tell_errors(document, output)
    return document["exit_code"]


def tell_errors(document: ProjectsDocument, output: Output) -> None:
    """A line on stderr for each thing that went wrong, and for each note about neighbours."""
    for one in document["projects"]:
        for error in one["errors"]:
            line = _with_finding(error, one)
            click.echo(escape(f"{project_name(one['name'])}: error: {line}"), err=True)
        for told in one["notes"]:
            note(f"{project_name(one['name'])}: note: {told}", output)


def _with_finding(error: str, project: ProjectDocument) -> str:
    """An error that comes of findings, with the first of them: stderr is all that some logs keep."""
    plan = project["plan"]
    found = plan["findings"] if plan is not None else project["findings"]
    errors = [finding for finding in found if finding["severity"] == "error"]
    if not errors or not error.startswith((_UNFIT, _UNUSABLE)):
        return error
    more = f" (and {plural(len(errors) - 1, 'more error')})" if len(errors) > 1 else ""
    return f"{error.removesuffix(': see its findings')}: {finding_line(errors[0])}{more}"
