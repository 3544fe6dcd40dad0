"""Environments to install into: empty ones, and such that borrow the dependencies of the one under test."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path


def make_environment(folder: Path, *, borrow: bool = False) -> Path:
    """A virtual environment with pip. With `borrow` it also sees what is installed here, but not the checkout."""
    venv.create(folder, with_pip=True)
    if borrow:
        (site,) = folder.glob("lib/python*/site-packages")
        # What a .pth file adds is no place whose .pth files count: the editable checkout stays out.
        (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return folder / "bin" / "python"


def run(*command: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with none of the variables that would lead Python back to the checkout."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "LIVEKIT_", "RECONCILE_"))
    }
    return subprocess.run(
        [str(one) for one in command],
        cwd=cwd,
        env={**clean, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
