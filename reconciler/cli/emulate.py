"""`reconcile emulate`: LiveKit's API on loopback, in memory, for trying out and for tests."""

from __future__ import annotations

import click

from reconciler.cli.console import emit, note


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
    "--livekit", "version", default=None, metavar="VERSION", help="livekit-server to behave like."
)
@click.option(
    "--hide-passwords", is_flag=True, help="Leave passwords out of lists, as a hosted server may."
)
def command(host: str, port: int, version: str | None, hide_passwords: bool) -> int:
    """Run an emulator of LiveKit's API until Ctrl-C. What it holds is forgotten at the end.

    Prints the variables that point the other commands at it.

    \b
    Examples:
      reconcile emulate --port 0
      eval "$(reconcile emulate --port 7880 | head -3)" &
    """
    from reconciler.emulator.quirks import DEFAULT_VERSION
    from reconciler.emulator.server import Emulator

    emulator = Emulator(
        version or DEFAULT_VERSION, host=host, port=port, returns_passwords=not hide_passwords
    )

    def ready(url: str) -> None:
        emit(
            f"export LIVEKIT_URL={url}\n"
            f"export LIVEKIT_API_KEY={emulator.api_key}\n"
            f"export LIVEKIT_API_SECRET={emulator.api_secret}\n"
        )
        note(f"emulating livekit-server {emulator.version} on {url}; stop with Ctrl-C")

    emulator.serve_forever(ready)
    return 0
