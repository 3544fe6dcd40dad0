"""`reconcile schema`: the JSON Schema of the file, for editors, and those of the JSON output."""

from __future__ import annotations

import json

import click

from reconciler.cli.console import emit

NAMES = ("dispatch", "plan", "findings", "report", "ids", "objects", "snapshot", "receipt")


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), default="dispatch")
def command(name: str) -> int:
    """Print a JSON Schema: of the configuration, or of what `--format json` prints.

    \b
    Examples:
      reconcile schema > dispatch.schema.json
      # yaml-language-server: $schema=./dispatch.schema.json     first line of the YAML file
      reconcile schema plan
    """
    from reconciler.documents import schema

    emit(json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n")
    return 0
