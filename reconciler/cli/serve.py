"""`reconcile serve`: the agent plane as a controller."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import (
    Output,
    config_option,
    duration_option,
    journal_option,
    output_in,
)
from reconciler.errors import ReconcileError


@click.command("serve")
@config_option
@click.option(
    "--host",
    default="127.0.0.1",
    envvar="RECONCILE_HOST",
    show_default=True,
    help="Address to listen on. Whoever reaches it sees the names of rooms: keep it off the internet.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    envvar="RECONCILE_PORT",
    show_default=True,
    help="Port; 0 takes a free one.",
)
@duration_option("--resync", "30s", "RECONCILE_RESYNC", "Time between two looks at all rooms.")
@journal_option
@click.option(
    "--queue",
    metavar="URL",
    envvar="RECONCILE_QUEUE",
    help="redis://…: events wait in this Redis, and any number of processes share the work.",
)
@duration_option(
    "--keep", "720h", "RECONCILE_KEEP", "How long the journal keeps entries.", longest=24 * 3650
)
@duration_option(
    "--timeout", "8s", "RECONCILE_TIMEOUT", "Time for all tries of one API call.", longest=1
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    metavar="N",
    default=64,
    envvar="RECONCILE_CONCURRENCY",
    show_default=True,
    help="Events worked on, and API calls, at the same time.",
)
@click.option(
    "--tries",
    type=click.IntRange(1, 100),
    metavar="N",
    default=5,
    envvar="RECONCILE_TRIES",
    show_default=True,
    help="Dispatches of one agent in one room before it is given up, with an alert.",
)
@output_in(("text", "json"), "RECONCILE_FORMAT")
def command(
    paths: tuple[Path, ...],
    overlays: tuple[Path, ...],
    host: str,
    port: int,
    resync: float,
    journal: str,
    queue: str | None,
    keep: float,
    timeout: float,
    concurrency: int,
    tries: int,
    output: Output,
) -> int:
    """Keep live rooms at their conventions, until SIGTERM or Ctrl-C.

    Receives LiveKit's webhooks on POST /webhook, and looks at all rooms every so often, so that a lost webhook costs
    one interval and no more. Rooms under a convention with `dispatch: controller` get their agents; a dispatch that
    no worker took is made again; `when_agent_leaves: replace` brings a new agent. Every step is in the journal:
    `reconcile history ROOM`. The status page is at /, metrics at /metrics, health at /healthz and /readyz.

    \b
    Examples:
      reconcile serve
      reconcile serve --host 0.0.0.0 --journal postgresql://reconcile@db/journal --queue redis://redis:6379/0
      reconcile serve --port 0 --resync 10s --format json
    """
    import asyncio
    import os

    from reconciler.controller.log import start_log

    start_log(
        sys.stderr, as_json=output.format == "json", quiet=output.quiet, verbose=output.verbose
    )
    try:
        from reconciler.controller.serve import Settings, serve
    except ImportError as error:
        raise _missing(error) from error

    settings = Settings(
        paths=paths,
        environ=os.environ,
        host=host,
        port=port,
        resync=resync,
        journal=journal,
        queue=queue,
        retention=keep,
        timeout=timeout,
        concurrency=concurrency,
        max_tries=tries,
        overlays=overlays,
    )

    def ready(url: str) -> None:
        emit(f'{{"url": "{url}"}}\n' if output.format == "json" else f"{url}\n")
        note(f"serving on {url}; LiveKit's webhooks go to {url}/webhook", output)

    gc.enable()
    asyncio.run(serve(settings, ready))
    return 0


def _missing(error: ImportError) -> ReconcileError:
    library = (error.name or "a library").partition(".")[0]
    if library == "reconciler":
        raise error
    return ReconcileError(
        f"serve needs {library}, which is not installed: pip install 'livekit-reconciler[serve]'"
    )
