"""What users install is what stands in the repository: all of it, and with its type marks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.project.repository import ROOT, files, pyproject


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel, built from the checkout by the locked build backend, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_has_every_file_of_the_package(wheel: ZipFile) -> None:
    """Schemas and other data are not left behind, nor is anything that is no part of the package."""
    package = {
        str(path.relative_to(ROOT)) for path in files() if (ROOT / "reconciler") in path.parents
    }
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == package
    assert "reconciler/py.typed" in shipped


def test_the_wheel_brings_the_command_and_the_test_plugin(wheel: ZipFile) -> None:
    """`reconcile` is on the path after installation, and pytest finds the emulator's fixtures."""
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    text = wheel.read(entry_points).decode()
    assert "reconcile = reconciler.cli.main:main" in text
    assert "livekit_reconciler = reconciler.emulator.pytest_plugin" in text


def test_the_wheel_carries_its_licence(wheel: ZipFile) -> None:
    """Apache 2.0 asks for its text to come along."""
    (licence,) = (name for name in wheel.namelist() if name.endswith("/LICENSE"))
    assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_the_command_tells_the_version_of_the_package() -> None:
    """`reconcile --version` prints what pyproject.toml says."""
    reconcile = Path(sys.executable).with_name("reconcile")
    done = subprocess.run([reconcile, "--version"], capture_output=True, text=True, check=True)
    assert pyproject()["project"]["version"] in done.stdout
