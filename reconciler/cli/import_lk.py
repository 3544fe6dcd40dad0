"""`reconcile import-lk`: JSON files of the `lk` command line as a configuration."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import PATH, Output, output_options, server_option, unread_config_option
from reconciler.errors import FileError
from reconciler.files import MAX_BYTES, read_bytes

_STDIN = Path("-")


@click.command("import-lk")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@click.option(
    "--name",
    default="my-project",
    show_default=True,
    help="Name of the project in plans and alerts.",
)
@unread_config_option
@server_option
@output_options
def command(
    files: tuple[Path, ...],
    name: str,
    server_version: str | None,
    output: Output,
) -> int:
    """Print the objects in JSON files of the `lk` command line as YAML. No server is asked.

    FILE is what `lk sip inbound create`, `lk sip outbound create` and `lk sip dispatch create` are fed, or what their
    `list --json` prints; - reads stdin. A list has the ids by which rules name their trunks: import it along with the
    files. Passwords become {env: NAME}; the names are listed on stderr.

    \b
    Examples:
      reconcile import-lk livekit/*.json > dispatch.yaml
      lk sip inbound list --json | reconcile import-lk - livekit/rule.json
    """
    from reconciler.pipeline.import_lk import import_lk

    if not name:
        raise click.UsageError("--name needs a text: plans and alerts show it")
    sources = [
        ("(stdin)", _from_stdin()) if path == _STDIN else (str(path), read_bytes(path, "JSON file"))
        for path in dict.fromkeys(files)
    ]
    imported = import_lk(sources, name=name, server_version=server_version)
    emit(imported.text)
    for line in imported.notes:
        note(f"note: {line}", output)
    for variable in imported.variables:
        note(f"set {variable.name}: {variable.path}", output)
    return 0


def _from_stdin() -> bytes:
    """What is piped in, as far as a file could have it."""
    if sys.stdin is None:
        raise FileError("stdin: cannot be read: it is closed")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise FileError(f"stdin: more than {MAX_BYTES >> 20} MB, which no JSON of lk is")
    return data
