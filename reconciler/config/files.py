"""The files of a project as bytes: those that are named, and the YAML files of folders.

Nothing is parsed here, and nothing that parses is imported: who reads only a part of the configuration pays for that
part alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from reconciler.errors import FileError
from reconciler.files import read_at_most

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 64 * 1024 * 1024
"""What a file may have. Of a larger one so much is read that whoever parses it can say so."""

Overlays: TypeAlias = Sequence[tuple[Path, bytes]]
"""Files that change a configuration, in the order in which they do."""


def read_files(paths: Sequence[Path]) -> dict[Path, bytes]:
    """The bytes of some files, and of the YAML files in some folders. Raises `FileError` where there is nothing."""
    missing = "write one with `reconcile init`, or name another with -c"
    return {path: _bytes(path, missing) for path in _files(paths)}


def read_overlays(paths: Sequence[Path]) -> Overlays:
    """The bytes of overlays. Raises `FileError`; a folder is none, because its order would be nobody's decision."""
    for path in paths:
        if path.is_dir():
            raise FileError(f"{path}: an overlay is a file: name each with an --overlay of its own")
    return [(path, _bytes(path, "name another with --overlay")) for path in paths]


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = configurations_in(path)
            if not inside:
                remedy = shlex.join(("reconcile", "init", "-c", str(path / "dispatch.yaml")))
                raise FileError(f"{path}: no .yaml file in this folder: write one with `{remedy}`")
            yield from inside
        else:
            yield path


def configurations_in(folder: Path) -> list[Path]:
    """The files of a folder that belong to a project, by name. Raises `FileError` where it cannot be listed."""
    try:
        return sorted(one for one in folder.iterdir() if _is_configuration(one))
    except OSError as error:
        raise FileError(f"{folder}: cannot be read: {error.strerror}") from error


def _is_configuration(path: Path) -> bool:
    """Whether a file of a folder belongs to the project; a link that leads nowhere does, and is an error."""
    return path.suffix in SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def _bytes(path: Path, if_missing: str) -> bytes:
    try:
        return read_at_most(path, MAX_BYTES)
    except FileNotFoundError as error:
        raise FileError(f"{path}: no such file: {if_missing}") from error
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileError(f"{path}: this cannot be the path of a file") from error
