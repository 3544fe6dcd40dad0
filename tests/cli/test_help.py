"""The help that people read: one page for all, a page for each command, and no example that would be refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from reconciler.cli import page
from reconciler.cli.main import COMMANDS, cli
from reconciler.errors import ExitCode
from tests.support.cli import Shell

_EXAMPLES = re.compile(r"^ *Examples:\n((?: +\S.*\n?)+)", re.MULTILINE)
_NEXT_COMMAND = {"&&", "||", "|", ";", "&", "<", ">"}


def examples(text: str) -> list[str]:
    """The lines of the block of examples, without the words that explain them."""
    found = _EXAMPLES.search(text)
    assert found is not None, text
    return [re.split(r" {3,}", line.strip())[0] for line in found[1].splitlines()]


def calls(line: str) -> Iterator[list[str]]:
    """The arguments of each `reconcile` in a line for a shell."""
    if inner := re.search(r"\$\((.*)\)", line):
        line = inner[1]
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in _NEXT_COMMAND:
            if words[:1] == ["reconcile"]:
                yield words[1:]
            words = []
        else:
            words.append(word)


def parse(arguments: list[str]) -> None:
    """Parses a call as the command line would, and runs nothing. Raises click's error for what is refused."""
    name, *rest = arguments
    root = click.Context(cli, info_name="reconcile")
    command = cli.get_command(root, name)
    assert command is not None, name
    command.make_context(name, rest, parent=root)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_example_of_a_command_can_be_typed(name: str) -> None:
    """Each has a block of examples, the command is in it, and each line is parsed without an error."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    found = [call for line in examples(command.help or "") for call in calls(line)]
    assert name in {call[0] for call in found}
    for call in found:
        parse(call)


def test_the_examples_of_the_page_can_be_typed(shell: Shell) -> None:
    """The first page that a stranger reads shows no command that fails."""
    lines = examples(shell.run("--help").out)
    assert len(lines) > 4
    for line in lines:
        for call in calls(line):
            parse(call)


def test_an_example_that_is_wrong_is_found() -> None:
    """The two tests above are able to fail."""
    assert list(calls("reconcile validate && reconcile plan > plan.txt")) == [
        ["validate"],
        ["plan"],
    ]
    for wrong in (["plan", "--nope"], ["schema", "nothing"]):
        with pytest.raises(click.UsageError):
            parse(wrong)


def test_the_page_has_everything_once(shell: Shell) -> None:
    """Each command in a group, each exit code, the variables, and how to go on."""
    ran = shell.run("--help")
    assert (ran.code, ran.err) == (0, "")
    for name, (_, text) in COMMANDS.items():
        assert len(re.findall(rf"^  {name} +{text.split()[0]}", ran.out, re.MULTILINE)) == 1
    for code in ExitCode:
        assert re.search(rf"^    {code.value} +\S", ran.out, re.MULTILINE)
    for title in ("Examples:", "Variables:", "Exit codes:", *(f"{one}:" for one, _ in page.GROUPS)):
        assert ran.out.count(f"{title}\n") == 1
    assert "LIVEKIT_API_SECRET" in ran.out


def test_groups_name_commands_that_exist() -> None:
    """A command that was renamed does not vanish from its group in silence."""
    names = [name for _, group in page.GROUPS for name in group]
    assert len(names) == len(set(names))
    assert set(names) <= set(COMMANDS)
    shown = page.grouped({name: text for name, (_, text) in COMMANDS.items()})
    assert sorted(name for _, rows in shown for name, _ in rows) == sorted(COMMANDS)
