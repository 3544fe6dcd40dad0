"""The only code that writes to streams: data to stdout, all else to stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Output
from reconciler.core.finding import Finding, Severity
from reconciler.core.plan import Plan, RoutingTest
from reconciler.errors import Refused

if TYPE_CHECKING:
    from reconciler.pipeline.pace import Pace
    from reconciler.pipeline.request import Prepared
    from reconciler.render.shapes import ChangeDocument, PlanDocument


def emit(text: str) -> None:
    """Data, exactly as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def give_up_stdout() -> None:
    """What cannot be written to stdout any more is not tried again: neither by us nor at the end of the process."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def seen(what: str) -> Iterator[None]:
    """Shows what is to be approved. What nobody can see is not applied: raises `Refused` where stdout is gone."""
    try:
        yield
    except OSError as error:
        give_up_stdout()
        raise Refused(f"nothing was written: {what} cannot be shown: {error.strerror}") from error


def note(text: str, output: Output | None = None) -> None:
    """Something a person may want to know, in one line on stderr; not with -q. Names in it do no harm there.

    Where nobody can be told, nothing else fails.
    """
    from reconciler.render.escape import escape

    if output is None or not output.quiet:
        with contextlib.suppress(OSError):
            click.echo(escape(text), err=True)


def reasons_in(output: Output) -> int:
    """Of how many groups of calls that meet something else the reasons are told: in a comment some, with -v all."""
    if output.verbose:
        return sys.maxsize
    if output.format != "github":
        return 0
    from reconciler.render.github import REASONS

    return REASONS


def print_plan(
    prepared: Prepared, output: Output, document: PlanDocument, drawing: str | None = None
) -> None:
    """A plan in the format that was asked for; in a GitHub workflow its annotations and the job summary, too.

    `drawing` is the map of what changes, for who has it already.
    """
    if drawing is None and output.format == "github":
        from reconciler.pipeline.picture import drawn_changes
        from reconciler.render.github import DRAWING_LIMIT

        drawing = drawn_changes(prepared, DRAWING_LIMIT)
    print_document(prepared.plan, output, document, drawing or "")


def print_document(plan: Plan, output: Output, document: PlanDocument, drawing: str = "") -> None:
    """The same for a plan of which only the document is left."""
    from reconciler.render.formats import Format, show_plan

    form = Format(output.format)
    text = show_plan(document, form, color=output.color, verbose=output.verbose, drawing=drawing)
    emit(text)
    if form is Format.GITHUB:
        print_annotations(plan.findings, document["changes"])
        append_summary(text)


def tell_pace(paces: Iterable[Pace], output: Output) -> None:
    """How long requests take where only so many a minute are allowed."""
    for one in paces:
        told = f"{one.requests:,} requests, at most {one.per_minute:,} a minute: about {_roughly(one.seconds)}"
        note(f"{one.host}: {told}", output)


def pace_teller(output: Output) -> Callable[[Pace], None]:
    """What a request tells such a wait to, before it begins."""
    return lambda pace: tell_pace([pace], output)


def _roughly(seconds: float) -> str:
    """`40 s`, `11 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def findings_told(output: Output) -> Iterator[None]:
    """What is wrong with a file goes to stdout as well, in the format that was asked for: scripts look there."""
    from reconciler.pipeline.guards import ConfigError

    try:
        yield
    except ConfigError as error:
        if output.format != "text":
            from reconciler.render.document import findings_document
            from reconciler.render.formats import Format, show_findings

            shown = Format.MARKDOWN if output.format == "github" else Format(output.format)
            text = show_findings(findings_document(error.findings), shown)
            emit(text)
            if output.format == "github":
                print_annotations(error.findings)
                append_summary(text)
        raise


def print_annotations(findings: Iterable[Finding], changes: Iterable[ChangeDocument] = ()) -> None:
    """Findings and changes as workflow commands, which GitHub shows at the lines of the file."""
    from reconciler.render.document import findings_document
    from reconciler.render.github import annotations

    lines = annotations(findings_document(tuple(findings))["findings"], changes)
    if lines:
        click.echo(lines, nl=False, err=True)


def append_summary(text: str) -> None:
    """Adds a Markdown text to the job summary, where a workflow runs. It is a courtesy: nothing else fails with it."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        note(
            f"warning: the summary that GITHUB_STEP_SUMMARY names was not written: {path}: {error.strerror}"
        )


def exit_of(
    findings: Iterable[Finding], *, strict: bool, tests: Iterable[RoutingTest] = ()
) -> bool:
    """Whether a command fails: for errors and failing routing tests always, for warnings with --strict."""
    return any(not test.passed for test in tests) or any(
        finding.severity is Severity.ERROR or (strict and finding.severity is Severity.WARNING)
        for finding in findings
    )
