"""What a shell offers when somebody presses the tab key; bash is really asked."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.main import COMMANDS
from tests.support.cli import COMMAND, Shell


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with `reconcile` on it, as after an installation."""
    program = tmp_path / "bin" / "reconcile"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return f"{program.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"


# What readline does: it calls the function with the words, and takes what stands in COMPREPLY. `compopt` asks readline
# to complete names of files by itself.
PRESS_TAB = """
eval "$(reconcile completion bash)"
compopt() { echo "$@"; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"$(complete -p reconcile | sed -E 's/.*-F ([^ ]+).*/\\1/')" reconcile
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(path: str, *words: str) -> list[str]:
    """What bash offers for the last of some words."""
    done = subprocess.run(
        ["bash", "-c", PRESS_TAB, "bash", "reconcile", *words],
        env={"PATH": path, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("",), list(COMMANDS)),
        (("imp",), ["import-lk"]),
        (("plan", "--detailed"), ["--detailed-exitcode"]),
        (("plan", "--only", ""), ["sip", "agents"]),
        (("plan", "--format", "m"), ["markdown"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("schema", "token-"), ["token-inspect"]),
        (("validate", "-c", ""), ["-o default", ""]),
        (("show", ""), ["-o default", ""]),
        (("import-lk", "x"), ["-o default", ""]),
    ],
)
def test_bash_offers(path: str, words: tuple[str, ...], answer: list[str]) -> None:
    """Commands, options, choices, and names of files where a file is wanted."""
    assert offered(path, *words) == answer


@pytest.mark.parametrize(
    ("shell", "answer"),
    [
        ("zsh", "plain\nplan\nShow what would change in the live project."),
        ("fish", "plain,plan\tShow what would change in the live project."),
    ],
)
def test_the_other_shells_get_their_answer(path: str, shell: str, answer: str) -> None:
    """The question as their scripts ask it: with the help of each command, where the shell shows one."""
    done = subprocess.run(
        ["reconcile"],
        env={
            "PATH": path,
            "_RECONCILE_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": "reconcile pla",
            "COMP_CWORD": "pla" if shell == "fish" else "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip("\n").replace("\n\n", "\n") == answer
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_is_one_for_its_shell(shell: Shell, name: str) -> None:
    """It asks `reconcile`, and where the shell is installed, the shell itself finds nothing wrong with it."""
    ran = shell.run("completion", name)
    assert (ran.code, ran.err) == (0, "")
    assert f"_RECONCILE_COMPLETE={name}_complete" in ran.out
    if shutil.which(name):
        subprocess.run([name, "-n"], input=ran.out, text=True, check=True)


def test_an_unknown_shell_is_wrong_usage(shell: Shell) -> None:
    """And the three that there are stand in the message."""
    ran = shell.run("completion", "tcsh")
    assert ran.code == 64
    assert "'bash', 'zsh', 'fish'" in ran.err


def test_to_offer_commands_imports_none(path: str) -> None:
    """Pressing the tab key behind `reconcile` costs what `--version` costs."""
    script = (
        "import sys\nfrom reconciler.cli.main import run\ncode = run()\n"
        "print(sorted(one for one in sys.modules if one.startswith(('reconciler.', 'msgspec'))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={
            "PATH": path,
            "_RECONCILE_COMPLETE": "bash_complete",
            "COMP_WORDS": "reconcile ",
            "COMP_CWORD": "1",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == str(
        ["reconciler.cli", "reconciler.cli.main", "reconciler.cli.page", "reconciler.errors"]
    )
