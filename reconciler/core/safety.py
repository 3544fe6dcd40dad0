"""Limits on what one apply may delete: a pure function of the plan and a policy. They only ever tighten."""

from __future__ import annotations

from collections import Counter

from reconciler.core.plan import Action, Plan

# A share below this many objects says nothing: deleting two of five is everyday work.
SHARE_FROM = 10
MAX_SHARE = 0.3


def deletion_guard(plan: Plan, max_deletes: int | None) -> str | None:
    """Why this plan deletes too much, or None.

    Without `max_deletes`: more than 30 % of a kind that has 10 or more, or the last one of a kind. With it, the
    number alone decides. The message names the flag that would pass.
    """
    # What is deleted as people see it: an object that turns into another one is gone all the same.
    deletes = Counter(change.kind for change in plan.changes if change.action is Action.DELETE)
    total = deletes.total()
    if max_deletes is not None:
        if total > max_deletes:
            return (
                f"the plan deletes {total} objects, --max-deletes allows {max_deletes}: "
                f"if that is what you want, pass --max-deletes {total}"
            )
        return None
    created = {
        (change.kind, change.name) for change in plan.changes if change.action is Action.CREATE
    }
    creates = Counter(kind for kind, _ in created)
    for kind, count in sorted(deletes.items()):
        live = plan.population.get(kind, 0)
        what = kind.replace("_", " ")
        remedy = f"if that is what you want, pass --max-deletes {total}"
        if live >= SHARE_FROM and count > live * MAX_SHARE:
            return f"the plan deletes {count} of {live} {what}s, more than 30 %: {remedy}"
        if count == live and not creates[kind]:
            last = "the last" if count == 1 else f"all {count}"
            plural = "" if count == 1 else "s"
            return f"the plan deletes {last} {what}{plural}: {remedy}"
    return None
