"""What users install is what stands in the repository: all of it, and with its type marks."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from reconciler.documents import schema
from tests.project.installation import make_environment, run
from tests.project.repository import ROOT, files, pyproject


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist, built from the checkout by the locked build backend, without a network."""
    folder = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> ZipFile:
    """The wheel."""
    return ZipFile(next(built.glob("*.whl")))


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def installed(
    request: pytest.FixtureRequest, built: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The programs of an environment into which pip installed one of the two.

    Dependencies come from the environment of the tests, which is the lock file's; nothing else of it is seen.
    """
    folder = tmp_path_factory.mktemp(request.param)
    python = make_environment(folder / "environment", borrow=True)
    (package,) = built.glob("*.whl" if request.param == "wheel" else "*.tar.gz")
    flags = ("--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed")
    done = run(python, "-m", "pip", "install", *flags, package, cwd=folder)
    assert done.returncode == 0, done.stderr
    return python.parent


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


def test_the_sdist_has_all_that_the_wheel_is_made_of(built: Path) -> None:
    """Nothing of the package is left behind, and no test, tool or workflow comes along."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    package = {
        str(path.relative_to(ROOT)) for path in files() if ROOT / "reconciler" in path.parents
    }
    shipped = {name for name in names if name.startswith("reconciler/")}
    assert shipped == package
    beside = {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert names - shipped <= beside


@pytest.mark.slow
def test_what_is_installed_is_no_checkout(installed: Path, tmp_path: Path) -> None:
    """The tests below ask the package that was installed, and the licence and the version came with it."""
    code = "import reconciler; print(reconciler.__file__)"
    done = run(installed / "python", "-c", code, cwd=tmp_path)
    assert Path(done.stdout.strip()).is_relative_to(installed.parent)
    told = run(installed / "reconcile", "--version", cwd=tmp_path)
    assert told.stdout == f"reconcile {pyproject()['project']['version']}\n"


@pytest.mark.slow
def test_an_installation_writes_checks_and_describes_files(installed: Path, tmp_path: Path) -> None:
    """The first file, its check, and the schemas that ship as data."""
    reconcile = installed / "reconcile"
    assert run(reconcile, "init", cwd=tmp_path).returncode == 0
    checked = run(reconcile, "validate", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "no findings in 1 file\n")
    for name in ("dispatch", "plan"):
        described = run(reconcile, "schema", name, cwd=tmp_path)
        assert json.loads(described.stdout) == schema(name)


@pytest.mark.slow
def test_an_installation_emulates_plans_and_applies(installed: Path, tmp_path: Path) -> None:
    """The emulator, and a client of it, in two processes as users start them."""
    reconcile = installed / "reconcile"
    assert run(reconcile, "init", cwd=tmp_path).returncode == 0
    emulator = subprocess.Popen(
        [reconcile, "emulate", "--port", "0", "--format", "json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with emulator:
        try:
            assert emulator.stdout is not None
            server = json.loads(emulator.stdout.readline())
            applied = run(reconcile, "apply", "--auto-approve", cwd=tmp_path, **server)
            assert applied.returncode == 0, applied.stdout + applied.stderr
            planned = run(reconcile, "plan", "--detailed-exitcode", cwd=tmp_path, **server)
            assert planned.returncode == 0, planned.stdout + planned.stderr
        finally:
            emulator.terminate()
