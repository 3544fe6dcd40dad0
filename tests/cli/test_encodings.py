"""What is printed where the locale knows less than Unicode."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import COMMAND

FILE = "version: 1\nproject: {name: Büro ☎}\nsip: {inbound_trunks: {}, dispatch_rules: {}}\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_data_are_utf8_wherever_they_go(tmp_path: Path, encoding: str) -> None:
    """A file or a pipe gets the same bytes under every locale, and no traceback."""
    config = tmp_path / "dispatch.yaml"
    config.write_text(FILE, encoding="utf-8")
    ran = subprocess.run(
        [
            *(*COMMAND, "explain", "-c", str(config)),
            *("--room", "Gespräch ☎ 🙂", "--format", "json"),
        ],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert json.loads(ran.stdout.decode())["room"] == "Gespräch ☎ 🙂"
