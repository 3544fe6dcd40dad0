"""Whatever somebody changes by hand, the files say it afterwards, and every other line is what it was."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.writeback import generated
from tests.writeback.projects import case

hard = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def is_in_order(some: Iterable[str], lines: Iterable[str]) -> str | None:
    """The first of some lines that does not follow the one before it among all lines; None where all do."""
    rest = iter(lines)
    return next((one for one in some if one not in rest), None)


@hard
@given(data=st.data())
def test_the_plan_is_empty_and_other_lines_stay(data: st.DataObject) -> None:
    """Of a random project in a random layout: nothing is left to do, and no line changes that has no part in it."""
    before = data.draw(generated.projects())
    after = data.draw(generated.changed(before))
    written = generated.Writer(data).project(before, [])
    with tempfile.TemporaryDirectory() as folder:
        one = case(Path(folder), written.text, f"sip: {json.dumps(after)}")
        told = one.accept()
        text = one.text()
        assert told.left == (), told.left
        plan = one.plan()
        assert (plan.changes, plan.unlisted) == ((), ())
        assert one.accept().done == ()
    assert text.startswith("\ufeff") == written.text.startswith("\ufeff")
    if before == after:
        assert text == written.text
    lines = text.removeprefix("\ufeff").split(written.break_)
    assert "\r" not in "".join(lines)
    missing = is_in_order(generated.untouched(written, before, after), lines)
    assert missing is None, f"{missing!r}\n{written.text}\n-----\n{text}"
