"""A real browser without a window: what a page becomes when it is opened, and what it complains about."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tests.support import missing as support

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=20000",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The page as it stands after its script has run, and the lines of its console."""

    dom: str
    console: tuple[str, ...]


def missing(sentence: str) -> NoReturn:
    """Skips a test whose program is not there; with `RECONCILE_REQUIRE_BROWSER=1`, as in CI, it fails."""
    support.missing(sentence, "RECONCILE_REQUIRE_BROWSER")


def open_page(path: Path, *, anchor: str = "", width: int = 1600) -> Opened:
    """Opens a file, as `open_address` does."""
    return open_address(f"{path.as_uri()}{anchor}", width=width)


def open_address(address: str, *, width: int = 1600) -> Opened:
    """Opens an address. Skips the test where no browser is installed, unless `RECONCILE_REQUIRE_BROWSER=1`."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        missing("no Chromium is installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [
                program,
                *_QUIET,
                f"--user-data-dir={profile}",
                f"--window-size={width},1000",
                "--dump-dom",
                address,
            ],
            capture_output=True,
            timeout=120,
            check=True,
        )
    log = done.stderr.decode(errors="replace").splitlines()
    return Opened(done.stdout.decode(), tuple(line for line in log if "CONSOLE" in line))
