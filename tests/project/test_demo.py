"""The tour that the README promises works from start to end, in the time it promises."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.repository import ROOT

PROMISED_SECONDS = 15


def processor_seconds() -> float:
    """What the processes started so far have computed: unlike a clock, it does not count the tests beside this one."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.slow
def test_the_demo_runs_through() -> None:
    """Every command exits as the demo says it should, and no password is shown."""
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    before = processor_seconds()
    done = subprocess.run(
        [ROOT / "demo" / "run.sh"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert processor_seconds() - before < PROMISED_SECONDS
    assert done.stdout.count("not-a-real-one") == 1  # where it is exported, and nowhere else
    assert "not-a-real-one" not in done.stderr
