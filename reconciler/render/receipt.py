"""A receipt, readable: when the file and the project were the same, and how much of each object it knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.render.escape import escape, quote
from reconciler.render.outline import Line, Section, plural
from reconciler.render.words import title


@dataclass(frozen=True, slots=True)
class ReceiptStory:
    """What there is to tell. `objects` are kind, name and the number of fields."""

    project: str
    host: str
    applied_at: str
    objects: Sequence[tuple[str, str, int]]


def receipt_text(story: ReceiptStory, *, color: bool = False) -> str:
    """A receipt for a terminal."""
    from reconciler.render.text import page

    heading = f"Receipt of {escape(story.project)} on {escape(story.host)}"
    return page(heading, _sections(story), _conclusion(story), color)


def receipt_markdown(story: ReceiptStory) -> str:
    """A receipt as Markdown."""
    from reconciler.render.markdown import SUMMARY_LIMIT, assemble, code_span

    heading = f"## Receipt of {code_span(story.project)} on {code_span(story.host)}"
    head = [heading, f"**Applied at {code_span(story.applied_at)}.**"]
    return assemble(head, _sections(story), [], SUMMARY_LIMIT, fold=False)


def _sections(story: ReceiptStory) -> list[Section]:
    lines = (
        Line(f"{title(kind)} {quote(name)}: {plural(fields, 'field')}")
        for kind, name, fields in story.objects
    )
    return [Section("Objects", tuple(lines))] if story.objects else []


def _conclusion(story: ReceiptStory) -> str:
    return f"Applied at {escape(story.applied_at)}."
