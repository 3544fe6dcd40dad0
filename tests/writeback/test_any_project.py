"""Whatever somebody changes by hand, the files say it afterwards, and every other line is what it was."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.objects import Snapshot
from reconciler.core.values import AgentDispatch, AgentList, Metadata
from reconciler.export import export_project
from reconciler.sip.era import Era
from tests.export import hostile
from tests.export.round_trip import environment
from tests.writeback import generated
from tests.writeback.projects import Case, case, changed, snapshot

hard = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def is_in_order(some: Iterable[str], lines: Iterable[str]) -> str | None:
    """The first of some lines that does not follow the one before it among all lines; None where all do."""
    rest = iter(lines)
    return next((one for one in some if one not in rest), None)


@pytest.mark.slow
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


@pytest.mark.slow
@hard
@given(project=hostile.projects(), other=hostile.projects(), data=st.data())
def test_a_hostile_project_is_accepted_or_told(
    project: tuple[Snapshot, Era], other: tuple[Snapshot, Era], data: st.DataObject
) -> None:
    """The file of one project, and another one lives: every difference is written, or told."""
    before, era = project
    live = Snapshot(before.host, other[0].objects)
    exported = export_project(before, name="acme", era=era)
    text = exported.text
    if data.draw(st.booleans()):
        text = text.replace("unlisted: report", "unlisted: delete")
    with tempfile.TemporaryDirectory() as folder:
        environ = environment(exported, before)
        one = Case(Path(folder), live, {"dispatch.yaml": text}, environ, era=era)
        told = one.accept()
        written = one.text()
        again = one.accept()
        assert again.done == ()
        assert [str(left) for left in again.left] == [str(left) for left in told.left]
        assert one.text() == written
        if not told.left:
            plan = one.plan()
            assert (plan.changes, plan.unlisted) == ((), ())


AGENTS = ["ann", "bob", "", "Night Shift"]
lists = st.lists(
    st.builds(
        AgentDispatch,
        st.sampled_from(AGENTS),
        st.sampled_from(["", "x", '{"k": 1}', '{"k":2,"l":[]}']).map(Metadata),
        st.sampled_from([(), (("a", "b"),), (("a", "c"), ("d", "e"))]),
        st.sampled_from(["", "", "never", "7"]),
    ),
    max_size=3,
).map(lambda entries: AgentList(tuple(entries)))


@pytest.mark.slow
@hard
@given(data=st.data())
def test_agents_are_accepted_where_rules_agree(data: st.DataObject) -> None:
    """Random conventions and live agents: each rule's agents are what the file says, or it is told why they are not."""
    rules, conventions = data.draw(generated.agent_planes())
    file = generated.agent_file(data, rules, conventions)
    live = snapshot(file.replace("version: 1\n", ""))
    for name in data.draw(st.lists(st.sampled_from(sorted(rules)), unique=True)):
        agents = data.draw(lists)
        live = changed(live, name, agents=agents if agents.entries else None)
    with tempfile.TemporaryDirectory() as folder:
        one = case(Path(folder), file, live)
        told = one.accept()
        left = {change.name for change in one.plan().changes}
        assert left == {one.name for one in told.left}
        text = one.text()
        assert one.accept().done == ()
    assert text.splitlines()[: len(rules) + 3] == file.splitlines()[: len(rules) + 3]
    if not told.done:
        assert text == file
    comments = [line.partition("#")[2] for line in file.splitlines() if "# stays" in line]
    kept = [line.partition("#")[2] for line in text.splitlines() if "# stays" in line]
    assert comments == kept
