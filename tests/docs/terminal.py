"""A terminal for documents: runs the commands of `console` blocks in order, in one folder, and compares what they show.

Every command is a line that starts with `$ `; what follows up to the next one is what the command shows, stdout and
stderr as a terminal mixes them. A here-document belongs to its command. Variables are kept from one command to the
next, as in a shell. A line with nothing but "…" stands for lines that the document leaves out.

`RECONCILE_UPDATE_DOCS=1` writes what is shown into the documents: read the difference before it is committed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.markdown import Block
from tests.project.repository import ROOT
from tests.support.cli import Server
from tests.support.ports import free_port

# How the project is called in documents, and where an emulator listens there.
HOST = "acme-voice.livekit.example"
EMULATOR_PORT = "7880"
PATIENCE = 20.0

_HERE = re.compile(r"<<\s*'?(\w+)'?")
_ID = re.compile(r"\b(ST|SDR|AD)_[0-9A-Za-z]{12}\b")
# What differs from one run to the next, and how documents have it.
_TIMES = (
    (re.compile(r"\bin \d+\.\d+s\b"), "in 0.05s"),
    (re.compile(r"\b\d+ s old\b"), "4 s old"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b"), "2026-03-01 14:03 UTC"),
    (
        re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 (?=info|warning|error)"),
        "2026-11-24T18:00:00.000+00:00 ",
    ),
    (
        re.compile(r"\b\d{8}T\d{6}\.\d{3}Z-([a-z0-9-]+)-[0-9a-f]{6}\.json\b"),
        r"20250114T020000.000Z-\1-3f9a1c.json",
    ),
)
_LEFT_OUT = "…"
# The table of many projects: its columns are as wide as the host was.
_TABLE = re.compile(r"^project  .*\n(?:\S.*\n)+", re.MULTILINE)
UPDATE = os.environ.get("RECONCILE_UPDATE_DOCS") == "1"


class Differs(AssertionError):
    """A command does not show what the document says it does."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a block and what it shows."""

    text: str
    shows: str
    line: int


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    lines = block.text.splitlines()
    number = 0
    while number < len(lines):
        first = number
        if not lines[number].startswith("$ "):
            raise ValueError(f"line {block.line + number + 1}: expected a command")
        text = lines[number][2:]
        number += 1
        if here := _HERE.search(text):
            while lines[number - 1] != here[1]:
                text += f"\n{lines[number]}"
                number += 1
        while text.endswith("\\"):
            text += f"\n{lines[number]}"
            number += 1
        shows = []
        while number < len(lines) and not lines[number].startswith("$ "):
            shows.append(lines[number])
            number += 1
        yield Command(text, "\n".join(shows).strip("\n"), block.line + first + 1)


@dataclass(slots=True)
class Terminal:
    """A shell in a folder, connected to one project. `close` ends what was started in the background."""

    folder: Path
    environ: dict[str, str]
    port: str = field(default_factory=lambda: str(free_port()))
    transcript: list[tuple[Command, str]] = field(default_factory=list)
    _started: list[int] = field(default_factory=list)
    _documented: dict[str, str] = field(default_factory=dict)
    _shown: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, server: Server) -> Terminal:
        """A terminal whose `reconcile` is the one under test and whose variables name `server`."""
        programs = folder / "bin"
        programs.mkdir(parents=True)
        (programs / "under_test.py").write_text("from reconciler.cli.main import main\n\nmain()\n")
        for name, module in (("reconcile", "under_test"), ("pytest", "pytest")):
            program = programs / name
            python = shlex.quote(sys.executable)
            program.write_text(f'#!/bin/sh\nexec {python} -m {module} "$@"\n')
            program.chmod(0o755)
        environ = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": f"{programs}:{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
            # As in an environment with nothing but this package and pytest, installed or not.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_PLUGINS": "reconciler.emulator.pytest_plugin",
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": server.api_key,
            "LIVEKIT_API_SECRET": server.api_secret,
        }
        (folder / "project").mkdir()
        return cls(folder / "project", environ)

    def close(self) -> None:
        """Ends background commands."""
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGTERM)
        self._started.clear()

    def write(self, path: str, text: str) -> None:
        """Writes a file of the document."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def run(self, command: Command) -> None:
        """Runs a command. Raises `Differs` where it shows something else or fails without the document saying so."""
        shown, code = self._shell(command)
        if UPDATE:
            self.transcript.append(
                (command, _pseudonymous(self._as_documented(shown), self._shown))
            )
            return
        wanted = _normal(command.shows, self._documented)
        found = _normal(self._as_documented(shown), self._shown)
        if not _matches(wanted, found):
            raise Differs(
                f"line {command.line}: $ {command.text}\n--- documented\n{wanted}\n--- shown\n{found}"
            )
        told = "echo $?" in command.text or "||" in command.text
        if code != 0 and not told:
            raise Differs(f"line {command.line}: $ {command.text}\nexit code {code}: {found}")

    def unseen(self, text: str) -> None:
        """Runs a command that the document does not show, against the project that its shell has by now."""
        shown, code = self._shell(Command(text, "", 0))
        assert code == 0, shown

    def _shell(self, command: Command) -> tuple[str, int]:
        """What a command shows, and its exit code. Variables that it exports are kept."""
        state = self.folder.parent / "state"
        output = Path(tempfile.mkstemp(dir=self.folder.parent)[1])
        text = command.text.replace(EMULATOR_PORT, self.port)
        is_background = text.rstrip().endswith("&")
        script = f"[ ! -e {state} ] || . {state}\n{text}\ncode=$?\nexport -p >{state}\nexit $code\n"
        with output.open("wb") as sink:
            process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            code = process.wait()
        if is_background:
            self._started.append(process.pid)
            self._wait_for(output, command)
        return output.read_text(encoding="utf-8").strip("\n"), code

    def _wait_for(self, output: Path, command: Command) -> None:
        """A background command shows what it has to show when it is ready."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if len(output.read_text(encoding="utf-8").splitlines()) >= len(
                command.shows.splitlines()
            ):
                return
            time.sleep(0.05)

    def _as_documented(self, text: str) -> str:
        """The host, the emulator's port and the folder as documents call them."""
        server = self.environ["LIVEKIT_URL"].split("://", 1)[1]
        # YAML needs quotes around a host with a port, and none around the documents' one.
        text = re.sub(rf'^( *host: )"{re.escape(server)}"$', rf"\1{HOST}", text, flags=re.MULTILINE)
        text = _TABLE.sub(_aligned, text.replace(server, HOST))
        return text.replace(self.port, EMULATOR_PORT).replace(f"{self.folder}/", "")


def _aligned(table: re.Match[str]) -> str:
    """A table whose columns have become wider or narrower, with columns as wide as they have to be."""
    rows = [re.split(r" {2,}", line) for line in table[0].splitlines()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)


def _normal(text: str, seen: dict[str, str]) -> str:
    """The text with ids numbered in the order in which they appear, and with the times of documents."""

    def number(match: re.Match[str]) -> str:
        return seen.setdefault(match[0], f"{match[1]}_{len(seen) + 1}")

    return _stable(text, number)


def _pseudonymous(text: str, seen: dict[str, str]) -> str:
    """The text with ids and times that stay the same from one update of the documents to the next."""

    def pseudonym(match: re.Match[str]) -> str:
        digest = hashlib.sha256(f"{len(seen) + 1}".encode()).hexdigest()[:12]
        return seen.setdefault(match[0], f"{match[1]}_{digest}")

    return _stable(text, pseudonym)


def _stable(text: str, name: Callable[[re.Match[str]], str]) -> str:
    for pattern, written in _TIMES:
        text = pattern.sub(written, text)
    return "\n".join(line.rstrip() for line in _ID.sub(name, text).splitlines())


def rewritten(text: str, transcript: list[tuple[Command, str]]) -> str:
    """A document with what its commands showed; commands whose output is cut stay as they are."""
    lines = text.splitlines()
    for command, shown in sorted(transcript, key=lambda one: -one[0].line):
        if _LEFT_OUT in command.shows.splitlines():
            continue
        start = command.line - 1 + len(command.text.splitlines())
        lines[start : start + len(command.shows.splitlines())] = shown.splitlines()
    return "\n".join(lines) + "\n"


def _matches(wanted: str, found: str) -> bool:
    """Whether the two are the same, lines that the document leaves out aside."""
    pattern = [
        r"(?:.*\n)*?" if line.strip() == _LEFT_OUT else re.escape(line) + r"\n"
        for line in wanted.splitlines()
    ]
    return re.fullmatch("".join(pattern), f"{found}\n" if found else "") is not None
