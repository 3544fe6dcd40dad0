"""Documents for a terminal. Nothing is ever wrapped: a line of output is a line of the plan, also in a log."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.render import live_outline, report
from reconciler.render.outline import Line, Section
from reconciler.render.paint import Painter, painter
from reconciler.render.plan_outline import (
    conclusion,
    finding_line,
    heading,
    sections,
    severities,
    tests_section,
)
from reconciler.render.shapes import (
    FindingsDocument,
    PlanDocument,
    ReportDocument,
    SnapshotDocument,
)

_INDENT = ("  ", "      ", "        ")
_SEVERITY = re.compile(r"(?:^|: )(error|warning|note)(?=\[)")


def plan_text(document: PlanDocument, *, color: bool = False, verbose: bool = False) -> str:
    """A plan or a drift."""
    return page(heading(document), sections(document, verbose=verbose), conclusion(document), color)


def findings_text(document: FindingsDocument, *, color: bool = False) -> str:
    """Findings alone, flush left for editors that jump to them; then routing tests, then the counts."""
    paint = painter(color)
    lines = [_finding(finding_line(one), paint) for one in document["findings"]]
    tests = tests_section(document["tests"], verbose=False)
    if tests.lines:
        lines.extend(_section(tests, paint))
    if document["findings"]:
        lines.append(paint(f"{severities(document['findings'])}.", "title"))
    return "".join(f"{line}\n" for line in lines)


def report_text(document: ReportDocument, *, color: bool = False, verbose: bool = False) -> str:
    """What an apply did."""
    parts = report.sections(document, verbose=verbose)
    return page(report.heading(document), parts, report.conclusion(document), color)


def snapshot_text(document: SnapshotDocument, *, color: bool = False, verbose: bool = False) -> str:
    """The objects of a snapshot."""
    parts = live_outline.sections(document, verbose=verbose)
    return page(live_outline.heading(document), parts, live_outline.conclusion(document), color)


def page(title: str, parts: Iterable[Section], last: str, color: bool) -> str:
    """A title, sections and a last line."""
    paint = painter(color)
    lines = [paint(title, "title")]
    for section in parts:
        lines.append("")
        lines.extend(_section(section, paint))
    lines.extend(("", paint(last, "title")))
    return "\n".join(lines) + "\n"


def _section(section: Section, paint: Painter) -> list[str]:
    return [paint(section.title, "title"), *(_line(line, section, paint) for line in section.lines)]


def _line(line: Line, section: Section, paint: Painter) -> str:
    if section.flush:
        return _finding(line.text, paint)
    # A field needs no mark: the object above it has one.
    mark = line.mark if section.marked and line.depth != 1 else " "
    text = line.text if mark == " " else paint(f"{mark} {line.text}", mark)
    return f"{_INDENT[line.depth]}{text}"


def _finding(text: str, paint: Painter) -> str:
    """A finding with its severity in colour."""
    found = _SEVERITY.search(text)
    if found is None:
        return text
    start, end = found.span(1)
    return f"{text[:start]}{paint(found[1], found[1])}{text[end:]}"
