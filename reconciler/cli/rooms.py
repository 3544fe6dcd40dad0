"""`reconcile rooms`: the live rooms and what is the matter with them."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import click

from reconciler.cli.console import emit, findings_told, note
from reconciler.cli.options import Output, duration, output_options, request_options
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request

if TYPE_CHECKING:
    from reconciler.pipeline.rooms import Survey


@click.command("rooms")
@click.argument("names", nargs=-1, metavar="[ROOM]...")
@request_options()
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option(
    "--interval",
    metavar="DURATION",
    default="5s",
    callback=duration,
    show_default=True,
    help="With --watch: the time between two looks.",
)
@output_options
def command(
    names: tuple[str, ...], watch: bool, interval: float, request: Request, output: Output
) -> int:
    """Show the live rooms, the agents that they are to have, and whether these came.

    A verdict is ok, waiting, missing dispatch, agent never joined, agent left, duplicate agent, unexpected agent or no
    convention; all but the first two are bad, and then the exit code is 2. Rooms that no convention covers count
    unless the file says `unlisted: ignore`. Only rooms in which somebody waits are looked into; LiveKit's list tells
    who is there up to 5 s late. A ROOM that ends in * stands for all whose names begin so.

    \b
    Examples:
      reconcile rooms
      reconcile rooms ornina-1 --format json
      reconcile rooms 'call-*'
      reconcile rooms --watch                        redraws on a terminal, else a line for each change
      reconcile rooms --watch --interval 30s --format json | jq .counts
    """
    from reconciler.pipeline.event_loop import run
    from reconciler.pipeline.rooms import open_project, survey_once
    from reconciler.render.formats import Format
    from reconciler.render.rooms import rooms_document, show_rooms

    if watch and output.format not in ("text", "json"):
        raise click.UsageError("--watch prints text or json")
    with findings_told(output):
        project = open_project(request)
    if watch:
        from reconciler.cli.watching import Watching
        from reconciler.pipeline.rooms import watch_rooms

        # This may go on for days.
        gc.freeze()
        gc.enable()
        with Watching(output) as watching:
            run(watch_rooms(request, project, names, interval, watching.look, watching.fail))
        return ExitCode.OK
    found = run(survey_once(request, project, names))
    document = rooms_document(found)
    emit(show_rooms(document, Format(output.format), color=output.color, verbose=output.verbose))
    _note_unknown(found, names, output)
    if found.problems:
        return ExitCode.ERROR
    return ExitCode.CHANGES if found.has_bad else ExitCode.OK


def _note_unknown(found: Survey, names: tuple[str, ...], output: Output) -> None:
    from reconciler.render.escape import quote

    live = {one.room.name for one in found.rooms}
    for name in names:
        if name.endswith("*"):
            if not any(one.startswith(name[:-1]) for one in live):
                note(f"no room that begins with {quote(name[:-1])} lives now", output)
        elif name not in live:
            note(f"no room {quote(name)} lives now", output)
