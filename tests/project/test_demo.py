"""The tour that the README promises works from start to end, in the time it promises."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.project.repository import ROOT

PROMISED_SECONDS = 15


@pytest.mark.slow
def test_the_demo_runs_through() -> None:
    """Every command exits as the demo says it should, and no password is shown."""
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    started = time.monotonic()
    done = subprocess.run(
        [ROOT / "demo" / "run.sh"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < PROMISED_SECONDS
    assert done.stdout.count("not-a-real-one") == 1  # where it is exported, and nowhere else
    assert "not-a-real-one" not in done.stderr
