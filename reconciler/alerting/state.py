"""What alerts remember from one run to the next: a small JSON file that a cron keeps and a cache of a CI job carries.

It holds times, counts and fingerprints, and no value of the configuration, no URL and no text of an error. A file may
serve several watches (other files, another plane); each has an entry of its own. A file that is damaged, or that a
newer version wrote, is as good as none: what is lost is the memory, never the run.

Two runs at the same time take turns, as far as the system allows it: whoever comes second reads what the first one
wrote. A run that waits too long goes on without; an alert twice is better than none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from reconciler.alerting.memory import Memory
from reconciler.errors import FileError
from reconciler.files import private_folder, read_bytes, write_private

FORMAT: Final = "livekit-reconciler/drift-state"
FORMAT_VERSION: Final = 1
PATIENCE: Final = 60.0
"""How long a run waits for another one, in seconds: longer than messages to a few slow targets take."""


@dataclass(frozen=True, slots=True)
class _File:
    format: Literal["livekit-reconciler/drift-state"]
    format_version: Literal[1]
    watches: dict[str, Memory]


@dataclass(frozen=True, slots=True)
class _Head:
    """As much of any version's file as tells what it is."""

    format: str = ""
    format_version: int = 0


class StateFile:
    """The file, read once and written once. `problem` says in one line why it was not used, or is "".

    `watches` are its entries by name. It does not raise for what it finds: only `write` does, `FileError`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self.watches: dict[str, Memory] = {}
        try:
            if _mode(path) is None or _is_device(path):
                return
            self.watches = dict(_decoded(path, read_bytes(path, "state of alerts")).watches)
        except FileError as error:
            self.problem = f"{error}; it counts as empty"
        except OSError as error:
            self.problem = (
                f"{path}: the state of alerts cannot be read: {error.strerror}; it counts as empty"
            )

    def write(self, watch: str, memory: Memory) -> None:
        """Writes the file with a new memory of one watch, whole or not at all."""
        watches = {**self.watches, watch: memory}
        state = _File(FORMAT, FORMAT_VERSION, watches)
        data = msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n"
        write_private(self.path, data, "state of alerts")
        self.watches = watches


def _is_device(path: Path) -> bool:
    """Whether the path is a device or a pipe, `/dev/null` for somebody who wants no memory."""
    mode = _mode(path)
    return mode is not None and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _mode(path: Path) -> int | None:
    """What the path is; None where nothing is there. Raises `OSError` where nobody may look."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _decoded(path: Path, data: bytes) -> _File:
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format == FORMAT and head.format_version > FORMAT_VERSION:
            raise FileError(
                f"{path}: the state of alerts is of format version {head.format_version}, "
                f"this version reads {FORMAT_VERSION}"
            )
        return msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(f"{path}: not a state of alerts: {error}") from error


@contextlib.contextmanager
def turn(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Around reading, telling and writing: one run after the other, by a lock file beside the state.

    Where there can be no lock, or it is not free within `patience` seconds, the run goes on without it.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            if not _is_device(path):
                private_folder(path.parent)
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                descriptor = os.open(path.parent / f".{path.name}.lock", flags, 0o600)
                held.callback(os.close, descriptor)
                _lock(descriptor, patience)
        yield


def _lock(descriptor: int, patience: float) -> None:
    """Waits for the lock, which goes with the descriptor. Raises `OSError` where it stays somebody else's."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)
        else:
            return
