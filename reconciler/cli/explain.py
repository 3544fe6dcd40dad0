"""`reconcile explain`: what happens to a call or to a room, step by step, and why."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import Output, output_options, request_options
from reconciler.cli.sources import (
    live_or_snapshot_option,
    looking_at,
    plane_option,
    require_plan_for_only,
)
from reconciler.errors import ExitCode, FileError
from reconciler.pipeline.request import Request
from reconciler.render.escape import escape

if TYPE_CHECKING:
    from reconciler.core.finding import Finding
    from reconciler.pipeline.explain import AskedProject
    from reconciler.planning.routes import Routes
    from reconciler.render.shapes import CallAnswerDocument
    from reconciler.sip.routing.call import Call

_STDIN = "-"
LONGEST = 1024 * 1024
"""Bytes of a line of `--calls`, more than any call has."""


@click.command("explain")
@request_options(
    plane_option("With --diff: an apply of this plane only; the other one stays as it lives.")
)
@click.option("--from", "caller", metavar="NUMBER", help="Who calls: the user part of From.")
@click.option("--to", "called", metavar="NUMBER", help="Which number is called.")
@click.option("--source-ip", metavar="ADDRESS", help="Address that the call comes from.")
@click.option("--from-host", metavar="HOST", help="Host of From, which some filters look at.")
@click.option("--pin", help="PIN that the caller enters.")
@click.option("--no-pin", is_flag=True, help="The caller enters no PIN where one is asked for.")
@click.option("--room", metavar="NAME", help="Explain a room instead of a call.")
@click.option(
    "--calls", metavar="FILE", help="Answer many calls: JSON lines in, JSON lines out; - is stdin."
)
@live_or_snapshot_option(
    "Ask the live project, or the one in a snapshot file, instead of the file."
)
@click.option("--diff", is_flag=True, help="Show the live project and what an apply makes of it.")
@output_options
def command(
    caller: str | None,
    called: str | None,
    source_ip: str | None,
    from_host: str | None,
    pin: str | None,
    no_pin: bool,
    room: str | None,
    calls: str | None,
    live: str | None,
    diff: bool,
    request: Request,
    output: Output,
) -> int:
    """Tell where a call goes, or who joins a room, step by step and with the reasons.

    Without --live and --diff the file is asked, and no server is needed. The answer is LiveKit's own, conflicts
    included: then the conflict is the answer, and the exit code is 0 all the same. The numbers of the reasons are
    those of docs/routing.md.

    \b
    Examples:
      reconcile explain --from +15550100099 --to +15550100001
      reconcile explain --from +15550100099 --to +15550100001 --source-ip 203.0.113.7 --live
      reconcile explain --from +15550100099 --to +15550100001 --diff
      reconcile explain --room call-_+15550100099_x
      reconcile explain --calls calls.jsonl > answers.jsonl
    """
    single = {"--from": caller, "--to": called, "--source-ip": source_ip, "--from-host": from_host}
    given = [name for name, value in {**single, "--pin": pin}.items() if value is not None]
    given += ["--no-pin"] if no_pin else []
    _require_one_question(given, room, calls, diff)
    require_plan_for_only("--diff", is_given=diff)
    request = looking_at(request, live)
    if calls is not None:
        # Opened first: nothing is asked in vain.
        with _opened(calls) as lines:
            place = "stdin" if calls == _STDIN else calls
            project = _project(request, output, live=live is not None)
            bounded = iter(lambda: lines.readline(LONGEST + 1), b"")  # a device never ends its line
            return _answer_many(project.routes, bounded, place, output)
    if room is not None:
        return _explain_room(_project(request, output, live=live is not None), room, output)
    if caller is None or called is None:
        missing = "--from" if caller is None else "--to"
        raise click.UsageError(f'{missing} is missing: a call has both; "" is a call without one')
    from reconciler.pipeline.call_lines import call_of

    call = call_of(caller, called, source_ip or "", from_host or "", pin or "", no_pin)
    if diff:
        return _explain_both(request, call, output)
    project = _project(request, output, live=live is not None)
    return _explain_call(project.routes, call, output)


def _require_one_question(
    given: list[str], room: str | None, calls: str | None, diff: bool
) -> None:
    questions = [
        name for name, value in (("--room", room), ("--calls", calls)) if value is not None
    ]
    if given and questions:
        raise click.UsageError(f"{given[0]} and {questions[0]} do not go together")
    if len(questions) > 1:
        raise click.UsageError("--room and --calls do not go together")
    if calls == "":
        raise click.UsageError("--calls names no file: the text behind it is empty")
    if diff and questions:
        raise click.UsageError(f"--diff and {questions[0]} do not go together")
    if not (given or questions):
        raise click.UsageError(
            "what is to be explained? Give --from and --to, or --room, or --calls"
        )


def _project(request: Request, output: Output, *, live: bool) -> AskedProject:
    """The project that is asked; what is wrong with its file is told on stderr."""
    from reconciler.pipeline import explain

    project = explain.live_project(request) if live else explain.project_in_file(request)
    _note_all(project.findings, output)
    return project


def _note_all(findings: Iterable[Finding], output: Output) -> None:
    for finding in findings:
        note(str(finding), output)


def _answerer(routes: Routes, *, why: bool) -> Callable[[Call], CallAnswerDocument]:
    """Answers calls; the reasons are only put into words where somebody asks for them."""
    from reconciler.pipeline.documents import document_of_answer
    from reconciler.pipeline.explain import answer

    return lambda call: document_of_answer(routes, call, answer(routes, call), why=why)


def _explain_call(routes: Routes, call: Call, output: Output) -> int:
    from reconciler.render.explain import show_call
    from reconciler.render.formats import Format

    document = _answerer(routes, why=True)(call)
    emit(show_call(document, Format(output.format), color=output.color))
    return ExitCode.OK


def _explain_both(request: Request, call: Call, output: Output) -> int:
    from reconciler.pipeline.explain import routes_on_both_sides
    from reconciler.render.explain import diff_document, show_diff
    from reconciler.render.formats import Format

    sides = routes_on_both_sides(request)
    _note_all(sides.findings, output)
    live, after = (_answerer(routes, why=True)(call) for routes in (sides.live, sides.after))
    emit(show_diff(diff_document(live, after), Format(output.format), color=output.color))
    return ExitCode.OK


def _explain_room(project: AskedProject, room: str, output: Output) -> int:
    from reconciler.pipeline.room import explain_room
    from reconciler.planning.routes import label_of
    from reconciler.render.explain import room_document, show_room
    from reconciler.render.formats import Format
    from reconciler.sip.routing.call import well_formed

    found = explain_room(project, well_formed(room))
    document = room_document(
        found.room,
        label_of(found.convention),
        found.dispatch,
        found.arrival.agents,
        found.rules,
        found.arrival.needed,
        found.arrival.obstacles,
    )
    emit(show_room(document, Format(output.format), color=output.color))
    return ExitCode.OK


def _answer_many(routes: Routes, lines: Iterable[bytes], place: str, output: Output) -> int:
    """One compact object a line, in the order of the calls; a broken line is one line on stderr, and exit code 1.

    Each answer is out before the next call is read: whoever asks may wait for it.
    """
    # A stream may go on for days.
    gc.freeze()
    gc.enable()
    answer = _answerer(routes, why=output.verbose)
    is_broken = False
    for found in _answers(lines, place, answer):
        if found is None:
            is_broken = True
        else:
            emit(f"{found}\n")
    return ExitCode.ERROR if is_broken else ExitCode.OK


def _answers(
    lines: Iterable[bytes], place: str, answer: Callable[[Call], CallAnswerDocument]
) -> Iterator[str | None]:
    """The answers as JSON, None for a line that is no call or whose answer depends on what is not known."""
    import msgspec

    from reconciler.errors import SecretMissing
    from reconciler.pipeline.call_lines import BadLine, read_call
    from reconciler.render.document import visible

    encode = msgspec.json.Encoder().encode
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST:
            raise FileError(f"{place}:{number}: a line of more than {LONGEST:,} bytes is no call")
        if not line.strip():
            continue
        try:
            yield visible(encode(answer(read_call(line))).decode())
        except (BadLine, SecretMissing) as error:
            click.echo(escape(f"error: {place}:{number}: {error}"), err=True)
            yield None


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path == _STDIN:
        if sys.stdin is None:
            raise FileError("stdin: cannot be read: it is closed")
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError(f"{path}: cannot be read: {reason}") from error
