"""Links between the documents lead somewhere, down to the heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS
from tests.docs.markdown import anchors, blocks, prose
from tests.project.repository import ROOT, pyproject

_LINK = re.compile(r"\]\(([^)\s]*)\)")
_ANCHOR = re.compile(r'<a id="([^"]+)">')


def targets(path: str) -> list[tuple[Path, str]]:
    """The files and anchors that a document links to."""
    found = []
    for link in _LINK.findall(prose(DOCUMENTS[path])):
        if "://" not in link:
            place, _, anchor = link.partition("#")
            file = (ROOT / path).parent / place if place else ROOT / path
            found.append((file.resolve(), anchor))
    return found


@pytest.mark.parametrize("path", sorted(DOCUMENTS))
def test_links_and_their_anchors_exist(path: str) -> None:
    """The file is there, and has a heading of that name."""
    for file, anchor in targets(path):
        assert file.exists(), file
        if anchor:
            text = DOCUMENTS[str(file.relative_to(ROOT))]
            assert anchor in anchors(text) | set(_ANCHOR.findall(text)), f"{file.name}#{anchor}"


def test_the_architecture_names_what_is_there() -> None:
    """Every file, package and layer that the page names is in the repository."""
    text = DOCUMENTS["docs/architecture.md"]
    for name in re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", text):
        assert (ROOT / "reconciler" / name).exists() or (ROOT / name).exists(), name
    contract = pyproject()["tool"]["importlinter"]["contracts"][0]["layers"]
    drawn = next(block.text for block in blocks(text) if "emulator |" in block.text)
    assert [sorted(line.split(" | ")) for line in drawn.split("\n") if line] == [
        sorted(layer.split(" | ")) for layer in contract if not layer.startswith("(")
    ]


def test_every_page_can_be_found() -> None:
    """Each page under docs/ is linked from the README or from a page that is."""
    seen: set[str] = set()
    todo = ["README.md"]
    while todo:
        path = todo.pop()
        if path not in seen and path in DOCUMENTS:
            seen.add(path)
            todo.extend(str(file.relative_to(ROOT)) for file, _ in targets(path))
    assert set(DOCUMENTS) - seen == set()
