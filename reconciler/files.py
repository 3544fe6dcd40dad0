"""Reads and writes the files that commands leave beside a configuration (plans, snapshots, receipts, backups), and
replaces the files of a configuration itself.

A file is written beside its place and moved there, so that a crash leaves the old one or the new one. Anything that
is near a secret is readable by its owner alone.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from reconciler.errors import FileError, Refused

MAX_BYTES = 512 * 1024 * 1024
PATIENCE = 5.0
"""How long a pipe is waited for that nobody has opened for writing, in seconds."""
_CHUNK = 1024 * 1024
_PRIVATE = 0o600


def read_bytes(path: Path, what: str) -> bytes:
    """The bytes of a file. Raises `FileError` with what it was to be."""
    try:
        is_too_large = path.stat().st_size > MAX_BYTES
        data = b"" if is_too_large else read_at_most(path, MAX_BYTES)
    except OSError as error:
        raise FileError(f"{path}: the {what} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileError(f"{path}: this cannot be the path of a file") from error
    if is_too_large or len(data) > MAX_BYTES:
        raise FileError(f"{path}: larger than {MAX_BYTES >> 20} MB, which no {what} is")
    return data


def read_at_most(path: Path, limit: int) -> bytes:
    """The bytes of a file, and of one with more than `limit` one more than that: a device never ends.

    A pipe (`<(sops -d …)`, `/dev/stdin`) is waited for as long as somebody has it open for writing; for somebody to
    come, `PATIENCE`. Raises `OSError`, or `ValueError` for what cannot be a path.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = io.BytesIO()
        left = limit + 1
        is_waited = False
        # A pipe looks ended until somebody writes.
        is_begun = not stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        while left:
            try:
                part = os.read(descriptor, min(left, _CHUNK))
            except BlockingIOError:
                _wait(descriptor, None)
                is_begun = True
                continue
            if part:
                found.write(part)
                left -= len(part)
                is_begun = True
            elif is_begun:
                break
            elif is_waited:
                raise TimeoutError(errno.ETIMEDOUT, "it is a pipe into which nobody writes")
            else:
                is_waited, is_begun = True, _wait(descriptor, PATIENCE)
        return found.getvalue()
    finally:
        os.close(descriptor)


def _wait(descriptor: int, seconds: float | None) -> bool:
    """Waits until there is something to read, or the end of it; whether that came in time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def private_folder(folder: Path) -> None:
    """Makes a folder, and those above it, for their owner alone; what is there already is somebody's decision."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # where a file is in its place, that is the error


def write_private(path: Path, data: bytes, what: str) -> None:
    """Writes a file with mode 0600, whole or not at all. Raises `FileError`.

    A link stays one: the file that it names is written. A device or a pipe (`/dev/null`, `/dev/stdout`) is written into
    and never replaced, which root could do. A folder that is not there is made.
    """
    _write(path, data, what, _PRIVATE, private_folder)


def write_readable(path: Path, data: bytes, what: str) -> None:
    """The same with mode 0644: a file for another user's program, with nothing in it that is near a secret.

    The folder is that program's as well. One that is not there is a name at which nobody looks, and is not made.
    """
    _write(path, data, what, 0o644, None)


def write_plain(path: Path, data: bytes, what: str) -> None:
    """The same for a file that belongs to its reader's work: with the mode that it has, or that new files get."""
    _write(path, data, what, None, _usual_folder)


def require_room(path: Path, size: int, what: str) -> None:
    """Raises `FileError` where a file of that many bytes could not be written now. Leaves nothing behind.

    For what is written at the end of something that cannot be taken back: a place that is wrong, read-only or full is
    found at its beginning. A device or a pipe is not tried: what is written into it is read by somebody.
    """
    try:
        if path.is_dir():
            raise FileError(f"{path}: the {what} cannot be written: it is a folder")
        if path.exists() and not path.is_file():
            return
        target = Path(os.path.realpath(path))
        private_folder(target.parent)
        with _beside_place(target, bytes(size)):
            pass
    except OSError as error:
        raise FileError(f"{path}: the {what} cannot be written: {error.strerror}") from error


def _usual_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _write(
    path: Path,
    data: bytes,
    what: str,
    mode: int | None,
    make_folder: Callable[[Path], None] | None,
) -> None:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            path.write_bytes(data)
            return
        target = Path(os.path.realpath(path))  # a ring of links is left to the system to refuse
        if make_folder is not None:
            make_folder(target.parent)
        mode = _usual_mode(target) if mode is None else mode
        with _beside_place(target, data, mode) as temporary:
            temporary.replace(target)
            _sync_folder(target.parent)
    except OSError as error:
        raise FileError(f"{path}: the {what} cannot be written: {error.strerror}") from error


def _usual_mode(target: Path) -> int:
    """That of the file that is there; that of a new one is known only by asking for it."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


@contextlib.contextmanager
def _beside_place(target: Path, data: bytes, mode: int = _PRIVATE) -> Iterator[Path]:
    """A file with these bytes in the folder of `target`, on the disk, and gone at the end unless it was moved."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Brings the new name to the disk; not every file system has that, and then the file is as safe as it gets."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_all(old: Mapping[Path, bytes], new: Mapping[Path, bytes], what: str) -> None:
    """Writes several files that exist, each whole and with its mode, all of them or none.

    `old` is what they were read as: one that holds something else by now is left alone, and so are all the others.
    What was moved into place before another failed is put back. Raises `FileError`, or `Refused` for such a change.
    """
    ready: list[tuple[Path, Path, Path]] = []
    former: dict[
        Path, Path
    ] = {}  # what was there, beside it: a disk that is full has no room for it later
    moved: list[tuple[Path, Path]] = []
    try:
        for path, data in new.items():
            target = Path(os.path.realpath(path))
            _require_writable(path, target, what)
            former[target] = _beside(path, target, old[path], what)
            ready.append((path, target, _beside(path, target, data, what)))
        for path in new:
            if read_bytes(path, what) != old[path]:
                raise Refused(f"{path}: changed since it was read: nothing was written")
        for path, target, temporary in ready:
            moved.append((path, target))  # first, so that no interrupt can come in between
            try:
                temporary.replace(target)
            except OSError as error:
                raise FileError(
                    f"{path}: the {what} cannot be written: {error.strerror}"
                ) from error
            _sync_folder(target.parent)
    except BaseException:
        _put_back(moved, old, former, what)
        raise
    finally:
        for temporary in (*former.values(), *(one for _, _, one in ready)):
            temporary.unlink(missing_ok=True)


def _put_back(
    moved: Iterable[tuple[Path, Path]],
    old: Mapping[Path, bytes],
    former: Mapping[Path, Path],
    what: str,
) -> None:
    """Moves back what there was. Raises `FileError` with the files for which that failed."""
    failed = []
    for path, target in moved:
        try:
            if target.read_bytes() != old[path]:
                former[target].replace(target)
        except OSError as error:
            failed.append(f"{path} ({error.strerror})")
    if failed:
        raise FileError(
            f"{', '.join(failed)}: the {what} was changed and cannot be put back: take it from your repository"
        )


def _require_writable(path: Path, target: Path, what: str) -> None:
    """Raises `FileError` for what is no file, or read-only: moving another one into its place gets round that."""
    try:
        mode = target.stat().st_mode
    except OSError as error:
        raise FileError(f"{path}: the {what} cannot be written: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise FileError(f"{path}: the {what} cannot be written: it is not a file")
    if not (mode & 0o222 and os.access(target, os.W_OK)):
        raise FileError(f"{path}: the {what} cannot be written: it is read-only")


def _beside(path: Path, target: Path, data: bytes, what: str) -> Path:
    """A file with the new content and the old mode, on the same disk."""
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise FileError(f"{path}: the {what} cannot be written: {error.strerror}") from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        known = target.stat()
        with contextlib.suppress(PermissionError):
            os.chown(temporary, known.st_uid, known.st_gid)  # somebody else's, where root runs this
        temporary.chmod(stat.S_IMODE(known.st_mode))
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FileError(f"{path}: the {what} cannot be written: {error.strerror}") from error
        raise
    return temporary
