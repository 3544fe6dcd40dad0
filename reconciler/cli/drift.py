"""`reconcile drift`: like plan, for a cron. It never writes to the project."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import exit_of, findings_told, print_plan, reasons_in
from reconciler.cli.drift_alerts import Alerts, Watch, alert_options
from reconciler.cli.options import (
    PATH,
    Many,
    Output,
    live_option,
    only_option,
    output_options,
    projects_options,
    request_options,
    rooms_option,
    strict_option,
)
from reconciler.cli.write_back import accept_live_state, require_write_back, write_back_option
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request


@click.command("drift")
@request_options(only_option, live_option, rooms_option)
@projects_options
@click.option(
    "--receipt",
    type=PATH,
    help="Receipt of the last apply: tells which side changed.",
)
@write_back_option
@strict_option
@alert_options
@output_options
def command(
    receipt: Path | None,
    write_back: bool,
    strict: bool,
    request: Request,
    alerts: Alerts,
    many: Many | None,
    output: Output,
) -> int:
    """Tell whether the live project still is what the file says: exit code 2 if not.

    Live objects that the file does not list count as drift where `unlisted: report` is set. With the receipt of the
    last apply each difference says which side changed since. With --rooms a live room that lacks an agent counts, too.

    With --write-back the files are changed to say what lives, for a pull request that accepts it. The exit code is that
    of the drift that was found; run it again to see that nothing is left.

    \b
    Examples:
      reconcile drift
      reconcile drift --receipt .reconcile/receipt.json --format json
      reconcile drift --live snapshot.json
      reconcile drift --notify slack://TokenA/TokenB/TokenC --after 2 --metrics-file /var/lib/node_exporter/acme.prom
      reconcile drift --write-back && echo "no drift" || git diff
      reconcile drift --projects config/
    """
    if many is not None:
        from reconciler.cli.projects import drift_many, require_without

        require_without(
            {
                "--receipt": receipt,
                "--write-back": write_back,
                "--live": request.live_file,
                "--notify": alerts.targets,
                **dict.fromkeys(alerts.when, True),
                "--state": alerts.state,
                "--metrics-file": alerts.metrics_file,
            }
        )
        return drift_many(many, request, output, strict=strict)
    from reconciler.pipeline.artefacts import causes
    from reconciler.pipeline.documents import document_of_drift
    from reconciler.pipeline.prepare import prepare

    if write_back:
        require_write_back(request)
    with Watch(alerts, request, receipt) as watch:
        with findings_told(output):
            prepared = prepare(request)
        known = causes(receipt, prepared) if receipt is not None else None
        rooms = prepared.rooms
        document = document_of_drift(prepared, known, reasons=reasons_in(output))
        watch.saw(document, unread=len(rooms.unread) if rooms is not None else 0)
    print_plan(prepared, output, document)
    if write_back:
        accept_live_state(request, prepared, output)
    if exit_of(prepared.plan.findings, strict=strict, tests=prepared.plan.tests):
        return ExitCode.ERROR
    if rooms is not None and rooms.unread:
        return ExitCode.ERROR
    lacking = rooms is not None and rooms.lacks_an_agent
    differs = prepared.plan.changes or prepared.plan.unlisted or lacking
    return ExitCode.CHANGES if differs else ExitCode.OK
