"""A matrix: names that mean something to whatever shows them, in every place, and every command in every format.

What is printed goes to a terminal, a Markdown parser and a parser of JSON, and to whoever looks for workflow commands.
Nothing gets out of the place that it was put into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from reconciler.emulator.server import Emulator
from tests.hostile.folders import file_name, filled
from tests.hostile.manners import Trials
from tests.hostile.names import NAMES, WORST, configuration
from tests.hostile.readers import (
    assert_harmless_commands,
    assert_harmless_json,
    assert_harmless_markdown,
    assert_harmless_mermaid,
    assert_harmless_text,
    assert_visible_lines,
    on_a_terminal,
)
from tests.support.cli import Shell
from tests.support.effort import SOAK, effort
from tests.support.figures import FigureTeller

CALL = ("--from", "+15550100099", "--to", "+15550100001")
FOUR = ("text", "json", "markdown", "github")
THREE = FOUR[:3]
# Commands, and the formats that they have.
MATRIX: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("validate",), FOUR),
    (("validate", "-c", "config/dispatch.yaml", "-c", "tests.yaml"), FOUR),
    (("validate", "--projects", "many"), FOUR),
    (("plan", "-v"), FOUR),
    (("plan",), FOUR),
    (("plan", "-c", "config/dispatch.yaml", "-c", "tests.yaml", "-v"), FOUR),
    (("plan", "--rooms", "-v"), FOUR),
    (("plan", "--projects", "many", "-v"), FOUR),
    (("drift", "-v"), FOUR),
    (("drift", "--receipt", "receipt.json"), FOUR),
    (("explain", *CALL), THREE),
    (("explain", *CALL, "--live"), THREE),
    (("explain", *CALL, "--diff"), THREE),
    (("graph",), ("mermaid", "dot", "svg", "html", "json")),
    (("graph", "--live"), ("mermaid", "dot", "svg", "html", "json")),
    (("graph", "--plan"), ("mermaid", "dot", "svg", "html", "json")),
    (("rooms",), FOUR),
    (("rooms", "-v"), FOUR),
    (("show", "plan.json", "-v"), FOUR),
    (("show", "snapshot.json", "-v"), FOUR),
    (("show", "receipt.json"), FOUR),
    (("show", "backup.json"), FOUR),
    (("rollback", "backup.json", "--plan-only", "--keep-secrets"), FOUR),
    (("snapshot",), ("json",)),
    (("export",), ("text",)),
    (("ids",), FOUR),  # lines for a shell in all but JSON
    (("conventions",), ("json",)),
    (("history", "--limit", "1000"), FOUR),
    (("history", "--failed"), FOUR),
)
BY_NAME: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("explain", "--from={0}", "--to={0}", "--from-host={0}", "--source-ip={0}"), THREE),
    (("explain", "--from={0}", "--to={0}", "--live"), THREE),
    (("explain", "--room={0}"), THREE),
    (("rooms", "{0}"), FOUR),
    (("history", "{0}"), FOUR),
    (("token", "--room={0}", "--identity={0}", "--name={0}", "--attribute=a={0}"), THREE),
    (("init", "--from-live", "--name={0}", "--force", "-c", "new.yaml"), ("text",)),
    (("plan", "--project={0}", "--projects", "many"), ("text",)),
    (("plan", "-c", "{0}.yaml"), ("text",)),
    (("show", "{0}.json"), ("text",)),
    (("validate", "--format={0}"), ()),
    (("{0}",), ()),
)
TEXT = ("text", "markdown", "github")
NEEDLE = "evil"


@pytest.fixture(scope="module")
def shells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Shell]]:
    """Folders with everything that the commands read, full of names, each with a server that let them in.

    In the long run one has all the names; else each has some, and a command is asked about some of them.
    """
    parts = effort(4, 1)
    with ExitStack() as stack:
        yield [
            filled(tmp_path_factory.mktemp("names"), stack, NAMES[part::parts], WORST[part])
            for part in range(parts)
        ]


def _check(shell: Shell, command: tuple[str, ...], format_: str) -> None:
    summary = shell.folder / "summary.md"
    summary.unlink(missing_ok=True)
    shell.environ["GITHUB_STEP_SUMMARY"] = str(summary)
    asked = [command[0], *(["--format", format_] if format_ else []), *command[1:]]
    ran = shell.run(*asked)
    assert "Traceback" not in ran.err
    assert_harmless_commands(ran.err)
    on_a_terminal(ran.err)
    # Of a validation there is nothing to comment: only the annotations go out.
    is_page = command[0] != "validate" or "--projects" in command
    check = _CHECKS.get(
        "text" if command[0] == "ids" and format_ != "json" else format_, assert_harmless_text
    )
    (check if is_page or format_ != "github" else assert_harmless_commands)(ran.out)
    if format_ == "text":
        colored = shell.run(asked[0], "--color", "always", *asked[1:])
        if command[0] not in ("rooms", "apply", "token"):  # they are other ones by then
            assert on_a_terminal(colored.out) == ran.out
    if summary.exists():
        assert_harmless_markdown(summary.read_text())


_CHECKS: dict[str, Callable[[str], object]] = {
    "text": assert_harmless_text,
    "json": assert_harmless_json,
    "markdown": assert_harmless_markdown,
    "github": assert_harmless_markdown,
    "mermaid": assert_harmless_mermaid,
    "dot": assert_visible_lines,
    "svg": assert_visible_lines,
    "html": assert_visible_lines,
}


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_no_name_breaks_out_of_any_output(shells: list[Shell], figure: FigureTeller) -> None:
    """Every command in every format; the parsers find nothing but what this program writes."""
    trials, done = Trials(), 0
    for command, formats in MATRIX:
        for format_ in formats:
            done += 1
            with trials.case(f"{' '.join(command)} --format {format_}"):
                _check(shells[done % len(shells)], command, format_)
    trials.end()
    figure("hostile-names", f"{len(NAMES)} names in every place, {done} commands and formats")


@pytest.mark.parametrize("part", range(len(FOUR)))
def test_no_name_breaks_out_of_a_report(tmp_path: Path, part: int) -> None:
    """What an apply did, in each format, of a file full of names."""
    with Emulator() as emulator:
        shell = Shell(tmp_path).connect(emulator)
        names = NAMES[part :: len(FOUR)]
        text = configuration(names, WORST[part]).decode()
        shell.write("config/dispatch.yaml", text)
        _check(shell, ("apply", "--auto-approve", "-v"), FOUR[part])
        assert {one.name for one in emulator.dispatch_rules} == {*names}


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_no_argument_breaks_out_of_any_output(tmp_path: Path, figure: FigureTeller) -> None:
    """Names that somebody passes to a command, such as that of a room: in answers and in errors."""
    trials, done = Trials(), 0
    names = [name for name in (*NAMES, *WORST) if "\0" not in name]
    with ExitStack() as stack:
        shell = filled(tmp_path, stack, NAMES[:2], WORST[0])
        for number, name in enumerate(names):
            turns = BY_NAME if SOAK else (BY_NAME[number % len(BY_NAME)],)
            for command, formats in turns:
                words = tuple(word.format(name) for word in command)
                for format_ in formats or ("",):
                    with trials.case(f"{words} --format {format_}"):
                        _check(shell, words, format_)
                        done += 1
    trials.end()
    figure("hostile-arguments", f"{len(names)} names, {done:,} commands")


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("project", range(len(WORST)))
def test_no_project_name_breaks_out(tmp_path: Path, project: int) -> None:
    """The name of a project stands in headings, markers and file names; that of its file in front of every finding."""
    with ExitStack() as stack:
        shell = filled(tmp_path, stack, NAMES[:2], WORST[project])
        _look_at(shell, project)


def _look_at(shell: Shell, project: int) -> None:
    folder = f"config {file_name(WORST[project])}"
    (shell.folder / "config").rename(shell.folder / folder)
    trials = Trials()
    turns = MATRIX if SOAK else Random(project).sample(MATRIX, 6)
    for command, formats in turns:
        where = (
            () if "-c" in command or "--projects" in command else ("-c", f"{folder}/dispatch.yaml")
        )
        words = tuple(word.replace("config/", f"{folder}/") for word in command)
        for format_ in effort(formats[-2:], formats):
            with trials.case(f"{words} {where} --format {format_}"):
                _check(shell, (*words, *where), format_)
    trials.end()
