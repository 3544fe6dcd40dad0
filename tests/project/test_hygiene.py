"""Nothing in the repository ties it to one machine, promises work that is not done, or points to what is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project.repository import ROOT, texts

# Each pattern is written in two pieces, so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.:/$}-])/(?:" + r"work|root|home|Users|opt)/\w",
    "a package registry's host": r"\b(?:pypi|pythonhosted|npmjs|golang|crates|maven)"
    + r"\.(?:org|com|io)\b",
    "work that is not done": r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b",
    "a number that only one tracker knows": r"(?i)\b(?:issue|fixes|closes)" + r" #\d+",
    "a merge conflict": r"^(?:<{7}|>{7}) ",
}
# A licence's text is not ours, and hashes hold any letters.
EXEMPT = {"LICENSE", "requirements/dev.lock"}


@pytest.mark.parametrize("what", sorted(FORBIDDEN))
def test_no_file_has(what: str) -> None:
    """The repository is free of each of these."""
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = [
        f"{path}: {match[0]!r}"
        for path, text in texts().items()
        if path not in EXEMPT
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_documents_name_only_make_targets_that_exist() -> None:
    """A reader who types what a document says gets what it says."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path, text in texts().items():
        if path.endswith(".md"):
            named = set(re.findall(r"`make ([a-z]+)", text)) | set(
                re.findall(r"^make ([a-z]+)", text, re.MULTILINE)
            )
            assert named <= targets, path


def relative_links(path: str, text: str) -> list[Path]:
    """Where the Markdown links of a document lead, those that leave the repository left out."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    return [(ROOT / path).parent / link for link in links if "://" not in link]


def test_links_between_documents_lead_somewhere() -> None:
    """No relative link in a Markdown file is dead."""
    for path, text in texts().items():
        if not path.endswith(".md") or path.startswith("tests/scenarios/"):
            continue  # what a renderer is expected to print, hostile names included, is no document
        assert [str(link) for link in relative_links(path, text) if not link.exists()] == [], path
