"""`reconcile validate`: everything that can be said about the file without a server."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import emit, exit_of, note
from reconciler.cli.options import (
    Output,
    config_option,
    output_options,
    server_option,
    strict_option,
)
from reconciler.core.plan import RoutingTest
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request


@click.command("validate")
@config_option
@server_option
@strict_option
@output_options
def command(
    paths: tuple[Path, ...],
    overlays: tuple[Path, ...],
    server_version: str | None,
    strict: bool,
    output: Output,
) -> int:
    """Check the file offline: syntax, types, references, conflicts, lint, and the file's own routing tests.

    Every problem is printed with its place, all of them at once. No server and no secret is needed.

    \b
    Examples:
      reconcile validate
      reconcile validate -c config/ --strict
      reconcile validate --format json | jq '.findings[].code'
    """
    from reconciler.pipeline.configuration import configuration_of
    from reconciler.pipeline.guards import is_readable
    from reconciler.pipeline.prepare import era_of, options_of
    from reconciler.planning import check, check_routes
    from reconciler.render.document import findings_document
    from reconciler.render.formats import Format, show_findings

    request = Request(paths, server_version=server_version, overlays=overlays)
    configuration = configuration_of(request)
    options = options_of(request, configuration, era_of(request, configuration))
    findings = check(configuration, options.era)
    tests: tuple[RoutingTest, ...] = ()
    if is_readable(configuration):
        tests, untested = check_routes(configuration, options)
        findings = tuple(sorted((*findings, *untested), key=lambda finding: finding.sort_key))
    document = findings_document(findings, tests)
    emit(show_findings(document, Format(output.format), color=output.color))
    if not findings:
        files = len(configuration.files)
        note(f"no findings in {files} file{'' if files == 1 else 's'}", output)
    return ExitCode.ERROR if exit_of(findings, strict=strict, tests=tests) else ExitCode.OK
