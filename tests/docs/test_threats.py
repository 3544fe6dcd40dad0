"""docs/threats.md: each claim names tests that exist, no claim is without one, and no attacker is left out."""

from __future__ import annotations

import re

from tests.docs.tests_named import ROOT, exists

PAGE = ROOT / "docs" / "threats.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)?)`")
ATTACKERS = (
    "Who knows the URL of the webhook",
    "Who opens a pull request from a fork",
    "Who has a login to LiveKit's dashboard",
    "Who slips in a file or an overlay",
    "Who steals or forges a saved plan, a receipt or a backup",
    "Who can write a cache or an artefact of the CI",
    "A hostile server, or somebody in between",
    "A dependency that turned bad",
)


def sections() -> dict[str, list[tuple[str, str]]]:
    """The claims of each attacker, with the cell in which their tests stand."""
    found: dict[str, list[tuple[str, str]]] = {}
    for text in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, body = text.partition("\n")
        lines = [line for line in body.splitlines() if line.startswith("|")]
        rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
        assert rows[1] == ["---", "---"], title
        assert all(len(row) == 2 for row in rows), title
        found[title] = [(claim, tests) for claim, tests in rows[2:]]
    return found


def test_every_attacker_has_a_section_with_claims() -> None:
    """The eight that the page is about, in the order in which they come closer."""
    assert tuple(sections()) == ATTACKERS
    assert all(len(claims) >= 5 for claims in sections().values())


def test_every_claim_names_its_tests() -> None:
    """And nothing else stands in their place: no claim is held by a sentence."""
    for claims in sections().values():
        for claim, tests in claims:
            assert _TEST.findall(tests), claim
            assert re.fullmatch(r"`[^`]+`(?:, `[^`]+`)*", tests), claim


def test_every_test_that_is_named_exists() -> None:
    """A claim whose test is gone is none."""
    missing = [
        test
        for claims in sections().values()
        for _, tests in claims
        for test in _TEST.findall(tests)
        if not exists(test)
    ]
    assert missing == []
