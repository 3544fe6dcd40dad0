"""The evaluator of the tests' own runner: right about what it knows, loud about the rest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.expressions import Expressions, UnknownExpression

CONTEXTS: dict[str, Any] = {
    "inputs": {"name": "", "plan-file": "a.json", "flag": True},
    "github": {"event": {"pull_request": {"number": 7}}, "ref_name": "main"},
    "needs": {"review": {"outputs": {"changes": "true"}}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inputs.name == '' && 'plan' || format('plan-{0}', inputs.name)", "plan"),
        ("inputs.plan-file != ''", True),
        ("inputs.missing || 'false'", "false"),
        ("inputs.missing == ''", True),
        ("inputs.flag", True),
        ("github.event.pull_request.number", 7),
        ("github.event.pull_request.number == '7'", True),
        ("github.ref_name == 'MAIN'", True),
        ("!(needs.review.outputs.changes == 'true' && true)", False),
        ("'it''s'", "it's"),
    ],
)
def test_values(text: str, value: object) -> None:
    """As GitHub's documentation says."""
    assert Expressions(CONTEXTS).value(text) == value


@pytest.mark.parametrize(
    ("condition", "failed", "runs"),
    [
        (None, False, True),
        (None, True, False),
        ("inputs.flag", True, False),
        ("always() && inputs.flag", True, True),
        ("failure()", True, True),
        ("failure()", False, False),
        ("${{ inputs.flag }}", False, True),
    ],
)
def test_conditions(condition: str | None, failed: bool, runs: bool) -> None:
    """Without a status function a condition holds only as long as nothing failed."""
    assert Expressions(CONTEXTS, failed).condition(condition) is runs


@pytest.mark.parametrize(
    "text",
    ["unknown.x", "hashFiles('a')", "inputs[0]", "a &", "(inputs.name", "'open", "", "1 < 2"],
)
def test_what_is_not_known_is_an_error(text: str) -> None:
    """Nothing is quietly taken for false."""
    with pytest.raises(UnknownExpression):
        Expressions(CONTEXTS).value(text)
