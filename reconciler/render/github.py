"""Documents for GitHub: a comment on a pull request, and annotations of a workflow.

A comment starts with a hidden marker that is the same for one project every time, so that a workflow finds its
comment and updates it in place. It never exceeds what GitHub takes.
"""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote as percent_encode

from reconciler.render.escape import escape, quote
from reconciler.render.markdown import plan_markdown, report_markdown
from reconciler.render.shapes import (
    ChangeDocument,
    FindingDocument,
    PlanDocument,
    ReportDocument,
)
from reconciler.render.words import title

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


def annotations(findings: Iterable[FindingDocument], changes: Iterable[ChangeDocument] = ()) -> str:
    """One workflow command a line: findings, and what happens to the objects of the file where they stand in it.

    Of more than ten of a severity the tenth says how many are left out.
    """
    by_command: dict[str, list[str]] = {command: [] for command in _COMMANDS.values()}
    for finding in findings:
        command = _COMMANDS[finding["severity"]]
        by_command[command].append(_of_finding(command, finding))
    by_command["notice"] += (_of_change(one) for one in changes if "file" in one)
    lines: list[str] = []
    for command, found in by_command.items():
        if len(found) > ANNOTATIONS:
            more = len(found) - ANNOTATIONS + 1
            found[ANNOTATIONS - 1 :] = [
                f"::{command}::{more} more are in the output of the command"
            ]
        lines += found
    return "".join(f"{line}\n" for line in lines)


def _of_finding(command: str, finding: FindingDocument) -> str:
    fix = f" - {finding['fix']}" if finding["fix"] else ""
    place = f"{finding['path']}: " if finding["path"] and finding["file"] is None else ""
    message = f"{place}{finding['message']}{fix}"
    where = (finding["file"], finding["line"], finding["column"])
    return _annotation(command, where, finding["code"], message)


def _of_change(change: ChangeDocument) -> str:
    name = f"{title(change['kind'])} {quote(change['name'])}"
    fields = ", ".join(field["path"] for field in change["fields"])
    told = f": {fields}" if change["action"] == "update" else ""
    where = (change["file"], change["line"], change["column"])
    return _annotation("notice", where, "plan", f"{change['action']} {name}{told}")


def _annotation(
    command: str, where: tuple[str | None, int | None, int | None], code: str, message: str
) -> str:
    properties = (*zip(("file", "line", "col"), where, strict=True), ("title", code))
    told = ",".join(f"{key}={_property(str(one))}" for key, one in properties if one is not None)
    return f"::{command} {told}::{_data(message)}"


def _data(text: str) -> str:
    """The text of a workflow command; newlines and the like are gone before GitHub could see them."""
    return escape(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
