"""A release is the same bytes whoever makes it, and says what it was tested with."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from tests.project.repository import ROOT, files, pyproject
from tests.project.test_lock import CONTAINER, pins
from tools.release import SUMS, make

TIME = "1750000000"


def _checkout(folder: Path, age: int) -> Path:
    """A copy of all that is committed, whose files are of another time and rights."""
    for path in files():
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
        os.utime(copy, (age, age))
        copy.chmod(0o600 if age % 2 else 0o644)
    return folder


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is made of this checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", TIME)
        folder = tmp_path_factory.mktemp("release")
        make(folder)
        return folder


@pytest.fixture(scope="module")
def bill(release: Path) -> dict[str, Any]:
    """The bill of materials."""
    (path,) = release.glob("*.cdx.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.mark.slow
def test_two_builds_are_the_same_bytes(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another folder, other times and rights of the files, another time of day: not one byte differs."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", TIME)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    made = make(tmp_path / "dist", _checkout(tmp_path / "elsewhere", 1_700_000_001))
    assert [one.name for one in made] == [one.name for one in sorted(release.iterdir())]
    differing = [one.name for one in made if one.read_bytes() != (release / one.name).read_bytes()]
    assert differing == []


def test_the_checksums_are_those_of_the_files(release: Path) -> None:
    """In the form that `sha256sum --check` reads, and of every file but their own."""
    lines = (release / SUMS).read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    others = [one for one in release.iterdir() if one.name != SUMS]
    assert listed == {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in others}
    assert len(listed) == 3


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """Files of an older release would get into the new checksums."""
    (tmp_path / "old.whl").touch()
    command = [sys.executable, "-m", "tools.release", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path} is not empty: remove what is in it, or name another folder\n"


def test_the_bill_of_materials_is_valid(release: Path) -> None:
    """CycloneDX's own schema, which the library brings, without a word that it does not know."""
    (path,) = release.glob("*.cdx.json")
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text(encoding="utf-8"))
    assert fault is None, fault


def test_the_bill_of_materials_is_the_lock_file(bill: dict[str, Any]) -> None:
    """Every package that the image has, in its version, with the hashes that are checked when it is installed."""
    listed = {}
    for one in bill["components"]:
        hashes = [found for place in one["externalReferences"] for found in place["hashes"]]
        assert {found["alg"] for found in hashes} == {"SHA-256"}
        assert one["purl"].startswith(f"pkg:pypi/{one['name']}@{one['version']}")
        listed[canonicalize_name(one["name"])] = (
            one["version"],
            {found["content"] for found in hashes},
        )
    locked = {
        name: (next(iter(pin.specifier)).version, {text.partition("sha256:")[2] for text in hashes})
        for name, (pin, hashes) in pins(CONTAINER).items()
    }
    assert listed == locked


def test_the_bill_of_materials_is_of_this_package(bill: dict[str, Any]) -> None:
    """Its name, its version, its licence, and what it asks for by itself."""
    project = pyproject()["project"]
    package = bill["metadata"]["component"]
    assert (package["name"], package["version"]) == (project["name"], project["version"])
    assert package["licenses"][0]["license"]["id"] == project["license"]
    names = {one["bom-ref"]: canonicalize_name(one["name"]) for one in bill["components"]}
    (asked,) = [one for one in bill["dependencies"] if one["ref"] == package["bom-ref"]]
    direct = {names[reference] for reference in asked["dependsOn"]}
    assert {"click", "livekit-protocol", "urllib3", "sqlalchemy"} <= direct
    assert "urllib3" in direct
    assert "greenlet" not in direct


def test_all_times_are_those_of_the_source(bill: dict[str, Any]) -> None:
    """Nothing tells when, or on which machine, it was made."""
    assert bill["metadata"]["timestamp"].startswith("2025-06-15T15:06:40")
    assert "serialNumber" not in bill
