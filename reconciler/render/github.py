"""Documents for GitHub: a comment on a pull request, and annotations of a workflow.

A comment starts with a hidden marker that is the same for one project every time, so that a workflow finds its
comment and updates it in place. It never exceeds what GitHub takes.
"""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote as percent_encode

from reconciler.render.escape import escape
from reconciler.render.markdown import plan_markdown, report_markdown
from reconciler.render.shapes import FindingDocument, PlanDocument, ReportDocument

COMMENT_LIMIT = 65_536
"""A longer comment is refused by GitHub as a whole."""
ANNOTATIONS = 10
"""GitHub shows this many of each severity for one step and drops the rest without a word."""

DRAWING_LIMIT = 20_000
"""A map may take so many bytes of a comment; what changes in words is worth more."""
REASONS = 5
"""So many groups of calls that meet something else are explained."""

_LONGEST_NAME = 200
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def comment_marker(project: str, what: str = "plan") -> str:
    """The hidden first line of a comment. A comment in HTML ends at two hyphens, so no two stand together."""
    name = re.sub("-(?=-)", "%2D", percent_encode(project, safe="", errors="backslashreplace"))
    if len(name) > _LONGEST_NAME:
        name = hashlib.sha256(name.encode()).hexdigest()
    return f"<!-- livekit-reconciler:{what}:{name} -->"


def plan_comment(
    document: PlanDocument,
    *,
    verbose: bool = False,
    limit: int = COMMENT_LIMIT,
    drawing: str = "",
) -> str:
    """A plan or a drift as a comment: the counts first, the map of what changes, the details folded.

    `drawing` is the map as Mermaid. Where it would take too much of the comment, it is left out.
    """
    marker = comment_marker(document["project"], "drift" if "drift" in document else "plan")
    page = plan_markdown(
        document,
        verbose=verbose,
        limit=limit - len(marker.encode()) - 1,
        fold=True,
        drawing=drawing if len(drawing.encode()) <= limit // 2 else "",
        reasons=REASONS,
    )
    return f"{marker}\n{page}"


def report_comment(
    document: ReportDocument, *, verbose: bool = False, limit: int = COMMENT_LIMIT
) -> str:
    """What an apply did, as a comment."""
    marker = comment_marker(document["project"], "apply")
    room = limit - len(marker.encode()) - 1
    return f"{marker}\n{report_markdown(document, verbose=verbose, limit=room, fold=True)}"


def annotations(findings: Iterable[FindingDocument]) -> str:
    """One workflow command a line. Of more than ten of a severity the tenth says how many are left out."""
    by_severity: dict[str, list[FindingDocument]] = {severity: [] for severity in _COMMANDS}
    for finding in findings:
        by_severity[finding["severity"]].append(finding)
    lines: list[str] = []
    for severity, found in by_severity.items():
        command = _COMMANDS[severity]
        if len(found) > ANNOTATIONS:
            shown = ANNOTATIONS - 1
            lines.extend(_annotation(command, finding) for finding in found[:shown])
            lines.append(
                f"::{command}::{len(found) - shown} more findings are in the output of the command"
            )
        else:
            lines.extend(_annotation(command, finding) for finding in found)
    return "".join(f"{line}\n" for line in lines)


def _annotation(command: str, finding: FindingDocument) -> str:
    properties = {
        "file": finding["file"],
        "line": finding["line"],
        "col": finding["column"],
        "title": finding["code"],
    }
    told = ",".join(
        f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None
    )
    fix = f" - {finding['fix']}" if finding["fix"] else ""
    place = f"{finding['path']}: " if finding["path"] and finding["file"] is None else ""
    return f"::{command} {told}::{_data(place + finding['message'] + fix)}"


def _data(text: str) -> str:
    """The text of a workflow command; newlines and the like are gone before GitHub could see them."""
    return escape(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
