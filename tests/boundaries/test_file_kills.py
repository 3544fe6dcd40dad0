"""Commands that are killed at each step of writing a file: what is there is the old file or the new one, and whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.boundaries.commands import OUT, WRITERS, Command, Place
from tests.cli.conftest import CONFIGURATION
from tests.support.effort import effort

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.emulator.server import Emulator
    from tests.support.figures import FigureTeller

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]

# Ends itself before the nth thing that it does to a file of a folder, as Python's audit events tell it.
PROGRAM = """
import os, signal, sys
at, folder = int(sys.argv.pop(1)), sys.argv.pop(1)
count = 0
def hook(event, args):
    global count
    if event == "open":
        is_step = isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    else:
        is_step = event in ("os.rename", "os.remove", "os.mkdir", "os.chmod")
    if not is_step or (isinstance(args[0], str) and folder not in os.path.abspath(args[0])):
        return
    count += 1
    if count == at:
        os.kill(os.getpid(), signal.SIGKILL)
sys.dont_write_bytecode = True
sys.addaudithook(hook)
from reconciler.cli.main import main
main()
"""


@pytest.mark.parametrize("command", WRITERS, ids=str)
def test_a_killed_command_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, livekit_emulator: Emulator, figure: FigureTeller, command: Command
) -> None:
    """SIGKILL before each opening, change of mode and move; the next run writes it as if nothing had been."""
    place = Place(tmp_path, livekit_emulator)
    kills = 0
    for at in range(1, 100, effort(3, 1)):
        place.reset()
        old = place.old(command)
        process = _run_until(place, at, *command.arguments)
        if process.returncode != -9:
            assert process.returncode == command.code, process
            break
        kills += 1
        _assert_whole(place, command, old)
    assert kills
    place.reset()
    assert place.shell.run(*command.arguments).code == command.code
    figure(f"file-kills-{command}", f"{kills} of {kills}")


def _run_until(place: Place, at: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(at), str(place.folder), *arguments],
        env={**os.environ, **place.shell.environ},
        cwd=place.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_killed_write_back_leaves_whole_files_and_the_next_one_finishes(
    tmp_path: Path, livekit_emulator: Emulator, figure: FigureTeller
) -> None:
    """No system moves two files at once: between the moves one is new and one old, each whole, until the next run."""
    place = Place(tmp_path, livekit_emulator)
    begin = CONFIGURATION.index("  dispatch_rules:")
    old = {
        place.shell.write("parts/one.yaml", CONFIGURATION[:begin]): CONFIGURATION[:begin].encode(),
        place.shell.write(
            "parts/two.yaml", "sip:\n" + CONFIGURATION[begin:]
        ): f"sip:\n{CONFIGURATION[begin:]}".encode(),
    }
    assert place.shell.run("apply", "-c", "parts", "--auto-approve", "--no-backup").code == 0
    (rule,), (trunk,) = livekit_emulator.dispatch_rules, livekit_emulator.inbound_trunks
    rule.metadata = trunk.metadata = "by hand"
    livekit_emulator.put(rule)
    livekit_emulator.put(trunk)
    command = ("drift", "--write-back", "-c", "parts")
    assert place.shell.run(*command).code == 2
    new = {path: path.read_bytes() for path in old}
    assert all(new[path] != data for path, data in old.items())
    kills, between = 0, 0
    for at in range(1, 100, effort(3, 1)):
        for path, data in old.items():
            path.write_bytes(data)
        process = _run_until(place, at, *command)
        if process.returncode != -9:
            assert process.returncode == 2, process
            break
        kills += 1
        now = {path: path.read_bytes() for path in old}
        assert all(now[path] in (old[path], new[path]) for path in old)
        between += now not in (old, new)
        assert place.shell.run(*command).code == (0 if now == new else 2)
        assert {path: path.read_bytes() for path in old} == new
    assert kills
    figure("file-kills-write-back", f"{kills} of {kills}, {between} between two moves")


def _assert_whole(place: Place, command: Command, old: bytes | None) -> None:
    out = place.folder / OUT
    if out.is_dir():
        for backup in out.glob("*.json"):
            assert json.loads(backup.read_bytes())["format"] == "livekit-reconciler/backup"
        return
    now = place.new(command)
    if now in (old, None):
        return
    assert now is not None
    assert now.endswith(b"\n")
    if now.startswith(b"{"):
        json.loads(now)
