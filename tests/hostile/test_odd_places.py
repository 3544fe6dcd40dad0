"""Where files are not files: pipes, devices, folders, rings of links, and bombs that would take all of the memory.

The bombs are read by a process of its own that may have so much memory and no more.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler import files
from reconciler.errors import FileError
from tests.hostile.manners import assert_polite
from tests.hostile.nasty import LARGE
from tests.support.cli import COMMAND, Ran, Shell
from tests.support.effort import effort
from tests.support.figures import FigureTeller

GOOD = (
    "version: 1\nproject: {name: acme}\nsip: {inbound_trunks: {a: {numbers: ['+15550100001']}}}\n"
)
MEMORY = 1536 * 1024 * 1024
"""Bytes of address space: the libraries map a third of it before anything is read."""
WITHOUT_POWERS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--")
READERS: tuple[tuple[str, ...], ...] = (
    ("validate", "-c", "odd"),
    ("validate", "-c", "good.yaml", "--overlay", "odd"),
    ("plan", "-c", "good.yaml", "--live", "odd"),
    ("show", "odd"),
    ("apply", "odd"),
    ("rollback", "odd"),
    ("import-lk", "odd"),
)


def _folder(path: Path) -> None:
    path.mkdir()


def _ring(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def _link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def _below_a_file(path: Path) -> None:
    path.symlink_to("good.yaml/inside")


def _unreadable(path: Path) -> None:
    path.write_text(GOOD)
    path.chmod(0)


ODD: dict[str, Callable[[Path], None]] = {
    "a folder": _folder,
    "a ring of links": _ring,
    "a link to nothing": _link_to_nothing,
    "a link below a file": _below_a_file,
    "a file that nobody may read": _unreadable,
    "a pipe that nobody writes into": os.mkfifo,
    "a null device": lambda path: path.symlink_to("/dev/null"),
}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A folder with a good file, and little patience."""
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    shell = Shell(tmp_path)
    shell.write("good.yaml", GOOD)
    shell.environ |= {
        "LIVEKIT_URL": "http://127.0.0.1:1",
        "LIVEKIT_API_KEY": "k",
        "LIVEKIT_API_SECRET": "s" * 32,
    }
    return shell


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_file_is_one_line(shell: Shell, what: str) -> None:
    """Every command that reads a file says which one it is and why it cannot be read."""
    ODD[what](shell.folder / "odd")
    for command in READERS:
        ran = _as_anybody(shell, command) if "may" in what else shell.run(*command)
        assert_polite(ran, ("odd",), (1,))


def _as_anybody(shell: Shell, command: tuple[str, ...]) -> Ran:
    """Runs a command without what lets root read everything."""
    line = [*(WITHOUT_POWERS if os.geteuid() == 0 else ()), *COMMAND, *command]
    environ = {**os.environ, **shell.environ}
    done = subprocess.run(
        line, cwd=shell.folder, env=environ, capture_output=True, text=True, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_secret_in_a_pipe_that_nobody_writes_into_is_missing(shell: Shell) -> None:
    """Like one whose file is not there; it is not waited for until the end of days."""
    os.mkfifo(shell.folder / "pipe")
    auth = "auth: {username: a, password: {file: pipe}}"
    shell.write("secret.yaml", GOOD.replace("}}}", f", {auth}}}}}}}"))
    ran = shell.run("apply", "-c", "secret.yaml", "--auto-approve")
    assert ran.code == 1
    assert "pipe is missing, empty or not readable" in ran.err


@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_a_pipe_is_read_to_its_end(shell: Shell, pause: float) -> None:
    """`-c <(sops -d …)`: whoever writes may take longer than nobody is waited for."""
    reader, writer = os.pipe()

    def write() -> None:
        for part in (GOOD[:20], GOOD[20:]):
            time.sleep(pause)
            os.write(writer, part.encode())
        os.close(writer)

    thread = threading.Thread(target=write)
    thread.start()
    ran = shell.run("validate", "-c", f"/dev/fd/{reader}", "--format", "json")
    thread.join()
    os.close(reader)
    assert ran.code == 0, ran.err + ran.out


def test_a_saved_plan_is_shown_from_a_pipe(shell: Shell) -> None:
    """It is read once: a second look into a pipe finds nothing."""
    shell.write(
        "live.json",
        '{"format": "livekit-reconciler/snapshot", "format_version": 1, "host": "h", "era": "new",'
        ' "taken_at": "", "objects": {"inbound_trunk": []}}',
    )
    reader, writer = os.pipe()
    os.write(writer, (shell.folder / "live.json").read_bytes())
    os.close(writer)
    ran = shell.run("show", f"/dev/fd/{reader}")
    os.close(reader)
    assert ran.code == 0, ran.err
    assert "Snapshot of h" in ran.out


def test_a_file_that_is_larger_than_any_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file and of a device no more is read than any document has."""
    monkeypatch.setattr(files, "MAX_BYTES", 1024 * 1024)
    (tmp_path / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    for path in (tmp_path / "large", Path("/dev/zero")):
        with pytest.raises(FileError, match="larger than 1 MB, which no plan is"):
            files.read_bytes(path, "plan")


def test_a_file_that_changes_while_it_is_read_is_read_as_it_was(shell: Shell) -> None:
    """A file is read once by a command: what is told has its places in what was read."""
    stop = threading.Event()
    path = shell.folder / "moving.yaml"
    texts = (GOOD, "version: 1\nx-a: [", "", GOOD * 50, "\0")
    path.write_text(GOOD)

    def rewrite() -> None:
        while not stop.is_set():
            for text in texts:
                path.write_text(text)

    thread = threading.Thread(target=rewrite)
    thread.start()
    try:
        for _ in range(effort(30, 300)):
            ran = shell.run("validate", "-c", "moving.yaml")
            assert_polite(ran, ("moving.yaml",), (0, 1))
    finally:
        stop.set()
        thread.join()


# --- bombs


BOMBS = effort(
    ("billion laughs", "a million values of metadata", "/dev/zero"), (*LARGE, "/dev/zero")
)


def _bounded(shell: Shell, *arguments: str) -> tuple[Ran, int]:
    """A command that may have so much memory, and the most of it that it had, in bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=shell.folder,
        env={**os.environ, **shell.environ},
        preexec_fn=limit,  # nothing else runs in this process by then
        capture_output=True,
        timeout=280,
        check=False,
    )
    most = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode()), most


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_bomb_takes_no_more_memory_than_there_is(shell: Shell, figure: FigureTeller) -> None:
    """Whatever a file unfolds into, the command ends with an answer: its error, or what is left of 1.5 GiB."""
    path, most = shell.folder / "bomb.yaml", 0
    for what in BOMBS:
        path.unlink(missing_ok=True)
        if what == "/dev/zero":
            path.symlink_to(what)
        else:
            path.write_bytes(LARGE[what]())
        ran, had = _bounded(shell, "validate", "-c", "bomb.yaml", "-q")
        assert ran.code in (0, 1), (what, ran.code, ran.err[-500:])
        assert "Traceback" not in ran.err, (what, ran.err[-500:])
        assert "MemoryError" not in ran.err, what
        most = max(most, had)
    figure(
        "bombs",
        f"{len(BOMBS)} files, each read within 1.5 GiB of address space; the most that was in use: {most >> 20} MiB",
    )


def test_python_is_what_runs_here() -> None:
    """The limit is one of the process, which Python alone would reach in an instant."""
    script = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY},) * 2); bytearray({MEMORY})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert b"MemoryError" in done.stderr
