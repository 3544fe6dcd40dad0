"""Writes what documents take from the code: the fields of docs/fields.md, the options of the pages in docs/commands.

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
from reconciler.core.plan import Plane
from reconciler.core.schema import Field, FieldType, Kind
from reconciler.core.values import spell_duration
from reconciler.sip.spec import KINDS

ROOT = Path(__file__).parents[1]
FIELDS = ROOT / "docs" / "fields.md"
PAGES = ROOT / "docs" / "commands"
INDEX = PAGES / "index.md"

REFERENCE = "`{env: NAME}` or `{file: PATH}`"
_VALUES = {
    FieldType.TEXT: "text",
    FieldType.FLAG: "`true` or `false`",
    FieldType.DURATION: "duration",
    FieldType.PASSWORD: REFERENCE,
    FieldType.CREDENTIAL: f"text, {REFERENCE}",
    FieldType.HIDDEN_TEXT: f"text, {REFERENCE}",
    FieldType.METADATA: "text or mapping",
    FieldType.CODECS: "list of `{name, rate}`",
    FieldType.JSON: "mapping",
}
_LISTS = {
    FieldType.PHONE_NUMBERS: "list of numbers",
    FieldType.TEXTS: "list of texts",
    FieldType.REFERENCES: "list of names",
}
# The options that are explained once for all commands, by their first name.
COMMON = ("--config", "--format", "--color", "--quiet", "--verbose")
CONNECTION = ("--server-version", "--timeout", "--concurrency")

_REGION = re.compile(r"(<!-- generated: (\w+)(?: ([\w-]+))? -->\n).*?(<!-- end -->)", re.DOTALL)


# ---------------------------------------------------------------------------------------------------------------------
# Fields
# ---------------------------------------------------------------------------------------------------------------------


def fields_page() -> str:
    """The whole of docs/fields.md."""
    parts = [
        "# Fields\n",
        "Every field of the `sip` section, made from `reconciler/sip/spec.py` by `python -m tools.reference`. What they"
        "\nare for, with examples, is in [configuration.md](configuration.md). A field that is not written has the"
        "\ndefault; where there is none, it is not set.\n",
    ]
    for kind in KINDS:
        parts.append(f"## {kind.section}\n")
        parts.append(f"{kind.doc}\n")
        rows = [_field_row(kind, field) for field in kind.fields if _is_written(kind, field)]
        header = ("Field", "Value", "Default", "What it is", "In LiveKit")
        parts.append(table(header, rows))
    return "\n".join(parts)


def _is_written(kind: Kind, field: Field) -> bool:
    return field.plane is Plane.SIP and field.path not in kind.one_of


def _field_row(kind: Kind, field: Field) -> tuple[str, ...]:
    path = field.parent + (".NAME" if field.is_mapping else "")
    doc = field.doc
    if field.since is not None:
        doc += f" *livekit-server {field.since} or newer.*"
    return (f"`{path}`", _value(field), _default(field), doc, f"`{field.wire}`")


def _value(field: Field) -> str:
    if field.type is FieldType.CHOICE:
        return ", ".join(f"`{word}`" for word in field.choices)
    if field.type is FieldType.COUNT:
        bounds = f", {field.low} to {field.high}" if field.high is not None else ""
        return f"whole number{bounds}"
    text = _LISTS.get(field.type) or _VALUES[field.type]
    if field.type is FieldType.DURATION and field.high is not None:
        text += f", at most `{spell_duration(field.high)}`"
    return f"{text} or `any`" if field.any_word else text


def _default(field: Field) -> str:
    if field.explicit:
        return "must be written"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    if field.default is not None:
        return f"`{field.default}`"
    return "`any`" if field.any_word else ""


# ---------------------------------------------------------------------------------------------------------------------
# Options
# ---------------------------------------------------------------------------------------------------------------------


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
    FIELDS.write_text(fields_page(), encoding="utf-8")
    for page in (INDEX, *map(page_of, COMMANDS)):
        text = page.read_text(encoding="utf-8") if page.exists() else blank_page(page.stem)
        page.write_text(filled(text), encoding="utf-8")
    sys.stdout.write(f"{FIELDS}, {INDEX} and {len(COMMANDS)} pages beside it written\n")


if __name__ == "__main__":
    main()
