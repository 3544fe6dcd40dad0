"""Files that are replaced: all or none, whole, with their modes, and never over somebody else's change."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import FileError, Refused
from reconciler.files import replace_all

OLD, NEW = b"old\n", b"new\n"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Three files that hold the same."""
    found = [tmp_path / name for name in "abc"]
    for path in found:
        path.write_bytes(OLD)
    return found


def contents(paths: list[Path]) -> list[bytes]:
    """What the files hold; nothing may be left beside them."""
    assert sorted(path.name for path in paths[0].parent.iterdir()) == sorted(
        path.name for path in paths
    )
    return [path.read_bytes() for path in paths]


def test_all_files_are_replaced(paths: list[Path]) -> None:
    """With the modes that they had."""
    paths[1].chmod(0o600)
    replace_all(dict.fromkeys(paths, OLD), dict.fromkeys(paths, NEW), "configuration")
    assert contents(paths) == [NEW] * 3
    assert paths[1].stat().st_mode & 0o777 == 0o600


def test_a_file_that_changed_meanwhile_stops_all(paths: list[Path]) -> None:
    """Whoever wrote it would lose the change; the message names the file."""
    paths[2].write_bytes(b"theirs\n")
    with pytest.raises(Refused, match=r"c: changed since it was read: nothing was written"):
        replace_all(dict.fromkeys(paths, OLD), dict.fromkeys(paths, NEW), "configuration")
    assert contents(paths) == [OLD, OLD, b"theirs\n"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_read_only_file_stops_all(paths: list[Path], number: int) -> None:
    """Replacing it would get round its mode."""
    paths[number].chmod(0o444)
    with pytest.raises(FileError, match="the configuration cannot be written: it is read-only"):
        replace_all(dict.fromkeys(paths, OLD), dict.fromkeys(paths, NEW), "configuration")
    assert contents(paths) == [OLD] * 3


def test_a_file_that_is_gone_stops_all(paths: list[Path]) -> None:
    """It is not made anew."""
    paths[1].unlink()
    with pytest.raises(FileError, match="b: the configuration cannot be written"):
        replace_all(dict.fromkeys(paths, OLD), dict.fromkeys(paths, NEW), "configuration")
    assert contents([paths[0], paths[2]]) == [OLD] * 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_was_moved_is_put_back(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """The last of three files cannot be moved into its place, or somebody presses Ctrl-C in between."""
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "c":
            raise error
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises((FileError, KeyboardInterrupt)):
        replace_all(dict.fromkeys(paths, OLD), dict.fromkeys(paths, NEW), "configuration")
    assert contents(paths) == [OLD] * 3


def test_what_cannot_be_put_back_is_named(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are put back all the same, and nothing is left beside them."""
    replace = Path.replace
    moves = 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal moves
        moves += 1
        if moves in (3, 4):
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(FileError, match=r"/a \(Input/output error\): .* cannot be put back"):
        replace_all(dict.fromkeys(paths, OLD), dict.fromkeys(paths, NEW), "configuration")
    assert contents(paths) == [NEW, OLD, OLD]
