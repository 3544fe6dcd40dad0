"""Limits on deletions: a pure function of the plan and of --max-deletes."""

from __future__ import annotations

import pytest

from reconciler.core.plan import Action, Change, Plan, Plane
from reconciler.core.safety import deletion_guard


def _plan(deletes: int, live: int, creates: int = 0, kind: str = "dispatch_rule") -> Plan:
    gone = [Change(Plane.SIP, kind, f"old-{n}", f"ID{n}", Action.DELETE) for n in range(deletes)]
    new = [Change(Plane.SIP, kind, f"new-{n}", None, Action.CREATE) for n in range(creates)]
    return Plan("acme", "localhost", changes=(*gone, *new), population={kind: live})


@pytest.mark.parametrize(
    ("deletes", "live", "creates"),
    [(0, 0, 0), (0, 100, 0), (1, 2, 0), (4, 9, 0), (3, 10, 0), (30, 100, 0), (1, 1, 1)],
)
def test_everyday_deletions_pass(deletes: int, live: int, creates: int) -> None:
    """Small numbers, small shares, and replacing the only object need no flag."""
    assert deletion_guard(_plan(deletes, live, creates), None) is None


@pytest.mark.parametrize(
    ("deletes", "live", "words"),
    [
        (4, 10, "deletes 4 of 10 dispatch rules, more than 30 %"),
        (31, 100, "deletes 31 of 100 dispatch rules"),
        (1, 1, "deletes the last dispatch rule"),
        (5, 5, "deletes all 5 dispatch rules"),
    ],
)
def test_mass_deletions_name_the_flag_that_passes(deletes: int, live: int, words: str) -> None:
    """The refusal says how much is deleted and prints the flag, which then passes."""
    reason = deletion_guard(_plan(deletes, live), None)
    assert reason is not None
    assert words in reason
    assert f"--max-deletes {deletes}" in reason
    assert deletion_guard(_plan(deletes, live), deletes) is None


def test_an_explicit_limit_only_counts() -> None:
    """With --max-deletes the number alone decides, in both directions."""
    assert deletion_guard(_plan(9, 9), 9) is None
    reason = deletion_guard(_plan(3, 1000), 2)
    assert reason is not None
    assert "--max-deletes 3" in reason


def test_kinds_are_looked_at_one_by_one() -> None:
    """Deleting the last trunk is refused however many rules there are."""
    plan = _plan(1, 1, kind="inbound_trunk")
    mixed = Plan(
        "acme",
        "localhost",
        changes=plan.changes,
        population={"inbound_trunk": 1, "dispatch_rule": 500},
    )
    assert deletion_guard(mixed, None) is not None
