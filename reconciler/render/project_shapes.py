"""The shape of what many projects come to: what `--format json` prints with `--projects`."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

from reconciler.render.shapes import FindingDocument, PlanDocument, ReportDocument, TestDocument

ProjectsCommand: TypeAlias = Literal["validate", "plan", "apply", "drift"]

State: TypeAlias = Literal[
    "ok", "changes", "drift", "error", "refused", "incomplete", "interrupted", "not_tried"
]
"""What a project came to. `ok`: nothing is left to do."""


class ProjectDocument(TypedDict):
    """One project. `findings` and `tests` are those of its file where there is no plan that has them."""

    name: str
    file: str
    host: str | None
    state: State
    exit_code: int
    errors: list[str]
    notes: list[str]
    findings: list[FindingDocument]
    tests: list[TestDocument]
    plan: PlanDocument | None
    report: ReportDocument | None


class ProjectsDocument(TypedDict):
    """All projects of a folder, in the order of their files; `summary` counts them by state."""

    format_version: int
    command: ProjectsCommand
    folder: str
    exit_code: int
    summary: dict[str, int]
    projects: list[ProjectDocument]
