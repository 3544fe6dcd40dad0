"""`reconcile probe`: does a worker answer to each agent name, and how fast."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import emit, findings_told, pace_teller
from reconciler.cli.options import (
    Output,
    concurrency_option,
    config_option,
    duration,
    output_in,
)
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request

FORMATS = ("text", "json", "markdown", "github", "prometheus")


@click.command("probe")
@click.argument("agents", nargs=-1, metavar="[AGENT]...")
@config_option
@click.option(
    "--timeout",
    metavar="DURATION",
    default="10s",
    callback=duration,
    envvar="RECONCILE_PROBE_TIMEOUT",
    show_default=True,
    help="Time that an agent has to join.",
)
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    metavar="N",
    default=1,
    show_default=True,
    help="Ask N times, a few at a time: agents that sometimes do not come are found.",
)
@click.option(
    "--api-timeout",
    metavar="DURATION",
    default="30s",
    callback=duration,
    envvar="RECONCILE_TIMEOUT",
    show_default=True,
    help="Time for all tries of one API call.",
)
@concurrency_option
@output_in(FORMATS, "RECONCILE_PROBE_FORMAT")
def command(
    agents: tuple[str, ...],
    paths: tuple[Path, ...],
    overlays: tuple[Path, ...],
    timeout: float,
    count: int,
    api_timeout: float,
    concurrency: int,
    output: Output,
) -> int:
    """Tell whether a worker answers to each agent name, and how fast: exit code 2 if one does not.

    AGENT is the name of a worker, a key of the file, or (unnamed); without it all agents of the file are probed. For
    each one a room `reconcile-probe-…` asks for it, waits until it is there, and is deleted again. The metadata of the
    room and of the job are {"reconcile":"probe"}, so that an agent can tell a probe from a caller.

    \b
    Examples:
      reconcile probe
      reconcile probe avatar --count 50
      reconcile probe --format prometheus > /var/lib/node_exporter/reconcile.prom
    """
    from reconciler.cli.progress import Bar
    from reconciler.pipeline.event_loop import run
    from reconciler.pipeline.probe import (
        Probe,
        knows_unnamed,
        names_asked,
        overlap,
        probe_project,
        strangers,
    )
    from reconciler.pipeline.rooms import open_project
    from reconciler.render.probe import probe_document, show_probe

    request = Request(
        paths,
        timeout=api_timeout,
        concurrency=concurrency,
        overlays=overlays,
        tell_pace=pace_teller(output),
    )
    with findings_told(output):
        project = open_project(request)
    asked = Probe(names_asked(project, agents), timeout, count, knows_unnamed(project))
    with Bar("probing", len(asked.agent_names) * count, quiet=output.quiet) as bar:
        probed = run(probe_project(request, project, asked, lambda *_: bar.advance()))
    covered = overlap(project)
    document = probe_document(
        project.configuration.project.name,
        project.endpoint.host,
        timeout,
        probed,
        [*strangers(project, asked.agent_names), *([covered] if covered else [])],
    )
    emit(show_probe(document, output.format, color=output.color))
    if any(one.problem for one in probed):
        return ExitCode.ERROR
    return ExitCode.OK if document["ok"] else ExitCode.CHANGES
