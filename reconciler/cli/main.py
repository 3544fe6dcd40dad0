"""The entry point: finds the command, and turns every error into one line and an exit code.

Commands are imported when they are called, and nothing here imports more than click: `reconcile --version` costs
what click costs.
"""

from __future__ import annotations

import codecs
import contextlib
import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from reconciler import __version__
from reconciler.cli.page import EPILOG, grouped
from reconciler.errors import ExitCode, ReconcileError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Command → (module, one line of help). The order is that of the help page: from the first file to the daily work.
COMMANDS = {
    "init": ("init", "Write a commented first file, or one of the live project."),
    "validate": ("validate", "Check the file offline: syntax, references, conflicts."),
    "plan": ("plan", "Show what would change in the live project."),
    "apply": ("apply", "Change the live project to match the file."),
    "rollback": ("rollback", "Bring back what lived before an apply, from its backup."),
    "drift": (
        "drift",
        "Tell whether the live project still matches the file (exit code 2 if not).",
    ),
    "explain": ("explain", "Tell where a call goes or who joins a room, step by step, and why."),
    "rooms": ("rooms", "Show live rooms, and which of them lack their agent (exit code 2 then)."),
    "probe": ("probe", "Tell whether a worker answers to each agent name, and how fast."),
    "show": ("show", "Show a saved plan, a snapshot, a receipt or a backup."),
    "snapshot": ("snapshot", "Save the live project to a file, secrets left out."),
    "export": ("export", "Print the live project as a configuration that plans to no change."),
    "import-lk": ("import_lk", "Turn JSON files of the lk command line into a configuration."),
    "ids": ("ids", "Print the ids of the live objects by name."),
    "history": ("history", "Tell what happened in a room, from the journal of the controller."),
    "graph": ("graph", "Draw the map: numbers, trunks, rules, rooms, agents."),
    "token": ("token", "Mint a token that brings a room's agents, or audit one."),
    "conventions": ("conventions", "Print which rooms get which agents, for applications."),
    "serve": ("serve", "Keep live rooms at their conventions: webhooks in, dispatches out."),
    "emulate": ("emulate", "Run an emulator of LiveKit's API on loopback."),
    "completion": ("completion", "Print the script that completes commands in bash, zsh or fish."),
    "schema": ("schema", "Print the JSON Schema of the file, for editors."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command by its name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"reconciler.cli.{entry[0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any of them."""
        width = max(map(len, COMMANDS))
        for title, rows in grouped({name: text for name, (_, text) in COMMANDS.items()}):
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in rows])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that a shell offers, without importing any of them, and the options."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
    no_args_is_help=True,
)
@click.version_option(
    __version__, "-V", "--version", prog_name="reconcile", message="%(prog)s %(version)s"
)
def cli() -> None:
    """Keep LiveKit's two dispatch systems as one file says.

    SIP routing (trunks, dispatch rules) decides which room a phone call lands in; agent dispatch decides which agent
    joins a room. A YAML file lists both, a plan shows what differs from the live project, an apply makes it so.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs a command and exits with its code; what goes wrong is one line on stderr."""
    for name in ("stdout", "stderr"):
        # A cron may start programs with closed streams: what is written there is lost, and nothing else.
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # for good
    _speak_utf8()
    # Most commands build up data and end: the collector would only scan it over and over, for a fifth of the time.
    # Those that run on turn it on again.
    gc.disable()
    # A pipeline that is cancelled says SIGTERM: calls in flight finish and are told, as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = run(arguments)
    except Exception as error:  # noqa: BLE001  # whatever it is, it ends in one line
        code = _unforeseen(error)
    # All is said and done: who presses Ctrl-C twice shall not see a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Nothing is left to be cleaned up; taking a large project apart object by object would take longer than many a
    # command, and a thread that still waits for a slow server would hold up the end of an interrupted one.
    os._exit(code)


def _speak_utf8() -> None:
    """Data are UTF-8 wherever they go, under any locale. A terminal that cannot show a character shows its number."""
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
        if stream.isatty():
            stream.reconfigure(errors="backslashreplace")
        else:
            stream.reconfigure(encoding="utf-8")


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    try:
        code = cli.main(args=arguments, prog_name="reconcile", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else ExitCode.OK
    except SystemExit as done:
        # A shell asked what could come next, and click has answered.
        return done.code if isinstance(done.code, int) else ExitCode.OK
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.format_message())
        return ExitCode.USAGE
    except click.UsageError as error:
        context = error.ctx
        hint = f" (see {context.command_path} --help)" if context is not None else ""
        if "unexpected extra argument" in error.message:
            hint = f": a configuration is named with -c{hint}"
        _say(f"error: {error.format_message()}{hint}")
        return ExitCode.USAGE
    except click.ClickException as error:
        _say(f"error: {error.format_message()}")
        return ExitCode.ERROR
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return ExitCode.INTERRUPTED
    except ReconcileError as error:
        _explain(error)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing more to say, and nothing to say it to.
        from reconciler.cli.console import give_up_stdout

        give_up_stdout()
        return ExitCode.ERROR
    except OSError as error:
        if sys.stdout.closed or error.filename is None:
            _say(f"error: {error.strerror or error}")
            return ExitCode.ERROR
        _say(f"error: {error.filename}: {error.strerror}")
        return ExitCode.ERROR


def _unforeseen(error: Exception) -> int:
    """Tells of a mistake of the program itself: where, and not what was said there, which may hold a secret."""
    from reconciler.trace import places_of

    with contextlib.suppress(OSError):
        click.echo(
            f"error: {type(error).__name__} at {places_of(error)}: a mistake of reconcile, or a damaged installation: "
            "please report it with this line; if it was writing, plan again",
            err=True,
        )
    return ExitCode.ERROR


def _explain(error: ReconcileError) -> None:
    from reconciler.pipeline.guards import ConfigError

    if isinstance(error, ConfigError):
        for finding in error.findings:
            _say(str(finding))
        return
    for line in error.lines:
        _say(f"error: {line}")


def _say(text: str) -> None:
    """A line on stderr; where nobody can be told, the exit code says it all.

    Names in it come from arguments, files and servers: a newline would fake a line, for a workflow even a command.
    """
    from reconciler.render.escape import escape

    with contextlib.suppress(OSError):
        click.echo(escape(text), err=True)
