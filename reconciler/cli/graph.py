"""`reconcile graph`: the map of a project, for pull requests, documents and screens."""

from __future__ import annotations

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import Output, output_in, request_options
from reconciler.cli.sources import (
    live_or_snapshot_option,
    looking_at,
    plane_option,
    require_plan_for_only,
)
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request

FORMATS = ("mermaid", "dot", "svg", "html", "json")
# These have a list of all findings; the others show those that are about something on the map.
_TELLING = ("html", "json")


@click.command("graph")
@request_options(
    plane_option("With --plan: a plan of this plane only; the other one stays as it lives.")
)
@live_or_snapshot_option(
    "Draw the live project, or the one in a snapshot file; with --plan, plan against that file."
)
@click.option("--plan", is_flag=True, help="Draw what an apply would change, in all that stays.")
@click.option(
    "--changes", is_flag=True, help="With --plan: what changes and what stands beside it, no more."
)
@output_in(FORMATS, "RECONCILE_GRAPH_FORMAT")
def command(live: str | None, plan: bool, changes: bool, request: Request, output: Output) -> int:
    """Draw the map: numbers, trunks, rules, rooms, agents, with the findings where they are.

    Without --live and --plan it is the map of the file, and no server is needed. A file with errors is drawn as far as
    it can be read, errors included: exit code 1 means that there is no map. What is found about nothing on the map is
    told on stderr.

    \b
    Examples:
      reconcile graph                               Mermaid, for Markdown
      reconcile graph --format html > map.html      a page that opens offline
      reconcile graph --plan --format svg           what would change, coloured
      reconcile graph --plan --changes              the same without what stays, for a pull request
      reconcile graph --plan --live snapshot.json   without a key
      reconcile graph --live --format dot           the live project, whatever the file says
    """
    from reconciler.graph import GraphFormat, show_graph
    from reconciler.pipeline import picture

    require_plan_for_only("--plan", is_given=plan)
    if changes and not plan:
        raise click.UsageError("--changes is for --plan: nothing else changes anything")
    request = looking_at(request, live)
    if changes:
        graph = picture.picture_of_changes(request)
    elif plan:
        graph = picture.picture_of_plan(request)
    elif live is not None:
        graph = picture.picture_of_live(request)
    else:
        graph = picture.picture_of_file(request)
    emit(show_graph(graph, GraphFormat(output.format)))
    for finding in graph.unplaced if output.format not in _TELLING else ():
        note(str(finding), output)
    return ExitCode.OK
