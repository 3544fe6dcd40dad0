"""`reconcile validate`: everything that can be said about the file without a server."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.console import emit, exit_of, note
from reconciler.cli.options import (
    Many,
    Output,
    config_option,
    output_options,
    projects_options,
    server_option,
    strict_option,
)
from reconciler.errors import ExitCode
from reconciler.pipeline.request import Request


@click.command("validate")
@config_option
@projects_options
@server_option
@strict_option
@output_options
def command(
    paths: tuple[Path, ...],
    overlays: tuple[Path, ...],
    server_version: str | None,
    strict: bool,
    many: Many | None,
    output: Output,
) -> int:
    """Check the file offline: syntax, types, references, conflicts, lint, and the file's own routing tests.

    Every problem is printed with its place, all of them at once. No server and no secret is needed.

    \b
    Examples:
      reconcile validate
      reconcile validate -c config/ --strict
      reconcile validate --format json | jq '.findings[].code'
      reconcile validate --projects config/
    """
    from reconciler.pipeline.configuration import configuration_of
    from reconciler.pipeline.validate import validated
    from reconciler.render.document import findings_document
    from reconciler.render.formats import Format, show_findings

    request = Request(paths, server_version=server_version, overlays=overlays)
    if many is not None:
        from reconciler.cli.projects import validate_many

        return validate_many(many, request, output, strict=strict)
    configuration = configuration_of(request)
    findings, tests = validated(request, configuration)
    document = findings_document(findings, tests)
    emit(show_findings(document, Format(output.format), color=output.color))
    if not findings:
        counts = [_counted(len(configuration.files), "file")]
        if configuration.overlays:
            counts.append(_counted(len(configuration.overlays), "overlay"))
        note(f"no findings in {' and '.join(counts)}", output)
    return ExitCode.ERROR if exit_of(findings, strict=strict, tests=tests) else ExitCode.OK


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
