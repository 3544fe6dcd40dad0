"""Makes what a release consists of, the same bytes wherever it is made: `python -m tools.release dist`.

Into the folder go the wheel and the sdist, built by the locked backend; a bill of materials (CycloneDX) of what the
package was tested with, hashes included; and SHA256SUMS of the three. All times in them are that of the last commit, or
of SOURCE_DATE_EPOCH. Nothing is signed and nothing leaves the machine here: `.github/workflows/release.yml` does that.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parents[1]
# What the container image has: the package with all that it can do at run time.
LOCK = "requirements/container.lock"
SUMS = "SHA256SUMS"
SPEC_VERSION = "1.6"


def make(folder: Path, root: Path = ROOT) -> list[Path]:
    """Builds from the checkout in `root`, and returns the files in the order of their names.

    Raises `subprocess.CalledProcessError` where a build fails, and `FileExistsError` where the folder has files: a
    release is of one commit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    environ = {**os.environ, "SOURCE_DATE_EPOCH": epoch(root)}
    _run([sys.executable, "-m", "hatchling", "build", "-d", str(folder.resolve())], root, environ)
    (wheel,) = folder.glob("*.whl")
    name = "-".join(wheel.name.split("-")[:2])
    _bill(folder / f"{name}.cdx.json", root, environ)
    files = sorted(folder.iterdir())
    sums = "".join(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in files)
    (folder / SUMS).write_text(sums, encoding="utf-8")
    return sorted(folder.iterdir())


def epoch(root: Path) -> str:
    """The seconds that stand for every time in the files: SOURCE_DATE_EPOCH, or when the last commit was made."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return given or _run(["git", "log", "-1", "--format=%ct"], root, os.environ).strip()


def _bill(path: Path, root: Path, environ: dict[str, str]) -> None:
    """Writes the bill of materials, in which the package names what it asks for itself."""
    command = ["-m", "cyclonedx_py", "requirements", LOCK, "--pyproject", "pyproject.toml"]
    options = ["--output-reproducible", "--output-format", "JSON", "--spec-version", SPEC_VERSION]
    # The tool warns that the package depends on nothing: its lock has no tree, and what is known is added below.
    quiet = [sys.executable, "-W", "ignore::UserWarning"]
    bill: dict[str, Any] = json.loads(_run([*quiet, *command, *options], root, environ))
    references = {}
    for one in bill["components"]:
        one.pop("description", None)  # the line of the lock, which is there already, part by part
        references[canonicalize_name(one["name"])] = one["bom-ref"]
    package = bill["metadata"]["component"]["bom-ref"]
    direct = sorted(references[name] for name in _direct(root) if name in references)
    rest = [one for one in bill["dependencies"] if one["ref"] != package]
    bill["dependencies"] = [{"ref": package, "dependsOn": direct}, *rest]
    path.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _direct(root: Path) -> set[NormalizedName]:
    """The names of what pyproject.toml asks for, extras included."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    texts = [*project["dependencies"], *(text for extra in extras for text in extra)]
    return {canonicalize_name(Requirement(text).name) for text in texts}


def _run(command: list[str], folder: Path, environ: Any) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def main() -> None:
    """Makes the files and prints their names."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tools.release FOLDER")
    try:
        files = make(Path(sys.argv[1]))
    except FileExistsError as error:
        raise SystemExit(f"{error}: remove what is in it, or name another folder") from error
    print("\n".join(str(one) for one in files))


if __name__ == "__main__":
    main()
