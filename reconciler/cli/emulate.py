"""`reconcile emulate`: LiveKit's API on loopback, in memory, for trying out and for tests."""

from __future__ import annotations

import gc
import json

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import Output, output_options, unread_config_option


@click.command("emulate")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7880,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@click.option(
    "--livekit",
    "version",
    default=None,
    metavar="VERSION",
    help="livekit-server to behave like: 1.8.4, 1.9.12 (the default) or 1.13.11.",
)
@click.option(
    "--hide-passwords", is_flag=True, help="Leave passwords out of lists, as a hosted server may."
)
@unread_config_option
@output_options
def command(
    host: str,
    port: int,
    version: str | None,
    hide_passwords: bool,
    output: Output,
) -> int:
    """Run an emulator of LiveKit's API until Ctrl-C. What it holds is forgotten at the end.

    Prints the variables that point the other commands at it, as lines for a shell.

    \b
    Examples:
      reconcile emulate
      reconcile emulate --port 0 > emulator.env &
      until [ -s emulator.env ]; do sleep 0.1; done; . ./emulator.env && reconcile plan
      reconcile emulate --livekit 1.13.11 --hide-passwords
    """
    from reconciler.emulator.quirks import DEFAULT_VERSION
    from reconciler.emulator.server import Emulator

    try:
        emulator = Emulator(
            version or DEFAULT_VERSION, host=host, port=port, returns_passwords=not hide_passwords
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--livekit") from error

    def ready(url: str) -> None:
        variables = {
            "LIVEKIT_URL": url,
            "LIVEKIT_API_KEY": emulator.api_key,
            "LIVEKIT_API_SECRET": emulator.api_secret,
        }
        if output.format == "json":
            emit(json.dumps(variables) + "\n")
        else:
            emit("".join(f"export {name}={value}\n" for name, value in variables.items()))
        note(f"emulating livekit-server {emulator.version} on {url}; stop with Ctrl-C", output)

    gc.enable()
    emulator.serve_forever(ready)
    return 0
