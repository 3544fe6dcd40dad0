"""`docs/livekit.md` and the tests that measure it belong together, line by line."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEASURING = (
    "tests/real/test_livekit_behaviour.py",
    "tests/real/test_joining.py",
    "tests/real/test_broken_project.py",
)
COMPARING = (
    "tests/contract/test_contract.py",
    "tests/real/test_probe.py",
    "tests/real/test_rooms.py",
    "tests/real/test_servers.py",
)


def _tests(*paths: str) -> set[str]:
    texts = ((ROOT / path).read_text() for path in paths)
    return {
        name for text in texts for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.M)
    }


def _named() -> set[str]:
    return set(re.findall(r"`(test_\w+)`", (ROOT / "docs/livekit.md").read_text()))


def test_every_measured_line_names_a_test_that_exists() -> None:
    """A line whose test was renamed or removed is found here."""
    assert _named() - _tests(*MEASURING, *COMPARING) == set()


def test_every_measurement_is_written_down() -> None:
    """A measurement nobody can read about helps nobody."""
    assert _tests(*MEASURING) - _named() == set()
