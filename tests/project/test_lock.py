"""What is installed for checks and tests is exactly what the lock file says, wherever it is downloaded from."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.repository import ROOT, pyproject

LOCK = ROOT / "requirements" / "dev.lock"
# What the image is built from: parts of the lock above.
CONTAINER = LOCK.with_name("container.lock")
BUILD = LOCK.with_name("build.lock")


def pins(lock: Path = LOCK) -> dict[str, tuple[Requirement, list[str]]]:
    """Name to pin and hashes."""
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for entry in re.split(r"\n(?=\S)", lock.read_text()):
        requirement, *hashes = re.split(r"\s*\\\n\s+", entry.strip())
        pin = Requirement(requirement)
        found[canonicalize_name(pin.name)] = (pin, hashes)
    return found


def wanted() -> Iterator[str]:
    """What pyproject.toml asks for of the part that is locked."""
    content = pyproject()
    yield from content["project"]["dependencies"]
    for extra in content["project"]["optional-dependencies"].values():
        yield from extra
    yield from content["build-system"]["requires"]
    for group in content["dependency-groups"].values():
        yield from (item for item in group if isinstance(item, str))


def test_every_pin_is_exact_and_has_hashes() -> None:
    """A pin without a hash, or with a range, would let something else be installed."""
    for pin, hashes in pins().values():
        assert re.fullmatch(r"==[^*]+", str(pin.specifier)), pin
        assert hashes, pin
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in hashes), pin


def test_the_lock_names_no_place_to_download_from() -> None:
    """Whoever installs decides where from: a mirror, an index of their own, a folder of wheels."""
    text = LOCK.read_text()
    assert "://" not in text
    assert not re.search(r"^--?(i|f|index|extra-index|find-links|trusted)", text, re.MULTILINE)


@pytest.mark.parametrize("text", sorted(wanted()))
def test_the_lock_satisfies_pyproject(text: str) -> None:
    """A dependency that was added or raised without `make lock` is found here, not on a fresh machine."""
    requirement = Requirement(text)
    pin, _ = pins()[canonicalize_name(requirement.name)]
    (exact,) = pin.specifier
    assert requirement.specifier.contains(exact.version), f"make lock: {requirement} but {pin}"


def test_the_lock_installs_on_every_supported_python() -> None:
    """No pin is confined to some versions of Python: the same lock serves 3.11 and newer."""
    for pin, _ in pins().values():
        assert "python_version" not in str(pin.marker or ""), pin


def test_make_lock_writes_this_file() -> None:
    """The command that CONTRIBUTING names is the one that made the file."""
    printed = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "lock"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert "--generate-hashes" in printed
    for lock in (LOCK, CONTAINER, BUILD):
        assert f"-o {lock.relative_to(ROOT)}" in printed


@pytest.mark.parametrize("lock", [CONTAINER, BUILD])
def test_the_image_has_what_was_tested(lock: Path) -> None:
    """Its pins are those of the environment in which the tests run, hashes included."""
    tested = pins()
    for name, pin in pins(lock).items():
        assert (str(tested[name][0].specifier), tested[name][1]) == (str(pin[0].specifier), pin[1])


def test_the_image_has_every_extra_but_the_documents() -> None:
    """What `reconcile` can do at run time, and the backend that builds it."""
    content = pyproject()
    extras = content["project"]["optional-dependencies"]
    shipped = [one for name, texts in extras.items() if name != "docs" for one in texts]
    for lock, texts in (
        (CONTAINER, [*content["project"]["dependencies"], *shipped]),
        (BUILD, content["build-system"]["requires"]),
    ):
        assert {canonicalize_name(Requirement(text).name) for text in texts} <= pins(lock).keys()
