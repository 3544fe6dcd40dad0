"""The documents that users read, by their path from the repository's root."""

from __future__ import annotations

from tests.project.repository import ROOT

_PLACES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
]
_PLACES += sorted((ROOT / "docs").glob("**/*.md"))

DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in _PLACES
    if path.exists()
}
