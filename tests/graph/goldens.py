"""Expected pictures, small ones. `RECONCILE_UPDATE_SCENARIOS=1` writes them anew: read the difference."""

from __future__ import annotations

from pathlib import Path

from tests.support.scenarios import UPDATE

FOLDER = Path(__file__).parent / "golden"


def same_as_golden(name: str, text: str) -> None:
    """Compares a text with the file of that name."""
    place = FOLDER / name
    if UPDATE:
        place.write_text(text, encoding="utf-8")
    assert place.read_text(encoding="utf-8") == text
