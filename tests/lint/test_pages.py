"""Each code has a page whose examples are true: what is said to be found is found, what is mended is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config.load import load
from reconciler.config.problems import MAX_FINDINGS
from reconciler.config.yaml_text import MAX_BYTES
from reconciler.core.finding import Finding, Severity
from reconciler.lint.codes import CODES
from tests.lint.pages import ALSO, codes, example, findings_of

# Files that no page can show.
UNSHOWN = {
    "too-many": ("version: 1\n" + "".join(f"a{n}: 1\n" for n in range(MAX_FINDINGS + 1))).encode(),
    "yaml-encoding": b"version: 1 # \xff\n",
    "yaml-size": b"#" * (MAX_BYTES + 1),
}
# Half a character passes one of two YAML parsers only (tests/config), what LiveKit does not know of an egress is found
# where there is LiveKit (tests/cli), and routing tests have tests of their own.
ELSEWHERE = {"bad-character", "bad-egress", "untested-route"}


@pytest.mark.parametrize("code", codes())
def test_what_a_page_says_is_found_is_found(code: str) -> None:
    """The first example has this finding, no other, and just the text that the page shows."""
    live, broken, told, _ = example(code)
    if broken is None:
        assert code in UNSHOWN.keys() | ELSEWHERE
        return
    found = findings_of(broken, live)
    assert {one.code for one in found} - ALSO.get(code, set()) == {code}
    assert told.splitlines() == [str(one) for one in found]
    assert found[0].url.endswith(f"/findings/{code}/")


@pytest.mark.parametrize("code", codes())
def test_what_a_page_says_is_mended_is_mended(code: str) -> None:
    """The last example has no finding at all; a conflict that lives is repaired by the plan, which says so."""
    live, _, _, mended = example(code)
    found = findings_of(mended, live)
    if code == "live-conflict":
        assert {one.severity for one in found} == {Severity.WARNING}
    else:
        assert [str(one) for one in found] == []


@pytest.mark.parametrize("code", codes())
def test_a_page_shows_what_is_worst(code: str) -> None:
    """The severity in the table is that of the example."""
    live, broken, _, _ = example(code)
    found = findings_of(broken, live) if broken is not None else ()
    severities = {one.severity for one in found if one.code == code}
    assert severities <= {CODES[code].severity}


@pytest.mark.parametrize("code", sorted(UNSHOWN))
def test_what_no_page_can_show_is_found(code: str) -> None:
    """The finding is there, as severe as the table says."""
    found: tuple[Finding, ...] = load({Path("dispatch.yaml"): UNSHOWN[code]}, {}).findings
    assert CODES[code].severity in {one.severity for one in found if one.code == code}
