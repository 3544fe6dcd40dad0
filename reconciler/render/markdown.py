"""Documents as Markdown, for job summaries and pull requests.

Everything that comes from a file or a server stands in a code span or in a fence, and every line of it has been
through `escape`: it can neither break out, nor mention anybody, nor become a link or a tag. A fence is longer than
any run of backticks in it. Where there is a limit, sections give up lines, the longest first, and say how many; the
heading, the counts and the last line are always there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.render import plan_outline, report
from reconciler.render.escape import escape, shorten
from reconciler.render.live_outline import conclusion as snapshot_conclusion
from reconciler.render.live_outline import sections as snapshot_sections
from reconciler.render.outline import Line, Section
from reconciler.render.reroutes import explained_sections
from reconciler.render.shapes import (
    FindingDocument,
    FindingsDocument,
    PlanDocument,
    ReportDocument,
    SnapshotDocument,
    Summary,
)

SUMMARY_LIMIT = 1_000_000
"""A job summary holds 1 MiB, and a job may write more than one."""

_DIFF_MARKS = {"+": "+ ", "-": "- ", "~": "! ", "→": "! ", " ": "  "}
_INDENT = ("", "    ", "      ")
_LONGEST_LINE = 2_000
_LONGEST_NAME = 200
_MOST_LINKS = 30
_CODE = re.compile(r"[A-Za-z0-9_-]+")


def plan_markdown(
    document: PlanDocument,
    *,
    verbose: bool = False,
    limit: int = SUMMARY_LIMIT,
    fold: bool = False,
    drawing: str = "",
    reasons: int = 0,
) -> str:
    """A plan or a drift. `fold`: sections that are not urgent are closed until somebody opens them.

    `drawing` is a map as Mermaid, `reasons` of how many groups of calls is told why they meet something else.
    """
    head = [
        f"## {'Drift' if 'drift' in document else 'Plan'}{_of(document['project'], document['host'])}",
        f"**{plan_outline.conclusion(document)}**",
    ]
    if any(_numbers(document["summary"])):
        head.append(_table(document["summary"]))
    if drawing:
        head.append(_folded("The map of what changes", f"```mermaid\n{drawing}```"))
    parts = plan_outline.sections(document, verbose=verbose)
    parts += explained_sections(document, reasons)
    return assemble(head, parts, _links(document["findings"]), limit, fold=fold)


def report_markdown(
    document: ReportDocument,
    *,
    verbose: bool = False,
    limit: int = SUMMARY_LIMIT,
    fold: bool = False,
) -> str:
    """What an apply did."""
    head = [
        f"## Apply{_of(document['project'], document['host'])}",
        f"**{report.conclusion(document)}**",
    ]
    return assemble(head, report.sections(document, verbose=verbose), [], limit, fold=fold)


def findings_markdown(document: FindingsDocument, *, limit: int = SUMMARY_LIMIT) -> str:
    """Findings alone."""
    parts = [
        plan_outline.tests_section(document["tests"], verbose=False),
        plan_outline.findings_section(document["findings"]),
    ]
    counts = plan_outline.severities(document["findings"])
    head = ["## Findings", f"**{counts or 'Nothing found'}.**"]
    shown = [part for part in parts if part.lines]
    return assemble(head, shown, _links(document["findings"]), limit, fold=False)


def snapshot_markdown(document: SnapshotDocument, *, verbose: bool = False) -> str:
    """The objects of a snapshot."""
    head = [f"## Snapshot{_of('', document['host'])}", f"**{snapshot_conclusion(document)}**"]
    parts = snapshot_sections(document, verbose=verbose)
    return assemble(head, parts, [], SUMMARY_LIMIT, fold=False)


# ---------------------------------------------------------------------------------------------------------------------
# Pieces
# ---------------------------------------------------------------------------------------------------------------------


def code_span(text: str) -> str:
    """The text as code within a line, whatever is in it."""
    shown = shorten(escape(text), _LONGEST_NAME)
    ticks = _ticks(shown, 1)
    return f"{ticks} {shown} {ticks}" if "`" in shown or shown != shown.strip() else f"`{shown}`"


def _ticks(text: str, least: int) -> str:
    """More backticks than any run of them in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)


def _of(project: str, host: str) -> str:
    of = f" of {code_span(project)}" if project else ""
    return f"{of} on {code_span(host)}" if host else of


def _numbers(summary: Summary) -> list[int]:
    return [
        count
        for counts in (summary["sip"], summary["agents"])
        for count in counts.values()
        if isinstance(count, int)
    ]


def _table(summary: Summary) -> str:
    rows = [
        "| | create | update | rename | delete | unlisted |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for plane, counts in (("SIP plane", summary["sip"]), ("agent plane", summary["agents"])):
        numbers = (
            counts["create"],
            counts["update"],
            counts["rename"],
            counts["delete"],
            counts["unlisted"],
        )
        rows.append(f"| {plane} | {' | '.join(f'{number:,}' for number in numbers)} |")
    return "\n".join(rows)


def _links(findings: Sequence[FindingDocument]) -> list[str]:
    """The pages that explain the findings; codes and addresses are this project's own."""
    pages = {one["code"]: one["url"] for one in findings if _CODE.fullmatch(one["code"])}
    if not pages:
        return []
    links = [f"[{code}]({url})" for code, url in sorted(pages.items())]
    more = ", …" if len(links) > _MOST_LINKS else ""
    return [f"Explained: {', '.join(links[:_MOST_LINKS])}{more}"]


# ---------------------------------------------------------------------------------------------------------------------
# Fitting
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Block:
    """A section ready to be cut: its lines as they will stand, and which of them start an object."""

    section: Section
    lines: tuple[str, ...]
    starts: tuple[bool, ...]

    @property
    def fence(self) -> str:
        """What opens and closes the lines."""
        return _ticks("\n".join(self.lines), 3)

    @property
    def size(self) -> int:
        """What the lines take with their fence."""
        return self.frame + sum(_size(line) + 1 for line in self.lines)

    @property
    def frame(self) -> int:
        """What the fence takes as soon as there is a line."""
        return 2 * len(self.fence) + len("diff\n\n\n\n")


def assemble(
    head: Sequence[str], parts: Sequence[Section], tail: Sequence[str], limit: int, *, fold: bool
) -> str:
    """The page within `limit`, counted in bytes of UTF-8, so that no way of counting characters finds more."""
    blocks = [_block(section) for section in parts]
    fixed = [*head, *tail]
    room = limit - sum(_size(text) + 2 for text in fixed)
    room -= sum(_size(_section(block, 0, fold)) + 2 for block in blocks)
    if room < 0 and tail:
        return assemble(head, parts, [], limit, fold=fold)
    shown = _shares(blocks, room)
    pieces = [
        *head,
        *(_section(block, count, fold) for block, count in zip(blocks, shown, strict=True)),
        *tail,
    ]
    return "\n\n".join(pieces) + "\n"


def _block(section: Section) -> _Block:
    return _Block(
        section,
        tuple(_line(line, section) for line in section.lines),
        tuple(line.depth == 0 for line in section.lines),
    )


def _line(line: Line, section: Section) -> str:
    text = line.text
    if len(text) > _LONGEST_LINE:
        text = f"{text[:_LONGEST_LINE]}…"
    mark = _DIFF_MARKS[line.mark] if section.marked else ""
    return f"{mark}{_INDENT[line.depth]}{text}".rstrip()


def _shares(blocks: Sequence[_Block], room: int) -> list[int]:
    """How many lines of each block are shown. Small blocks are shown in full before large ones share what is left."""
    shown = [0] * len(blocks)
    order = sorted(range(len(blocks)), key=lambda index: blocks[index].size)
    for position, index in enumerate(order):
        share = max(0, room) // (len(order) - position) - blocks[index].frame
        room -= blocks[index].frame
        for line in blocks[index].lines:
            cost = _size(line) + 1
            if cost > share:
                break
            share -= cost
            room -= cost
            shown[index] += 1
    return shown


def _section(block: _Block, count: int, fold: bool) -> str:
    """A section with its first `count` lines and the number of those left out."""
    language = "diff" if block.section.marked else "text"
    lines = [f"{block.fence}{language}", *block.lines[:count], block.fence] if count else []
    title = block.section.title
    body = "\n".join(lines)
    missing = _missing(block, count)
    parts = [part for part in (body, missing) if part]
    if fold and not block.section.urgent:
        return _folded(title, "\n\n".join(parts))
    return "\n\n".join([f"### {title}", *parts])


def _folded(title: str, inside: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{inside}\n\n</details>"


def _missing(block: _Block, count: int) -> str:
    lines = len(block.lines) - count
    if not lines:
        return ""
    entries = sum(block.starts[count:])
    return f"… and {entries:,} more ({lines:,} lines), which do not fit here. The output of the command has them all."


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
