"""`reconcile schema`: the JSON Schema of the file, for editors, and those of the JSON output."""

from __future__ import annotations

import json

import click

from reconciler.cli.console import emit
from reconciler.cli.options import Output, output_options, unread_config_option

NAMES = (
    "dispatch",
    "plan",
    "findings",
    "report",
    "ids",
    "objects",
    "projects",
    "graph",
    "rooms",
    "probe",
    "snapshot",
    "receipt",
    "drift-state",
    "backup",
    "history",
    "token",
    "token-inspect",
    "conventions",
)


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), default="dispatch", metavar="[NAME]")
@unread_config_option
@output_options
def command(name: str, output: Output) -> int:
    """Print a JSON Schema: of the configuration, or of what `--format json` prints. It is JSON in any format.

    \b
    Examples:
      reconcile schema > dispatch.schema.json
      reconcile schema plan

    An editor with a YAML language server checks the file while it is written, if its first line is:

    \b
      # yaml-language-server: $schema=./dispatch.schema.json
    """
    from reconciler.documents import schema

    emit(json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n")
    return 0
