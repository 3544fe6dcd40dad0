"""A backup, readable: what lived before an apply, what the apply was to create, and which secrets are left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.objects import Snapshot
from reconciler.render import live_outline
from reconciler.render.escape import escape, quote
from reconciler.render.live import snapshot_document
from reconciler.render.outline import Line, Section
from reconciler.render.words import title


@dataclass(frozen=True, slots=True)
class BackupStory:
    """What there is to tell. `created` are kind, name and id if known; `secrets` a place and where it is read from."""

    project: str
    taken_at: str
    has_ended: bool
    before: Snapshot
    created: tuple[tuple[str, str, str | None], ...]
    secrets: tuple[tuple[str, str], ...]


def backup_text(story: BackupStory, *, color: bool = False, verbose: bool = False) -> str:
    """A backup for a terminal."""
    from reconciler.render.text import page

    return page(_heading(story), _sections(story, verbose), _conclusion(story), color)


def backup_markdown(story: BackupStory, *, verbose: bool = False) -> str:
    """A backup as Markdown."""
    from reconciler.render.markdown import SUMMARY_LIMIT, assemble, code_span

    head = [f"## Backup of {code_span(story.project)}", f"**{_conclusion(story)}**"]
    return assemble(head, _sections(story, verbose), [], SUMMARY_LIMIT, fold=False)


def _heading(story: BackupStory) -> str:
    whose = " ".join(filter(None, (story.project, f"on {story.before.host}")))
    return f"Backup of {escape(whose)}, taken at {escape(story.taken_at)}"


def _sections(story: BackupStory, verbose: bool) -> list[Section]:
    before = live_outline.sections(snapshot_document(story.before), verbose=verbose)
    created = (
        Line(f"{title(kind)} {quote(name)}" + (f" ({escape(identifier)})" if identifier else ""))
        for kind, name, identifier in story.created
    )
    secrets = (Line(escape(f"{place}: {where}")) for place, where in story.secrets)
    return [
        *before,
        *_section("Created by the apply", created),
        *_section("Secrets that are not in here", secrets),
    ]


def _section(heading: str, lines: Iterable[Line]) -> list[Section]:
    found = tuple(lines)
    return [Section(heading, found)] if found else []


def _conclusion(story: BackupStory) -> str:
    told = live_outline.conclusion(snapshot_document(story.before)).rstrip(".")
    before = "nothing that lived" if not any(True for _ in story.before) else told
    ended = "" if story.has_ended else " The apply did not come to its end, or still runs."
    return f"To bring back: {before}; to delete: {len(story.created):,} created.{ended}"
