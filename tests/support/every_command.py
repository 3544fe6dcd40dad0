"""Every command of the program in every way that matters, by the commands themselves: a new one cannot be forgotten.

`CASES` has the ways for each command; `cases_of` fails for a command that has none. They run in the folder that
`prepare` fills: an applied project, and beside it each file that a command reads.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import jwt

from reconciler.cli.main import COMMANDS, cli
from reconciler.journal.database import open_journal
from reconciler.journal.entries import Entry, Step
from tests.support.cli import COMMAND, Shell
from tests.support.workers import wait_until

if TYPE_CHECKING:
    from pathlib import Path

CALL = ("explain", "--from", "+15550100011", "--to", "+15550100001")
OTHER = ("-c", "other")
BACKUPS = ".reconcile/backups"
# A file of `lk`, with a password and a header in it.
LK = {
    "trunk": {"name": "lk", "numbers": ["+15550100003"], "auth_username": "u", "auth_password": ""}
}


@dataclass(frozen=True, slots=True)
class Case:
    """A command line. `asks`: a server is asked; `shows`: canaries that it shows on purpose."""

    line: tuple[str, ...]
    asks: bool = False
    shows: tuple[str, ...] = ()


def _asking(*line: str) -> Case:
    return Case(line, asks=True)


CASES: dict[str, tuple[Case, ...]] = {
    "init": (
        Case(("init", "-c", "made.yaml", "--force")),
        _asking("init", "-c", "live.yaml", "--from-live", "--force"),
    ),
    "validate": (
        Case(("validate",)),
        Case(("validate", *OTHER)),
        Case(("validate", "--projects", "config")),
    ),
    "plan": (
        _asking("plan"),
        _asking("plan", *OTHER),
        _asking("plan", "--rooms"),
        _asking("plan", *OTHER, "--out", "again.json"),
        _asking("plan", "--projects", "config"),
        _asking("plan", "--write-secrets", "in"),
        Case(("plan", *OTHER, "--live", "snapshot.json")),
    ),
    "apply": (
        _asking("apply"),
        _asking("apply", "plan.json", "--auto-approve", "--receipt", "r.json"),
        _asking("apply", *OTHER, "--auto-approve", "--max-deletes", "9", "--rooms"),
        _asking("apply", "--auto-approve", "--max-deletes", "9", "--rooms", "--receipt", "r.json"),
        _asking("apply", *OTHER, "--auto-approve", "--require-agents", "--probe-timeout", "100ms"),
        _asking("apply", "--projects", "config", "--auto-approve", "--max-deletes", "9"),
    ),
    "rollback": (
        _asking("rollback", "backup.json", "--plan-only"),
        _asking("rollback", "backup.json", "--auto-approve", "--max-deletes", "9"),
        _asking("rollback", "backup.json", "--auto-approve", "--keep-secrets"),
    ),
    "drift": (
        _asking("drift"),
        _asking("drift", *OTHER, "--receipt", "receipt.json"),
        _asking("drift", "--rooms"),
        _asking("drift", *OTHER, "--write-back"),
        _asking("drift", "--projects", "config"),
        _asking("drift", *OTHER, "--state", "state.json", "--metrics-file", "drift.prom"),
        Case(("drift", *OTHER, "--live", "snapshot.json")),
    ),
    "explain": (
        Case(CALL),
        Case(("explain", "--room", "ornina-1")),
        Case(("explain", "--calls", "input/calls.jsonl")),
        _asking(*CALL, "--live"),
        _asking(*CALL, "--diff"),
        Case((*CALL, "--live", "snapshot.json")),
    ),
    "rooms": (_asking("rooms"), _asking("rooms", "ornina-1", "call-*")),
    "probe": (
        _asking("probe", "--timeout", "100ms"),
        _asking("probe", "avatar", "--timeout", "100ms", "--count", "2"),
    ),
    "show": tuple(
        Case(("show", name))
        for name in ("plan.json", "snapshot.json", "receipt.json", "backup.json")
    ),
    "snapshot": (_asking("snapshot"), _asking("snapshot", "again-snapshot.json")),
    "export": (_asking("export"),),
    "import-lk": (Case(("import-lk", "input/lk.json")),),
    "ids": (_asking("ids"),),
    "history": (Case(("history", "call-*")), Case(("history", "--failed"))),
    "graph": (
        Case(("graph",)),
        _asking("graph", "--live"),
        _asking("graph", "--plan", *OTHER),
        _asking("graph", "--plan", "--changes", *OTHER),
        Case(("graph", "--live", "snapshot.json")),
    ),
    "token": (
        # A token is made to be given away, and names the key; it must not hold the secret.
        Case(("token", "--room", "ornina-1", "--identity", "user"), shows=("API_KEY",)),
        Case(("token", "inspect", "TOKEN"), shows=("API_KEY",)),
        Case(("token", "inspect", "TOKEN", "--live"), asks=True, shows=("API_KEY",)),
    ),
    "conventions": (Case(("conventions",)), Case(("conventions", "--out", "conventions.json"))),
    "serve": (_asking("serve", "--port", "0", "--resync", "1s"),),
    "emulate": (Case(("emulate", "--port", "0")),),
    "completion": (Case(("completion", "bash")),),
    "schema": (Case(("schema",)), Case(("schema", "plan"))),
}
RUNS_ON = ("serve", "emulate")
"""Commands that end only when they are asked to."""


def command_of(name: str) -> click.Command:
    """A command by its name."""
    found = cli.get_command(click.Context(cli), name)
    assert found is not None, name
    return found


def cases_of(name: str) -> tuple[Case, ...]:
    """The cases of a command. Fails where it has none: write some into `CASES`."""
    assert CASES.get(name), f"{name} has no case in tests/support/every_command.py"
    return CASES[name]


def variables_of(name: str) -> set[str]:
    """The variables that stand for options of a command."""
    found: set[str] = set()
    for parameter in command_of(name).params:
        names = parameter.envvar or ()
        found |= {names} if isinstance(names, str) else set(names)
    return found


def formats_of(name: str) -> tuple[str, ...]:
    """The formats that a command speaks."""
    for option in command_of(name).params:
        if option.name == "format" and isinstance(option.type, click.Choice):
            return tuple(option.type.choices)
    return ()


def asking_cases() -> list[Case]:
    """The cases in which a server is asked by a command that ends by itself."""
    return [
        case for name in COMMANDS if name not in RUNS_ON for case in cases_of(name) if case.asks
    ]


def prepare(shell: Shell, password: str = "in-lk") -> None:
    """Applies the configuration, and leaves each file that some command reads."""
    calls = [{"from": "+15550100011", "to": "+15550100001"}, {"from": "", "to": "", "pin": "1"}]
    shell.write("input/calls.jsonl", "".join(f"{json.dumps(one)}\n" for one in calls))
    shell.write("input/lk.json", json.dumps({"trunk": {**LK["trunk"], "auth_password": password}}))
    for line in (
        ("apply", *OTHER, "--auto-approve"),
        ("apply", "--auto-approve", "--max-deletes", "9", "--receipt", "receipt.json"),
        ("plan", *OTHER, "--out", "plan.json"),
        ("snapshot", "snapshot.json"),
    ):
        ran = shell.run(*line)
        assert ran.code == 0, (line, ran.out, ran.err)
    backup = max((shell.folder / BACKUPS).iterdir())
    (shell.folder / "backup.json").write_bytes(backup.read_bytes())
    (shell.folder / "backup.json").chmod(0o600)
    journal = open_journal(f"sqlite:///{shell.folder / 'reconcile-journal.db'}")
    journal.write(
        [
            Entry(1_774_699_200.0, "call-1", "RM_1", Step.ROOM_STARTED),
            Entry(1_774_699_201.0, "call-1", "RM_1", Step.FAILED, "a", 1, None, "no", True),
        ]
    )
    journal.close()


def token_of(shell: Shell) -> str:
    """A token of the project for a room."""
    claims = {
        "iss": shell.environ["LIVEKIT_API_KEY"],
        "sub": "user",
        "exp": 4_000_000_000,
        "video": {"roomJoin": True, "room": "ornina-1"},
    }
    return jwt.encode(claims, shell.environ["LIVEKIT_API_SECRET"], algorithm="HS256")


def line_of(case: Case, shell: Shell) -> tuple[str, ...]:
    """The command line, with a token where one is asked for."""
    return tuple(token_of(shell) if word == "TOKEN" else word for word in case.line)


class Running:
    """A command in a process of its own that runs until it is stopped: `url`, `pid`, `text()`."""

    def __init__(self, shell: Shell, *line: str) -> None:
        self._log: Path = shell.folder / f"{line[0]}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*COMMAND, *line],
                cwd=shell.folder,
                env={**os.environ, **shell.environ},
                stdout=log,
                stderr=log,
            )
        wait_until(lambda: "http://" in self.text(), self.text, patience=120.0)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *error: Any) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def url(self) -> str:
        """The first address that it told."""
        found = re.search(r"http://[^\s\"]+", self.text())
        assert found is not None
        return found[0].rstrip(",.")

    def text(self) -> str:
        """All that it wrote so far."""
        return self._log.read_text(errors="replace")

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=60)
