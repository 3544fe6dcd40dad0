"""Many projects as one document, and as text: a table with a row for each, and below it all of those with something to
tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import get_args

from reconciler.errors import ExitCode
from reconciler.render.document import FORMAT_VERSION, to_json
from reconciler.render.escape import escape, shorten
from reconciler.render.outline import Line, Section, plural
from reconciler.render.paint import Painter, painter
from reconciler.render.plan_outline import findings_section, severities, tests_section
from reconciler.render.project_shapes import (
    ProjectDocument,
    ProjectsCommand,
    ProjectsDocument,
    State,
)
from reconciler.render.shapes import Counts, FindingDocument, TestDocument
from reconciler.render.text import page, plan_text, report_text

# An error that happened weighs more than a refusal, that more than a difference: a script acts on the worst.
SEVERITY_OF_CODES = (
    ExitCode.INTERRUPTED,
    ExitCode.ERROR,
    ExitCode.REFUSED,
    ExitCode.CHANGES,
    ExitCode.OK,
)
_TITLES = {"validate": "Findings", "plan": "Plan", "apply": "Apply", "drift": "Drift"}
_OK = {"validate": "valid", "plan": "no changes", "apply": "no changes", "drift": "no drift"}
_OF_OK = {
    "validate": "valid",
    "plan": "without changes",
    "apply": "as the file says",
    "drift": "without drift",
}
_STATES: dict[State, str] = {
    "changes": "changes",
    "drift": "drift",
    "error": "error",
    "refused": "refused",
    "incomplete": "incomplete",
    "interrupted": "interrupted",
    "not_tried": "not tried",
}
_STYLES = {"ok": "done", "changes": "~", "drift": "~", "not_tried": "warning"}
_LONGEST_NAME = 60
_LONGEST_REASON = 100
_GAP = "  "


def worst(codes: Iterable[int]) -> ExitCode:
    """The exit code of the whole: 130 before 1, 1 before 3, 3 before 2, 2 before 0."""
    found = set(codes)
    return next((code for code in SEVERITY_OF_CODES if code in found), ExitCode.OK)


def projects_document(
    command: ProjectsCommand, folder: str, projects: Sequence[ProjectDocument]
) -> ProjectsDocument:
    """Many projects as a document."""
    counts = Counter(one["state"] for one in projects)
    return {
        "format_version": FORMAT_VERSION,
        "command": command,
        "folder": folder,
        "exit_code": int(worst(one["exit_code"] for one in projects)),
        "summary": {state: counts[state] for state in get_args(State)},
        "projects": list(projects),
    }


def show_projects(
    document: ProjectsDocument, form: str, *, color: bool = False, verbose: bool = False
) -> str:
    """Many projects in any format."""
    match form:
        case "json":
            return to_json(document)
        case "text":
            return projects_text(document, color=color, verbose=verbose)
    from reconciler.render.projects_markdown import projects_comment, projects_markdown

    if form == "github":
        return projects_comment(document, verbose=verbose)
    return projects_markdown(document, verbose=verbose)


# ---------------------------------------------------------------------------------------------------------------------
# Text
# ---------------------------------------------------------------------------------------------------------------------


def projects_text(document: ProjectsDocument, *, color: bool = False, verbose: bool = False) -> str:
    """The table, what it comes to, and the projects with something to tell as they look alone."""
    paint = painter(color)
    parts = [
        _table(document, paint),
        *(
            _whole(one, color=color, verbose=verbose)
            for one in document["projects"]
            if verbose or is_telling(one)
        ),
    ]
    if len(parts) > 1:
        # Whoever scrolls up from the end of many plans wants the sum there.
        parts.append(paint(conclusion(document), "title") + "\n")
    return "\n".join(parts)


def is_telling(one: ProjectDocument) -> bool:
    """Whether a project has more to tell than its row in the table."""
    return (
        one["state"] != "ok"
        or bool(one["report"])
        or (one["plan"] is None and bool(one["findings"]))
    )


def _table(document: ProjectsDocument, paint: Painter) -> str:
    names, *body = rows(document)
    table = [names, *body]
    widths = [max(len(row[column]) for row in table) for column in range(len(names))]
    lines = [paint(heading(document), "title"), ""]
    for number, row in enumerate(table):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if number:
            state = document["projects"][number - 1]["state"]
            cells[-1] = paint(row[-1], _STYLES.get(state, "error"))
        else:
            cells[-1] = row[-1]
        lines.append(_GAP.join(cells).rstrip())
    lines += ["", paint(conclusion(document), "title")]
    return "\n".join(lines) + "\n"


def heading(document: ProjectsDocument) -> str:
    """What this is about."""
    count = plural(len(document["projects"]), "project")
    return f"{_TITLES[document['command']]} of {count} in {escape(document['folder'])}"


def rows(document: ProjectsDocument) -> list[tuple[str, ...]]:
    """The table: its head, and a row for each project."""
    if document["command"] == "validate":
        head: tuple[str, ...] = ("project", "findings", "tests", "state")
        return [head, *(_validated_row(one) for one in document["projects"])]
    head = ("project", "host", "sip", "agents", "unlisted", "findings", "state")
    return [head, *(_planned_row(one, document["command"]) for one in document["projects"])]


def _planned_row(one: ProjectDocument, command: ProjectsCommand) -> tuple[str, ...]:
    name, state = _name(one), state_words(one, command)
    host = "-" if one["host"] is None else shorten(escape(one["host"]), _LONGEST_NAME)
    plan = one["plan"]
    if plan is None:
        return (name, host, "-", "-", "-", _findings(one["findings"]), state)
    summary = plan["summary"]
    return (
        name,
        host,
        _counts(summary["sip"]),
        _counts(summary["agents"]),
        f"{summary['sip']['unlisted']:,}",
        _findings(plan["findings"]),
        state,
    )


def _validated_row(one: ProjectDocument) -> tuple[str, ...]:
    return (
        _name(one),
        _findings(one["findings"]),
        _tests(one["tests"]),
        state_words(one, "validate"),
    )


def _name(one: ProjectDocument) -> str:
    return shorten(escape(one["name"]), _LONGEST_NAME) or '""'


def _counts(counts: Counts) -> str:
    """`+1 ~2 -0`; a rename is a change."""
    return f"+{counts['create']:,} ~{counts['update'] + counts['rename']:,} -{counts['delete']:,}"


def _findings(findings: list[FindingDocument]) -> str:
    return severities(findings) or "-"


def _tests(tests: list[TestDocument]) -> str:
    failed = sum(not test["passed"] for test in tests)
    return f"{len(tests) - failed:,} passed, {failed:,} failed" if tests else "-"


def state_words(one: ProjectDocument, command: ProjectsCommand) -> str:
    """What a project came to; of what went wrong the first line."""
    if one["state"] == "ok":
        return "applied" if one["report"] is not None else _OK[command]
    words = _STATES[one["state"]]
    if not one["errors"]:
        return words
    return f"{words}: {shorten(escape(one['errors'][0]), _LONGEST_REASON)}"


def conclusion(document: ProjectsDocument) -> str:
    """What all of it comes to, in one line."""
    total = len(document["projects"])
    ok = document["summary"]["ok"]
    told = [
        f"{document['summary'][state]:,} {_of_state(state)}"
        for state in _STATES
        if document["summary"][state]
    ]
    if ok:
        told.append(f"{ok:,} {_OF_OK[document['command']]}")
    return f"{plural(total, 'project')}: {', '.join(told)}."


def _of_state(state: State) -> str:
    words = {"changes": "with changes", "drift": "with drift", "error": "failed"}
    return words.get(state, _STATES[state])


def _whole(one: ProjectDocument, *, color: bool, verbose: bool) -> str:
    """A project as its own command would show it, with what is to be said of it beside that."""
    shown = []
    beside = beside_sections(one, verbose=verbose)
    if beside:
        title = f"{escape(one['name'])} ({escape(one['file'])})"
        shown.append(page(title, beside, "", color).rstrip("\n") + "\n")
    if one["report"] is not None:
        shown.append(report_text(one["report"], color=color, verbose=verbose))
    elif one["plan"] is not None:
        shown.append(plan_text(one["plan"], color=color, verbose=verbose))
    return "\n".join(shown)


def beside_sections(one: ProjectDocument, *, verbose: bool) -> list[Section]:
    """What is to be said of a project beside its plan: what went wrong, and what is wrong with a file without one."""
    found = [
        Section("Errors", tuple(Line(escape(text)) for text in one["errors"]), urgent=True),
        Section("Neighbours", tuple(Line(escape(text)) for text in one["notes"])),
        tests_section(one["tests"], verbose=verbose),
        findings_section(one["findings"]),
    ]
    return [section for section in found if section.lines]
