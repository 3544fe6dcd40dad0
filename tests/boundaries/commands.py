"""The commands that tests run on machines in a bad state: what each writes, and how it ends where all is well."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cli.conftest import CONFIGURATION
from tests.support.cli import Shell

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.emulator.server import Emulator

OUT = "out"


@dataclass(frozen=True, slots=True)
class Command:
    """One command line. `output` is its place among the arguments of a file that it writes, -1 for none.

    `code` is that of a good run, `code_where_unwritable` that of one whose file cannot be written,
    `code_for_folder` of one for which a folder is something else than a bad place for a file.
    """

    arguments: tuple[str, ...]
    code: int = 0
    applies: bool = False
    has_data: bool = True
    code_where_unwritable: int = 1
    code_for_folder: int | None = None

    def with_output(self, path: str) -> tuple[str, ...]:
        """The same, writing another file."""
        return tuple(path if one == OUT else one for one in self.arguments)

    def __str__(self) -> str:
        return "-".join(one.lstrip("-") for one in self.arguments[:3])


APPLY = ("apply", "--auto-approve")
# All that writes a file which somebody names. To `drift`, state and figures are beside the point: a warning tells.
WRITERS = (
    Command(("plan", "--out", OUT)),
    Command((*APPLY, "--receipt", OUT, "--no-backup"), applies=True, code_where_unwritable=3),
    Command(
        (*APPLY, "--backup-dir", OUT), applies=True, code_where_unwritable=3, code_for_folder=0
    ),
    Command(("snapshot", OUT), has_data=False),
    Command(("init", "-c", OUT, "--force"), has_data=False),
    Command(("conventions", "--out", OUT), has_data=False),
    Command(
        ("drift", "--state", OUT),
        code=2,
        code_where_unwritable=2,
        code_for_folder=64,
    ),
    Command(("drift", "--metrics-file", OUT), code=2, code_where_unwritable=2, code_for_folder=64),
)
# And of those that write to stdout alone.
COMMANDS = (
    Command(("plan",)),
    Command(APPLY, applies=True),
    Command(("drift",), code=2),
    Command(("validate",)),
    Command(("export",)),
    Command(("snapshot",)),
    Command(("plan", "--format", "json")),
    Command((*APPLY, "--format", "json"), applies=True),
    Command((*APPLY, "--format", "github"), applies=True),
    Command(("ids",)),
    Command(("graph",)),
    Command(("explain", "--from", "+15550100099", "--to", "+15550100001")),
    Command(("conventions",)),
    Command(("schema",)),
    Command(("show", "plan.json")),
    *WRITERS,
)


class Place:
    """A folder with a configuration of which nothing lives yet, and a saved plan of it."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        self.emulator = emulator
        self.shell = Shell(folder).connect(emulator)
        self.shell.environ["CARRIER_PASSWORD"] = "not-a-real-one"
        self.shell.write("config/dispatch.yaml", CONFIGURATION)
        assert self.shell.run("plan", "--out", "plan.json").code == 0

    def reset(self) -> None:
        """An empty project again, and nothing where a command writes."""
        self.emulator.clear()
        path = self.folder / OUT
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was written to the project."""
        return not any(
            self.emulator.count(f"{verb}SIP*") for verb in ("Create", "Update", "Delete")
        )

    @property
    def is_applied(self) -> bool:
        """Whether all of the file lives."""
        emulator = self.emulator
        return bool(
            emulator.inbound_trunks and emulator.outbound_trunks and emulator.dispatch_rules
        )

    def old(self, command: Command) -> bytes | None:
        """Puts something into the place of the file that a command writes."""
        path = self.folder / OUT
        if "--backup-dir" in command.arguments:
            return None
        path.write_bytes(b"what was there\n")
        return b"what was there\n"

    def new(self, command: Command) -> bytes | None:
        """What is there now."""
        path = self.folder / OUT
        return path.read_bytes() if path.is_file() else None

    @property
    def left_over(self) -> list[str]:
        """Files beside those that were to be written."""
        return [
            path.name
            for path in self.folder.rglob(".*")
            if path.name.startswith((f".{OUT}", ".20")) and path.suffix != ".lock"
        ]
