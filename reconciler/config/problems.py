"""Collects what is wrong with a configuration, so that all of it is reported at once.

The number of findings and the work spent on guesses are limited, so that no file can make a command run for minutes:
whoever has ten thousand errors does not miss the next one.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.config.suggest import MANY, MAX_SEARCHES, closest, known_word, listing
from reconciler.core.finding import NOWHERE, Finding, Mark, Severity

MAX_FINDINGS = 10_000


class Problems:
    """Findings in the order they were made; `sorted()` is the order in which they are read."""

    def __init__(self) -> None:
        self.errors = 0
        self._findings: list[Finding] = []
        self._suggestions: dict[tuple[str, tuple[str, ...]], str] = {}
        self._left = MAX_SEARCHES

    def error(
        self, code: str, path: str, message: str, fix: str = "", mark: Mark = NOWHERE
    ) -> None:
        """Notes something that stops every command."""
        self.errors += 1
        self._add(
            Finding(code, Severity.ERROR, one_line(path), one_line(message), one_line(fix), mark)
        )

    def warning(
        self, code: str, path: str, message: str, fix: str = "", mark: Mark = NOWHERE
    ) -> None:
        """Notes something that the author should know."""
        self._add(
            Finding(code, Severity.WARNING, one_line(path), one_line(message), one_line(fix), mark)
        )

    def extend(self, findings: Iterable[Finding]) -> None:
        """Takes over findings made elsewhere."""
        for finding in findings:
            self.errors += finding.severity is Severity.ERROR
            self._add(finding)

    def sorted(self) -> tuple[Finding, ...]:
        """All of them by file and line; one that was made twice stands once."""
        return tuple(sorted(dict.fromkeys(self._findings), key=lambda finding: finding.sort_key))

    def did_you_mean(self, word: str, known: Iterable[str]) -> str:
        """`did you mean "callers"?` for a slip, one of LiveKit's names or camelCase; else the choices."""
        words = tuple(known)
        asked = (word, words)
        found = self._suggestions.get(asked)
        if found is None:
            found = known_word(word, words) if self._left or len(words) <= MANY else ""
            if not found and self._left:
                self._left -= 1
                found = closest(word, words)
            found = self._suggestions[asked] = found or listing(words)
        return found

    def _add(self, finding: Finding) -> None:
        if len(self._findings) < MAX_FINDINGS:
            self._findings.append(finding)
        elif len(self._findings) == MAX_FINDINGS:
            message = f"more than {MAX_FINDINGS:,} problems: the rest is not told"
            fix = "mend the first ones and run this again"
            severity = Severity.ERROR
            self._findings.append(
                Finding("too-many", severity, finding.path, message, fix, finding.mark)
            )
            self.errors += 1


def one_line(text: str) -> str:
    """A text in which nothing ends the line or moves the cursor, whatever a file put into it."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
