"""`reconcile completion`: the script by which a shell completes commands, options, choices and files."""

from __future__ import annotations

import click

from reconciler.cli.console import emit
from reconciler.cli.options import Output, output_options, unread_config_option

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "reconcile"
VARIABLE = "_RECONCILE_COMPLETE"
"""By which the script asks `reconcile` what could come next."""


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
@unread_config_option
@output_options
def command(shell: str, output: Output) -> int:
    """Print the script that completes commands, options, choices and file names in a shell.

    bash has to be 4.4 or newer. After an update of reconcile the script stays as it is: it asks reconcile.

    \b
    Examples:
      eval "$(reconcile completion bash)"       for this shell; in ~/.bashrc for all
      reconcile completion bash > ~/.local/share/bash-completion/completions/reconcile
      reconcile completion zsh > "${fpath[1]}/_reconcile"
      reconcile completion fish > ~/.config/fish/completions/reconcile.fish
    """
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion is not None  # noqa: S101  # click knows the three of them
    group = click.get_current_context().find_root().command
    emit(completion(group, {}, PROGRAM, VARIABLE).source())
    return 0
