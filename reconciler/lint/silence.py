"""Findings that somebody does not want to read. Errors cannot be silenced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.config.model import Ignore
from reconciler.config.suggest import closest
from reconciler.core.finding import Finding, Severity
from reconciler.lint.codes import CODES

_CODE = "unknown-lint-code"


def silence(findings: Iterable[Finding], ignores: Iterable[Ignore]) -> Iterator[Finding]:
    """The findings without the warnings and notes that a list or a comment on their line names."""
    everywhere = {one.code for one in ignores if not one.on_line}
    lines = {(one.code, one.mark.file, one.mark.line) for one in ignores if one.on_line}
    for one in findings:
        mark = one.mark
        if one.severity is Severity.ERROR or not (
            one.code in everywhere or (one.code, mark.file, mark.line) in lines
        ):
            yield one


def check_ignores(ignores: Iterable[Ignore]) -> Iterator[Finding]:
    """A code that does not exist silences nothing, and one of an error may not."""
    for one in ignores:
        known = CODES.get(one.code)
        if known is None:
            fix = closest(one.code, sorted(CODES)) or "the codes stand in docs/findings/index.md"
            message = f'there is no finding "{one.code[:60]}"'
        elif known.severity is Severity.ERROR:
            fix = "mend what it is about"
            message = f'"{one.code}" is an error: it cannot be silenced'
        else:
            continue
        yield Finding(_CODE, CODES[_CODE].severity, one.path, message, fix, one.mark)
