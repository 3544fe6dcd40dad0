"""Many projects as Markdown: one table, and the details of each folded below it. For GitHub all of it is one comment.

Where there is not room for everything, projects that are as they should be leave the table first, and details become
shorter, the longest first. What is left out is counted.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

from reconciler.render.escape import escape, shorten
from reconciler.render.github import COMMENT_LIMIT, comment_marker
from reconciler.render.markdown import SUMMARY_LIMIT, assemble, code_span
from reconciler.render.outline import Line, Section
from reconciler.render.plan_outline import conclusion as plan_conclusion
from reconciler.render.plan_outline import sections as plan_sections
from reconciler.render.project_shapes import ProjectDocument, ProjectsDocument
from reconciler.render.projects import beside_sections, conclusion, heading, is_telling, rows
from reconciler.render.report import conclusion as report_conclusion
from reconciler.render.report import sections as report_sections

_LONGEST_NAME = 60
_FOLDED = len("<details><summary></summary>\n\n\n\n</details>\n\n")
_LEFT_OUT = len(
    "… and 1,000,000 more (1,000,000 lines), which do not fit here. The output of the command has them all."
)


def projects_comment(
    document: ProjectsDocument, *, verbose: bool = False, limit: int = COMMENT_LIMIT
) -> str:
    """Many projects as one comment with one marker, which is the same for one folder every time."""
    marker = comment_marker(document["folder"], f"projects-{document['command']}")
    room = limit - len(marker.encode()) - 1
    return f"{marker}\n{projects_markdown(document, verbose=verbose, limit=room)}"


def projects_markdown(
    document: ProjectsDocument, *, verbose: bool = False, limit: int = SUMMARY_LIMIT
) -> str:
    """Many projects."""
    head = [f"## {_heading(document)}", f"**{conclusion(document)}**"]
    left = limit - sum(_size(text) + 2 for text in head)
    table = _table(document, left // 2)
    left -= _size(table) + 2
    parts: list[Section] = []
    telling = [one for one in _worst_first(document) if verbose or is_telling(one)]
    for number, one in enumerate(telling):
        section = _section(one, verbose=verbose)
        left -= _size(section.title) + _FOLDED + _LEFT_OUT
        if left < 2 * _LEFT_OUT:
            more = f"… and the details of {len(telling) - number:,} more projects, which do not fit here."
            return assemble([*head, table], parts, [more], limit, fold=True)
        parts.append(section)
    return assemble([*head, table], parts, [], limit, fold=True)


def _heading(document: ProjectsDocument) -> str:
    """The heading, with the folder in a code span, out of which no name of one breaks."""
    words = heading(document).removesuffix(escape(document["folder"]))
    return f"{words}{code_span(document['folder'])}"


def _table(document: ProjectsDocument, limit: int) -> str:
    """The table; where it is too long without the projects that are as they should be, and then without the last."""
    names, *body = rows(document)
    head = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    order = {id(one): number for number, one in enumerate(document["projects"])}
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in body]
    size = sum(_size(line) + 1 for line in (*head, *lines))
    if size <= limit:
        return "\n".join([*head, *lines])
    left = limit - sum(_size(line) + 1 for line in head) - 80
    chosen: list[int] = []
    for one in _worst_first(document):
        number = order[id(one)]
        left -= _size(lines[number]) + 1
        if left < 0:
            break
        chosen.append(number)
    more = f"\n\n… and {len(lines) - len(chosen):,} more projects, which do not fit here."
    return "\n".join([*head, *(lines[number] for number in sorted(chosen))]) + more


def _cell(text: str) -> str:
    """A cell; a bar would end it, even within code."""
    return code_span(text).replace("|", "\\|")


def _worst_first(document: ProjectsDocument) -> list[ProjectDocument]:
    return sorted(document["projects"], key=lambda one: one["state"] == "ok")


def _section(one: ProjectDocument, *, verbose: bool) -> Section:
    """A project as one section: its name and what it comes to as the title, all else as lines."""
    parts = beside_sections(one, verbose=verbose)
    told = ""
    if one["report"] is not None:
        parts += report_sections(one["report"], verbose=verbose)
        told = report_conclusion(one["report"])
    elif one["plan"] is not None:
        parts += plan_sections(one["plan"], verbose=verbose)
        told = plan_conclusion(one["plan"])
    # The title stands in a tag, where Markdown means nothing and HTML does.
    name = html.escape(shorten(escape(one["name"]), _LONGEST_NAME))
    return Section(f"<code>{name}</code> {told}".rstrip(), tuple(_flattened(parts)), marked=True)


def _flattened(parts: list[Section]) -> Iterator[Line]:
    for number, part in enumerate(parts):
        if number:
            yield Line("")
        yield Line(part.title)
        for line in part.lines:
            yield line if part.marked else Line(line.text, " ", line.depth)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
