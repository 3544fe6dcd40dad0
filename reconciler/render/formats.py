"""One function for each kind of document that gives it in any format; renderers are imported when they are needed."""

from __future__ import annotations

import enum
from typing import assert_never

from reconciler.render.document import to_json
from reconciler.render.shapes import (
    FindingsDocument,
    IdsDocument,
    PlanDocument,
    ReportDocument,
    SnapshotDocument,
)


class Format(enum.StrEnum):
    """What `--format` takes."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"


def show_plan(
    document: PlanDocument,
    form: Format,
    *,
    color: bool = False,
    verbose: bool = False,
    drawing: str = "",
) -> str:
    """A plan or a drift; for GitHub with a map of what changes, as Mermaid."""
    match form:
        case Format.JSON:
            return to_json(document)
        case Format.TEXT:
            from reconciler.render.text import plan_text

            return plan_text(document, color=color, verbose=verbose)
        case Format.MARKDOWN:
            from reconciler.render.markdown import plan_markdown

            return plan_markdown(document, verbose=verbose)
        case Format.GITHUB:
            from reconciler.render.github import plan_comment

            return plan_comment(document, verbose=verbose, drawing=drawing)
    assert_never(form)


def show_report(
    document: ReportDocument, form: Format, *, color: bool = False, verbose: bool = False
) -> str:
    """What an apply did."""
    match form:
        case Format.JSON:
            return to_json(document)
        case Format.TEXT:
            from reconciler.render.text import report_text

            return report_text(document, color=color, verbose=verbose)
        case Format.MARKDOWN:
            from reconciler.render.markdown import report_markdown

            return report_markdown(document, verbose=verbose)
        case Format.GITHUB:
            from reconciler.render.github import report_comment

            return report_comment(document, verbose=verbose)
    assert_never(form)


def show_findings(document: FindingsDocument, form: Format, *, color: bool = False) -> str:
    """Findings alone; for GitHub as annotations."""
    match form:
        case Format.JSON:
            return to_json(document)
        case Format.TEXT:
            from reconciler.render.text import findings_text

            return findings_text(document, color=color)
        case Format.MARKDOWN:
            from reconciler.render.markdown import findings_markdown

            return findings_markdown(document)
        case Format.GITHUB:
            from reconciler.render.github import annotations

            return annotations(document["findings"])
    assert_never(form)


def show_ids(document: IdsDocument, form: Format, *, color: bool = False) -> str:
    """Ids as JSON, or in any other format as lines for a shell, which are never coloured."""
    if form is Format.JSON:
        return to_json(document)
    from reconciler.render.live_outline import env_lines

    return env_lines(document)


def show_snapshot(
    document: SnapshotDocument, form: Format, *, color: bool = False, verbose: bool = False
) -> str:
    """The objects of a snapshot."""
    match form:
        case Format.JSON:
            return to_json(document)
        case Format.TEXT:
            from reconciler.render.text import snapshot_text

            return snapshot_text(document, color=color, verbose=verbose)
        case Format.MARKDOWN | Format.GITHUB:
            from reconciler.render.markdown import snapshot_markdown

            return snapshot_markdown(document, verbose=verbose)
    assert_never(form)
