"""Collects what is wrong with a configuration, so that all of it is reported at once.

The number of findings and the work spent on guesses are limited, so that no file can make a command run for minutes:
whoever has ten thousand errors does not miss the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reconciler.config.suggest import (
    MANY,
    MAX_SEARCHES,
    closest,
    further_below,
    known_word,
    listing,
)
from reconciler.core.finding import NOWHERE, Finding, Mark, Severity

MAX_FINDINGS = 10_000


class Problems:
    """Findings in the order they were made; `sorted()` is the order in which they are read."""

    def __init__(self) -> None:
        self.errors = 0
        self._findings: list[Finding] = []
        self._count: Counter[Severity] = Counter()
        self._suggestions: dict[tuple[str, tuple[str, ...], tuple[str, ...]], str] = {}
        self._left = MAX_SEARCHES

    def error(
        self, code: str, path: str, message: str, fix: str = "", mark: Mark = NOWHERE
    ) -> None:
        """Notes something that stops every command."""
        self.errors += 1
        self._add(Finding(code, Severity.ERROR, path, message, fix, mark))

    def warning(
        self, code: str, path: str, message: str, fix: str = "", mark: Mark = NOWHERE
    ) -> None:
        """Notes something that the author should know."""
        self._add(Finding(code, Severity.WARNING, path, message, fix, mark))

    def extend(self, findings: Iterable[Finding]) -> None:
        """Takes over findings made elsewhere."""
        for finding in findings:
            self.errors += finding.severity is Severity.ERROR
            self._add(finding)

    def sorted(self) -> tuple[Finding, ...]:
        """All of them by file and line; one that was made twice stands once."""
        return tuple(sorted(dict.fromkeys(self._findings), key=lambda finding: finding.sort_key))

    def did_you_mean(self, word: str, known: Iterable[str], below: tuple[str, ...] = ()) -> str:
        """`did you mean "callers"?` for a slip, one of LiveKit's names or camelCase; else the choices.

        `below` are paths of what stands on deeper levels than the word does.
        """
        words = tuple(known)
        asked = (word, words, below)
        found = self._suggestions.get(asked)
        if found is None:
            found = known_word(word, words) if self._left or len(words) <= MANY else ""
            found = found or further_below(word, below)
            if not found and self._left:
                self._left -= 1
                found = closest(word, words)
            found = self._suggestions[asked] = found or listing(words)
        return found

    def _add(self, finding: Finding) -> None:
        """Each severity has a limit of its own: no number of warnings may hide an error, or become one."""
        severity = finding.severity
        self._count[severity] += 1
        if self._count[severity] <= MAX_FINDINGS:
            self._findings.append(finding)
        elif self._count[severity] == MAX_FINDINGS + 1:
            message = f"more than {MAX_FINDINGS:,} {severity}s: the rest is not told"
            fix = "mend the first ones and run this again"
            self._findings.append(Finding("too-many", severity, "", message, fix, finding.mark))
