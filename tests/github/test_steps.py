"""The two programs of the action, run bare: what they say where they cannot work, and what is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.project.repository import ROOT

ACTION = ROOT / ".github" / "actions" / "reconcile"
TOKEN = "ghs_never-to-be-shown"
# A stand-in for pip: it notes what it was asked.
FAKE_PIP = "import os, sys; open(os.environ['ASKED'], 'w').write('\\n'.join(sys.argv[1:]))"
OPTIONS = ["install", "--disable-pip-version-check", "--no-input", "--quiet"]


def program(
    name: str, environ: dict[str, str], python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    """A script of the action in just that environment."""
    command: list[str | Path] = [python, "-B", ACTION / name]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The least that a step is given."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"id": 1, "default_branch": "main"}}))
    return {
        "PATH": os.environ["PATH"],
        "GITHUB_REPOSITORY": "acme/voice",
        "GITHUB_REPOSITORY_ID": "1",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "GITHUB_API_RETRY_WAIT": "0.001",
        "RUNNER_TEMP": str(tmp_path),
        "INPUT_TOKEN": TOKEN,
        "INPUT_COMMAND": "drift",
        "INPUT_APPLY_WORKFLOW": "apply.yml",
    }


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY is not set"),
        ({"INPUT_COMMAND": "destroy"}, "`command` is one of plan, review, apply, drift"),
        ({"INPUT_COMMAND": ""}, "`command` is one of plan, review, apply, drift"),
        ({"INPUT_NAME": "a/../b"}, "`name` has letters"),
        ({"INPUT_NAME": "x -->"}, "`name` has letters"),
        ({"INPUT_ENV_PREFIX": "A B"}, "`env-prefix` is the beginning"),
        ({"INPUT_APPLY_WORKFLOW": "../../etc"}, "`apply-workflow` is a file name"),
        ({"INPUT_COMMAND": "apply"}, "there is no approved plan"),
        ({"GITHUB_EVENT_PATH": "nowhere.json"}, "nowhere.json"),
        ({"GITHUB_EVENT_PATH": "/dev/null"}, "has an odd form: JSONDecodeError"),
        ({}, "GitHub does not answer"),
    ],
)
def test_what_is_wrong_is_one_annotation(
    environ: dict[str, str], changes: dict[str, str], says: str
) -> None:
    """The step is red, without a traceback and without the token."""
    done = program("main.py", environ | changes)
    assert done.returncode == 1
    assert done.stderr.startswith("::error title=reconcile::")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert TOKEN not in done.stderr + done.stdout


def installed(
    tmp_path: Path, environ: dict[str, str], *, python: str | Path = sys.executable, **inputs: str
) -> list[str]:
    """What pip is asked for by a Python; nothing where it is not asked."""
    package = tmp_path / "stand-in" / "pip"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(FAKE_PIP)
    asked = tmp_path / "asked"
    asked.unlink(missing_ok=True)
    given = {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
    done = program(
        "install.py",
        environ | given | {"PYTHONPATH": str(package.parent), "ASKED": str(asked)},
        python,
    )
    assert done.returncode == 0, done.stderr
    return asked.read_text().splitlines() if asked.exists() else []


@pytest.fixture
def bare(environ: dict[str, str]) -> dict[str, str]:
    """A machine without `reconcile`."""
    return environ | {"PATH": "/usr/bin:/bin"}


def test_names_are_no_commands_to_the_runner() -> None:
    """Annotations go to the log as they are; no other line is a command, wherever in it one would begin."""
    text = "::warning file=a,line=1::odd\n::add-mask::plan\n  ::stop-commands::x\nerror: ##[add-mask]plan\nplain\n"
    code = f"import command, sys; sys.stdout.write(command.for_the_log({text!r}))"
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=ACTION, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "::warning file=a,line=1::odd",
        "\u200b::add-mask::plan",
        "\u200b::stop-commands::x",
        "error: ##\u200b[add-mask]plan",
        "plain",
    ]


def test_what_is_there_is_taken(tmp_path: Path, environ: dict[str, str]) -> None:
    """A container that has the right version needs no network."""
    path = f"{Path(sys.executable).parent}:{environ['PATH']}"
    assert installed(tmp_path, environ | {"PATH": path}) == []
    other = installed(tmp_path, environ | {"PATH": path}, version="9.9.9")
    assert other == [*OPTIONS, "livekit-reconciler==9.9.9"]


WITHOUT_APPRISE = f"""\
#!{sys.executable}
import sys
sys.modules["apprise"] = None
from reconciler.cli.main import main
main()
"""


def test_who_runs_afterwards_is_asked_what_it_has(tmp_path: Path, environ: dict[str, str]) -> None:
    """The library for messages counts where `reconcile` has it, whatever the Python of this script has."""
    told = environ | {"RECONCILE_NOTIFY": "json://127.0.0.1:9/"}
    venv.create(tmp_path / "venv")
    bare_python = tmp_path / "venv" / "bin" / "python"
    with_it = told | {"PATH": f"{Path(sys.executable).parent}:{environ['PATH']}"}
    assert installed(tmp_path, with_it, command="drift", python=bare_python) == []
    shim = tmp_path / "bin" / "reconcile"
    shim.parent.mkdir()
    shim.write_text(WITHOUT_APPRISE)
    shim.chmod(0o755)
    without_it = told | {"PATH": f"{shim.parent}:{environ['PATH']}"}
    assert installed(tmp_path, without_it, command="drift") == [*OPTIONS, f"{ROOT}[notify]"]
    assert installed(tmp_path, without_it, command="plan") == []


def test_the_checkout_beside_the_action_is_taken(tmp_path: Path, bare: dict[str, str]) -> None:
    """Who uses the action by its repository's name gets the code of the same commit."""
    assert installed(tmp_path, bare) == [*OPTIONS, str(ROOT)]


def test_a_version_comes_from_the_index(tmp_path: Path, bare: dict[str, str]) -> None:
    """So does that of a copied action."""
    assert installed(tmp_path, bare, version="0.2.0") == [*OPTIONS, "livekit-reconciler==0.2.0"]


def test_arguments_for_pip_are_passed_on(tmp_path: Path, bare: dict[str, str]) -> None:
    """Such as a lock file with hashes; no shell reads them."""
    asked = installed(tmp_path, bare, install="--require-hashes -r 'my file.txt' ; $(x)")
    assert asked == [*OPTIONS, "--require-hashes", "-r", "my file.txt", ";", "$(x)"]


def test_a_copied_action_knows_its_version(tmp_path: Path, bare: dict[str, str]) -> None:
    """In somebody else's repository, whatever that is called, nothing but the index is asked."""
    copy = tmp_path / "theirs" / ".github" / "actions" / "reconcile"
    shutil.copytree(ACTION, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "theirs" / "pyproject.toml").write_text('[project]\nname = "acme"\n')
    code = "import install, pathlib; print(install.requirement('', '', pathlib.Path(install.__file__).parent))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, env=bare, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['livekit-reconciler==0.1.0']"


@pytest.mark.slow
def test_an_installed_checkout_runs(tmp_path: Path, bare: dict[str, str]) -> None:
    """With the real pip, into an environment of its own, `reconcile` can be started afterwards."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this one the other way round
        "PYTHONPATH": libraries,
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [python, "-B", ACTION / "install.py"],
        env=bare | offline,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    program = python.with_name("reconcile")
    told = subprocess.run(
        [program, "--version"], env=bare | offline, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "reconcile 0.1.0"
