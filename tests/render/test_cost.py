"""Rendering costs nothing where there is nothing to render, and loads only what it needs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.core.plan import Plan
from reconciler.render.document import plan_document, to_json
from reconciler.render.formats import Format, show_plan
from tests.render.plans import creations

ROOT = Path(__file__).parents[2]

PLAIN = """
from reconciler.core.plan import Action, Change, FieldChange, Plan, Plane
from reconciler.render.document import plan_document
from reconciler.render.formats import Format, show_plan
field = FieldChange("metadata", {before!r}, {after!r})
change = Change(Plane.SIP, "inbound_trunk", "a", "ST_1", Action.UPDATE, (field,))
for form in Format:
    show_plan(plan_document(Plan("p", "h", (change,))), form, color={color})
import sys
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & {{"rich", "deepdiff", "jsonschema"}}))
"""
LOADED = [
    ("old", "new", False, ""),
    ("old", "new", True, "rich"),
    ('{"a":1,"b":"c"}', '{"a":2,"b":"c"}', False, "deepdiff"),
]


@pytest.mark.parametrize(("before", "after", "color", "loaded"), LOADED)
def test_libraries_are_loaded_when_they_are_needed(
    before: str, after: str, color: bool, loaded: str
) -> None:
    """rich comes with colour, deepdiff with a structured value that changed, and neither before."""
    program = PLAIN.format(before=before, after=after, color=color)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == loaded


def test_an_empty_plan_costs_nothing() -> None:
    """The document of a plan without changes does not depend on how many objects there are."""
    plan = Plan("acme", "host.example", population={"inbound_trunk": 10_000})
    start = time.perf_counter()
    for _ in range(100):
        to_json(plan_document(plan))
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("form", list(Format))
def test_ten_thousand_changes_take_seconds_at_most(form: Format) -> None:
    """A plan of any size is shown before anybody gets impatient."""
    plan = creations(10_000, metadata="x")
    start = time.perf_counter()
    show_plan(plan_document(plan), form)
    assert time.perf_counter() - start < 5
