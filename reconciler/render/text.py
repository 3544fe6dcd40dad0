"""Documents for a terminal. Nothing is ever wrapped: a line of output is a line of the plan, also in a log."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
from reconciler.render.shapes import FindingsDocument, PlanDocument

_INDENT = ("  ", "      ", "          ")
_SEVERITY = re.compile(r": (error|warning|note)\[")


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
    indent = _INDENT[line.depth]
    if not section.marked:
        return f"{indent}{_finding(line.text, paint)}"
    # Fields of an object are told apart by their own marks only one level further down.
    if line.depth == 1:
        return f"{indent}{line.text}"
    if line.mark == " ":
        return f"{indent}{line.text}"
    return f"{indent}{paint(f'{line.mark} {line.text}', line.mark)}"


def _finding(text: str, paint: Painter) -> str:
    """The severity in its colour; other lines have none."""
    found = _SEVERITY.search(text)
    if found is None:
        return text
    start, end = found.span(1)
    return f"{text[:start]}{paint(found[1], found[1])}{text[end:]}"
