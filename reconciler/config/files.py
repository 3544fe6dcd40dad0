"""The files of a project as bytes: those that are named, and the YAML files of folders.

Nothing is parsed here, and nothing that parses is imported: who reads only a part of the configuration pays for that
part alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.errors import FileError

SUFFIXES = (".yaml", ".yml")


def read_files(paths: Sequence[Path]) -> dict[Path, bytes]:
    """The bytes of some files, and of the YAML files in some folders. Raises `FileError` where there is nothing."""
    return {path: _bytes(path) for path in _files(paths)}


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if _is_configuration(one))
            if not inside:
                raise FileError(
                    f"{path}: no .yaml file in this folder: write one with `reconcile init -c {path}/dispatch.yaml`"
                )
            yield from inside
        else:
            yield path


def _is_configuration(path: Path) -> bool:
    """Whether a file of a folder belongs to the project; a link that leads nowhere does, and is an error."""
    return path.suffix in SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileError(
            f"{path}: no such file: write one with `reconcile init`, or name another with -c"
        ) from error
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileError(f"{path}: this cannot be the path of a file") from error
