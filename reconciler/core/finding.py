"""A finding: something about the file, or about what it would do, that its author should know."""

from __future__ import annotations

import enum

import msgspec

DOCS = "https://livekit-reconciler.readthedocs.io/en/latest/findings/"


class Severity(enum.StrEnum):
    """An error stops a command with exit code 1; warnings and notes only with `--strict`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Mark(msgspec.Struct, frozen=True, order=True):
    """A place in a file; line and column count from 1, and 0 means the file as a whole."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Mark()


class Finding(msgspec.Struct, frozen=True):
    """One problem: a stable code, the place, the reason in one sentence, the way out.

    `path` names the place in the language of the file (`sip.dispatch_rules.inbound.trunks[0]`); a finding about the
    live project has a path and no mark.
    """

    code: str
    severity: Severity
    path: str
    message: str
    fix: str = ""
    mark: Mark = NOWHERE

    @property
    def url(self) -> str:
        """Where the code is explained."""
        return f"{DOCS}{self.code}/"

    @property
    def sort_key(self) -> tuple[str, int, int, str, str, str]:
        """Findings are read from the top of the file to its end, those about the live project first."""
        mark = self.mark
        return (mark.file, mark.line, mark.column, self.path, self.code, self.message)

    def __str__(self) -> str:
        place = str(self.mark) or self.path
        fix = f" - {self.fix}" if self.fix else ""
        where = f" ({self.path})" if self.mark.file and self.path else ""
        return f"{place}: {self.severity}[{self.code}] {self.message}{where}{fix}"


def has_errors(findings: tuple[Finding, ...]) -> bool:
    """Whether any of them stops a command."""
    return any(finding.severity is Severity.ERROR for finding in findings)
