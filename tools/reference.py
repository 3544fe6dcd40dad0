"""Writes what documents take from the commands: the usage and options of the pages in docs/commands, and their list.

`python -m tools.reference` writes them anew, and begins the page of a command that has none; a test compares them with
what is committed.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from reconciler.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "commands"
INDEX = PAGES / "index.md"

# The options that are explained once for all commands, by their first name.
COMMON = ("--config", "--overlay", "--format", "--color", "--quiet", "--verbose")
CONNECTION = ("--server-version", "--timeout", "--concurrency", "--max-requests-per-minute")

_REGION = re.compile(r"(<!-- generated: (\w+)(?: ([\w-]+))? -->\n).*?(<!-- end -->)", re.DOTALL)


def command_of(name: str) -> click.Command:
    """A command by its name on the command line."""
    module = importlib.import_module(f"reconciler.cli.{COMMANDS[name][0]}")
    command: click.Command = module.command
    return command


def options_of(name: str) -> list[click.Option]:
    """The options of a command, `--help` left out."""
    return [one for one in command_of(name).params if isinstance(one, click.Option)]


def long_name(option: click.Option) -> str:
    """The name of an option that starts with two dashes."""
    return next(text for text in option.opts if text.startswith("--"))


def usage(name: str) -> str:
    """What is typed: the command with its arguments."""
    arguments = [
        one.make_metavar(click.Context(command_of(name)))
        for one in command_of(name).params
        if isinstance(one, click.Argument)
    ]
    return " ".join(["reconcile", name, "[OPTIONS]", *arguments])


def own_options(name: str) -> str:
    """What it does, its usage, the options that only few commands have, and the names of the shared ones."""
    options = options_of(name)
    explained = {_spelling(one) for one in options_of("plan")}
    shared = [
        one
        for one in options
        if long_name(one) in COMMON + CONNECTION and _spelling(one) in explained
    ]
    own = [one for one in options if one not in shared]
    text = f"{COMMANDS[name][1]}\n\n```text\n{usage(name)}\n```\n"
    if own:
        text += f"\n{_options_table(own)}"
    if shared:
        names = ", ".join(f"`{long_name(one)}`" for one in shared)
        text += f"\nAlso, as [everywhere](index.md#shared-options): {names}.\n"
    return text


def shared_options() -> str:
    """The options that are explained once."""
    options = {long_name(one): one for one in options_of("plan")}
    return _options_table(options[name] for name in COMMON + CONNECTION)


def command_list() -> str:
    """All commands with their line of help."""
    rows = [(f"[`{name}`]({name}.md)", text) for name, (_, text) in COMMANDS.items()]
    return table(("Command", "What it does"), rows)


def _options_table(options: Iterable[click.Option]) -> str:
    rows = [(_spelling(one), one.help or "", _variable(one)) for one in options]
    return table(("Option", "What it does", "Variable"), rows)


def _spelling(option: click.Option) -> str:
    context = click.Context(click.Command("reconcile"))
    value = "" if option.is_flag else f" {option.make_metavar(context)}"
    return ", ".join(f"`{name}{value}`" for name in option.opts)


def _variable(option: click.Option) -> str:
    return f"`{option.envvar}`" if isinstance(option.envvar, str) else ""


REGIONS: dict[str, Callable[..., str]] = {
    "commands": command_list,
    "shared": shared_options,
    "options": own_options,
}


def page_of(name: str) -> Path:
    """Where the page of a command is."""
    return PAGES / f"{name}.md"


def blank_page(name: str) -> str:
    """How the page of a command begins: its heading, and a region for the rest that the code knows."""
    return f"# reconcile {name}\n\n<!-- generated: options {name} -->\n<!-- end -->\n"


def filled(text: str) -> str:
    """A page with its generated regions made anew."""

    def region(match: re.Match[str]) -> str:
        begin, what, argument, end = match.groups()
        made = REGIONS[what](argument) if argument else REGIONS[what]()
        return f"{begin}{made}{end}"

    return _REGION.sub(region, text)


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(_cell(text) for text in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Writes all of them."""
    for page in (INDEX, *map(page_of, COMMANDS)):
        text = page.read_text(encoding="utf-8") if page.exists() else blank_page(page.stem)
        page.write_text(filled(text), encoding="utf-8")
    sys.stdout.write(f"{INDEX} and {len(COMMANDS)} pages beside it written\n")


if __name__ == "__main__":
    main()
