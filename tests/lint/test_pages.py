"""Each code has a page whose examples are true: what is said to be found is found, what is mended is not.

`RECONCILE_UPDATE_DOCS=1` writes anew what is told of each example; the difference is to be read.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

from reconciler.config import tree
from reconciler.core.finding import Finding, Severity
from reconciler.lint.codes import CODES
from tests.lint.pages import ALSO, codes, example, findings_of, made, page, write_told

# One finding among ten thousand others.
AMONG_OTHERS = {"too-many"}
# Codes whose example is judged by PyYAML's own parser, which is the one that lets half a character pass.
WITHOUT_LIBYAML = {"bad-character"}
UPDATES = os.environ.get("RECONCILE_UPDATE_DOCS") == "1"
_REPORTED = re.compile(
    r"\[([\w-]+/[\w.-]+)#(\d+)\]\(https://github\.com/([\w-]+/[\w.-]+)/(?:issues|pull)/(\d+)\)"
)


@pytest.fixture
def parser(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser that finds what the page is about."""
    if code in WITHOUT_LIBYAML:
        monkeypatch.setattr(tree, "_Parser", yaml.Loader)


def found_in(code: str, folder: Path) -> tuple[Finding, ...]:
    """What is said of the first example of a page; where others are told as well, the finding alone."""
    shown = example(code)
    assert (shown.broken is None) != (shown.makes_broken is None)
    text = shown.broken if shown.broken is not None else made(shown.makes_broken or "", folder)
    found = findings_of(text, shown.live, shown.overlay)
    return tuple(one for one in found if one.code == code or code not in AMONG_OTHERS)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("code", codes())
def test_what_a_page_says_is_found_is_found(code: str, tmp_path: Path) -> None:
    """The first example has this finding and no other, just as the page shows it, and as severe as the table says."""
    found = found_in(code, tmp_path)
    if UPDATES:
        write_told(code, found)
    assert {one.code for one in found} - ALSO.get(code, set()) == {code}
    assert example(code).told == [str(one) for one in found]
    assert {one.severity for one in found if one.code == code} == {CODES[code].severity}
    assert found[0].url.endswith(f"/findings/{code}/")


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("code", codes())
def test_what_a_page_says_is_mended_is_mended(code: str) -> None:
    """The last example has no finding at all; a conflict that lives is repaired by the plan, which says so."""
    shown = example(code)
    found = findings_of(shown.mended, shown.live, shown.overlay)
    if code == "live-conflict":
        assert {one.severity for one in found} == {Severity.WARNING}
    else:
        assert [str(one) for one in found] == []


@pytest.mark.parametrize("code", codes())
def test_a_page_says_what_to_do(code: str) -> None:
    """Whoever comes from a finding wants a way out; reports of it are named as they are linked."""
    text = page(code)
    assert text.count("**What to do.** ") == 1
    for line in text.splitlines():
        if line.startswith("Reported: "):
            links = _REPORTED.findall(line)
            assert len(links) == line.count("](")
            assert all((repo, number) == (there, same) for repo, number, there, same in links)
