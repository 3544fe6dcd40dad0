"""Machines in a bad state: full disks, places that cannot be written, streams that are closed, terminals resized."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import shlex
import signal
import struct
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.boundaries.commands import COMMANDS, WRITERS, Command, Place
from tests.support.cli import COMMAND
from tests.support.effort import effort

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.emulator.server import Emulator
    from tests.support.figures import FigureTeller

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]


@pytest.fixture
def place(tmp_path: Path, livekit_emulator: Emulator) -> Place:
    """A folder with a project that an apply would change, and everything that commands read."""
    return Place(tmp_path, livekit_emulator)


def _shell(place: Place, line: str, command: Command) -> subprocess.CompletedProcess[str]:
    """Runs a command by a line of bash in which `"$@"` is the command."""
    return subprocess.run(
        ["bash", "-c", line, "bash", *COMMAND, *command.arguments],
        cwd=place.folder,
        env={**os.environ, **place.shell.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


# --- places that cannot be written

# Where there is no folder, where there is a folder, where nothing can be, and a disk that is full.
BAD_PLACES = ("a-file/inside", "a-folder", "/proc/nothing/here")


@pytest.mark.parametrize("command", WRITERS, ids=str)
def test_a_file_that_cannot_be_written_is_one_line(place: Place, command: Command) -> None:
    """The file and the reason are named, there is no traceback, and of an apply no call is made."""
    place.shell.write("a-file", "")
    (place.folder / "a-folder").mkdir()
    for bad in BAD_PLACES:
        place.reset()
        ran = place.shell.run(*command.with_output(bad))
        if bad == "a-folder" and command.code_for_folder is not None:
            assert ran.code == command.code_for_folder, ran
            continue
        assert ran.code == command.code_where_unwritable, (bad, ran)
        (line,) = [one for one in ran.err.splitlines() if f"{bad}: " in one]
        assert "cannot be" in line or "there would be no backup" in line
        assert "Traceback" not in ran.err
        assert place.is_untouched, bad


@pytest.mark.parametrize("command", WRITERS, ids=str)
def test_a_full_disk_leaves_no_half_a_file(place: Place, command: Command) -> None:
    """No file may have a byte: what does not fit is not there, what was there stays, and one line says so."""
    old = place.old(command)
    ran = _shell(place, 'ulimit -f 0; trap "" XFSZ; exec "$@"', command)
    assert ran.returncode == command.code_where_unwritable, ran.stderr
    assert "File too large" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert place.new(command) == old
    assert place.left_over == []
    assert place.is_untouched


@pytest.mark.skipif(os.getuid() != 0, reason="a small file system is mounted by root alone")
@pytest.mark.parametrize("command", WRITERS, ids=str)
def test_a_disk_without_room_leaves_no_half_a_file(place: Place, command: Command) -> None:
    """The same on a file system that is really full."""
    disk = place.folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with contextlib.suppress(OSError), (disk / "filler").open("wb") as filler:
            while True:
                filler.write(bytes(512))
                filler.flush()
        ran = place.shell.run(*command.with_output("disk/out"))
        assert ran.code == command.code_where_unwritable, ran
        assert "disk/out" in ran.err
        assert "No space left on device" in ran.err
        assert [one.name for one in disk.rglob("*") if one.is_file() and one.stat().st_size] == [
            "filler"
        ]
        assert place.is_untouched
    finally:
        subprocess.run(["umount", disk], check=True)


# --- streams

_PLAIN = 'exec "$@"'
STREAMS = {
    "stdout closed": (f"{_PLAIN} >&-", "ok"),
    "stderr closed": (f"{_PLAIN} 2>&-", "ok"),
    "all closed": (f"{_PLAIN} <&- >&- 2>&-", "ok"),
    "stderr full": (f"{_PLAIN} 2>/dev/full", "ok"),
    "stdout full": (f"{_PLAIN} >/dev/full", "lost"),
    "no reader of stdout": ('"$@" | :; exit ${PIPESTATUS[0]}', "lost"),
    "no reader of stderr": ('"$@" 2> >(:)', "ok"),
}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_that_is_gone_fails_only_what_is_data(
    place: Place, figure: FigureTeller, stream: str
) -> None:
    """Notes that nobody hears cost nothing. Output that is lost is an error; a plan that is not seen is not applied.

    For programs an apply writes one document at its end, when all is done.
    """
    line, what = STREAMS[stream]
    commands = COMMANDS[:: effort(7, 1)]
    for command in commands:
        place.reset()
        ran = _shell(place, line, command)
        assert "Traceback" not in ran.stdout + ran.stderr, (command, ran)
        if what == "ok" or not command.has_data:
            assert ran.returncode == command.code, (command, ran)
            assert place.is_applied == command.applies
        elif "reader" in stream and ran.returncode == command.code:
            pass  # all was in the pipe before its reader was gone
        else:
            is_told_at_the_end = command.applies and "--format" in command.arguments
            assert ran.returncode == (3 if command.applies and not is_told_at_the_end else 1)
            if is_told_at_the_end:
                assert "the report cannot be written" in ran.stderr.splitlines()[-1]
                assert place.is_applied
            else:
                most = (0 if "reader" in stream else 1) + command.applies
                assert len(ran.stderr.splitlines()) <= most, (command, ran)
                assert place.is_untouched
    figure("streams", f"{len(commands)} commands with each of {len(STREAMS)} kinds of lost streams")


def test_a_report_that_is_lost_is_told_and_leaves_its_files(place: Place) -> None:
    """The reader of stdout goes away between plan and report: receipt and backup are there, and stderr has the sum."""
    place.emulator.faults.delay("Create*", 0.5, times=99)
    process = subprocess.Popen(
        [*COMMAND, "apply", "--auto-approve", "--receipt", "receipt.json"],
        cwd=place.folder,
        env={**os.environ, **place.shell.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    while not place.emulator.count("Create*") and process.poll() is None:
        time.sleep(0.02)
    process.stdout.close()
    with process.stderr:
        told = process.stderr.read()
    assert process.wait(timeout=60) == 1
    assert "error: the report cannot be written: Broken pipe. Apply complete: 3 created" in told
    assert place.is_applied
    assert place.shell.run("show", "receipt.json").code == 0
    (backup,) = (place.folder / ".reconcile/backups").iterdir()
    assert json.loads(backup.read_text())["applied"] is not None


def test_a_terminal_that_is_resized_while_an_apply_runs(place: Place) -> None:
    """SIGWINCH breaks no call, and the bar goes on at the new width."""
    place.emulator.faults.delay("Create*", 0.4, times=99)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "apply", "--auto-approve", "--concurrency", "1"],
        cwd=place.folder,
        env={**os.environ, **place.shell.environ, "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    with _read(master) as told:
        width = 0
        while process.poll() is None:
            width += 1
            size = struct.pack("HHHH", 1 + width % 40, 1 + width * 7 % 200, 0, 0)
            fcntl.ioctl(master, termios.TIOCSWINSZ, size)
            process.send_signal(signal.SIGWINCH)
            time.sleep(0.05)
    os.close(master)
    assert process.returncode == 0, told
    assert "Apply complete" in " ".join("".join(told).split())
    assert "Traceback" not in "".join(told)
    assert place.is_applied


@contextlib.contextmanager
def _read(master: int) -> Iterator[list[str]]:
    """Reads what a terminal shows until its last user is gone."""
    told: list[str] = []

    def read() -> None:
        with contextlib.suppress(OSError):
            while data := os.read(master, 4096):
                told.append(data.decode(errors="replace"))

    thread = threading.Thread(target=read)
    thread.start()
    yield told
    thread.join(timeout=30)


def test_a_folder_without_the_right_to_write(place: Place) -> None:
    """Not even root writes where it has given up the right to: each command says so in one line, and does nothing."""
    closed = place.folder / "closed"
    closed.mkdir(mode=0o500)
    drop = 'exec setpriv --bounding-set=-dac_override --inh-caps=-dac_override "$@"'
    line = drop if os.getuid() == 0 else _PLAIN
    for command in WRITERS[:: effort(3, 1)]:
        place.reset()
        named = Command(command.with_output("closed/out"), command.code, applies=command.applies)
        ran = _shell(place, line, named)
        assert ran.returncode == command.code_where_unwritable, (shlex.join(named.arguments), ran)
        assert "Permission denied" in ran.stderr
        assert list(closed.iterdir()) == []
        assert place.is_untouched
