"""The terminal's view: short where values are long, complete where something would be missed, never wrapped."""

from __future__ import annotations

import re

import pytest

from reconciler.core.finding import Severity
from reconciler.core.plan import (
    Action,
    Call,
    Change,
    Gap,
    Plan,
    Plane,
    RoutingTest,
    Unlisted,
)
from reconciler.core.values import (
    AgentDispatch,
    AgentList,
    Document,
    Metadata,
    PlainValue,
    Reference,
    References,
    TextList,
    text_set,
)
from reconciler.render.document import drift_document, findings_document, plan_document
from reconciler.render.text import findings_text, plan_text
from tests.render.plans import creations, field, finding, update


def shown(plan: Plan, *, verbose: bool = False) -> list[str]:
    """The lines of a plan without their indentation."""
    text = plan_text(plan_document(plan), verbose=verbose)
    return [line.strip() for line in text.splitlines()]


def agents(*entries: AgentDispatch) -> AgentList:
    """A list of agents."""
    return AgentList(entries)


METADATA = '{"lang":"en","voice":"laila","greeting":"marhaba, welcome to acme"}'
# path, before, after, lines
CHANGES: list[tuple[str, PlainValue | None, PlainValue | None, list[str]]] = [
    ("metadata", "old", "new", ['metadata: "old" → "new"']),
    ("callers", text_set(["+15550100001"]), None, ['callers: ["+15550100001"] → any']),
    ("transport", None, "tls", ["transport: auto → tls"]),
    ("krisp_enabled", None, True, ["krisp_enabled: false → true"]),
    ("auth.realm", "a", None, ['auth.realm: "a" → (unset)']),
    (
        "numbers",
        text_set(["+15550100001", "+15550100002"]),
        text_set(["+15550100002", "+15550100003"]),
        ["numbers:", '- "+15550100001"', '+ "+15550100003"'],
    ),
    (
        "numbers",
        TextList(("+15550100001", "+15550100001"), ("+15550100001", "+15550100001")),
        TextList(("+15550100001",), ("+15550100001",)),
        ["numbers:", '- "+15550100001"'],
    ),
    (
        "metadata",
        Metadata(METADATA),
        Metadata(METADATA.replace('"en"', '"ar"'), is_json=True),
        ["metadata:", '~ metadata.lang: "en" → "ar"'],
    ),
    (
        "metadata",
        Metadata('{"a":1}'),
        Metadata('{"b":2}', is_json=True),
        ['metadata: {"a":1} → {"b":2}'],
    ),
    (
        "metadata",
        Metadata('{"a": [1, 2, 3]}'),
        Metadata('{"a":[1,2,3]}'),
        ['metadata: {"a": [1, 2, 3]} → {"a":[1,2,3]}'],
    ),
    (
        "metadata",
        Metadata('{"__private":1,"rest":"of it, which is long"}'),
        Metadata('{"__private":true,"rest":"of it, which is long"}'),
        ["metadata:", "~ metadata.__private: 1 → true"],
    ),
    (
        "metadata",
        Metadata('{"a b":{"c":null},"rest":"of it, which is long"}'),
        Metadata('{"a b":{"c":0},"rest":"of it, which is long"}'),
        ["metadata:", '~ metadata["a b"].c: null → 0'],
    ),
    (
        "media.codecs",
        Document.of([{"name": "a"}, {"name": "b"}]),
        Document.of([{"name": "b"}, {"name": "a"}]),
        ['media.codecs: [{"name":"a"}, {"name":"b"}] → [{"name":"b"}, {"name":"a"}]'],
    ),
]


@pytest.mark.parametrize(("path", "before", "after", "lines"), CHANGES)
def test_a_field_is_shown_as_short_as_it_can_be(
    path: str, before: PlainValue | None, after: PlainValue | None, lines: list[str]
) -> None:
    """Each type of field has its form, and the words of the file stand for what is not set."""
    kind = "outbound_trunk" if path == "transport" else "inbound_trunk"
    found = shown(update(field(path, before, after), kind=kind))
    start = found.index(lines[0])
    assert found[start : start + len(lines) + 1] == [*lines, ""]


def test_agents_are_shown_by_name_and_by_what_they_are_told() -> None:
    """An agent that is told something else is one difference; an unnamed one is called so."""
    before = agents(AgentDispatch("a", Metadata(METADATA)), AgentDispatch("gone"))
    told = Metadata(METADATA.replace("laila", "amir"))
    after = agents(AgentDispatch(""), AgentDispatch("a", told, (("tier", "gold"),)))
    lines = shown(update(field("agents", before, after), kind="dispatch_rule"))
    assert lines[lines.index("agents:") + 1 :][:4] == [
        '~ "a" attributes: (unset) → {"tier":"gold"}',
        '~ "a" metadata.voice: "laila" → "amir"',
        '- "gone"',
        "+ (unnamed)",
    ]


def test_the_same_agent_twice_is_counted() -> None:
    """Of two equal entries one may go."""
    one = AgentDispatch("a")
    plan = update(field("agents", agents(one, one), agents(one)), kind="dispatch_rule")
    assert shown(plan).count('- "a"') == 1


def test_long_texts_are_cut_where_they_differ() -> None:
    """What is shown of two long texts holds their first difference; with verbose all of them is shown."""
    before, after = (Metadata("x" * 5000 + end + "y" * 5000) for end in ("OLD", "NEW"))
    plan = update(field("metadata", before, after))
    (line,) = [line for line in shown(plan) if line.startswith("metadata:")]
    assert "OLD" in line
    assert "NEW" in line
    assert len(line) < 600
    assert any(len(line) > 20_000 for line in shown(plan, verbose=True))


def test_long_lists_are_counted() -> None:
    """Of a thousand new entries twenty are shown, and how many more there are."""
    many = text_set(f"+1555010{number:04}" for number in range(1000))
    lines = shown(update(field("numbers", text_set(["+15550109999"]), many)))
    assert "… and 981 more differences in it" in lines
    assert len(lines) < 40


def test_a_rename_is_one_line() -> None:
    """The old and the new name stand in the heading of the object, not among its fields."""
    change = Change(
        Plane.SIP,
        "dispatch_rule",
        "new",
        "SDR_1",
        Action.RENAME,
        (field("name", "old", "new"),),
        "old",
    )
    lines = shown(Plan("a", "b", (change,)))
    assert '→ dispatch rule "old" → "new" (SDR_1)' in lines
    assert not any(line.startswith("name:") for line in lines)


def test_an_id_that_nobody_knows_yet_is_called_so() -> None:
    """A created object has no id, and a rule may wait for one."""
    assert '+ inbound trunk "trunk-0" (known after apply)' in shown(creations(1))


def test_unlisted_objects_do_not_drown_the_plan() -> None:
    """Of hundreds twenty are shown, those with a hint first, with a count of the rest; verbose shows all."""
    many = [Unlisted("inbound_trunk", f"t{number}", f"ST_{number}") for number in range(300)]
    many.append(Unlisted("dispatch_rule", "z", "SDR_1", "looks like something"))
    lines = shown(Plan("a", "b", unlisted=tuple(many)))
    start = next(index for index, line in enumerate(lines) if line.startswith("Unlisted"))
    assert lines[start + 1] == 'dispatch rule "z" (SDR_1) - looks like something'
    assert lines[start + 21] == "… and 281 more unlisted objects"
    assert len(shown(Plan("a", "b", unlisted=tuple(many)), verbose=True)) > 300


def ordered(*calls: Call) -> Plan:
    """A plan with calls and a gap before the second."""
    return Plan("a", "b", calls=calls, gaps=(Gap(1, 2, "nobody answers"),))


def test_only_the_interesting_part_of_the_order_is_shown() -> None:
    """A handover is shown with what it waits for, other calls only with verbose."""
    plan = ordered(
        Call(1, Action.UPDATE, "inbound_trunk", "from", "ST_1", (Plane.SIP,)),
        Call(2, Action.UPDATE, "inbound_trunk", "to", "ST_2", (Plane.SIP,), after=(1,)),
        Call(3, Action.UPDATE, "inbound_trunk", "other", "ST_3", (Plane.SIP,)),
    )
    assert '2. update inbound trunk "to" (ST_2), after step 1' in shown(plan)
    assert '1. update inbound trunk "from" (ST_1)' in shown(plan)
    assert not any("other" in line for line in shown(plan))
    assert any("other" in line for line in shown(plan, verbose=True))


def test_findings_are_lines_that_editors_understand() -> None:
    """`path:line:col: severity[code] message`, at the left edge and on one line, whatever it quotes."""
    found = finding(message="long\n" + "x" * 3000, fix="do it")
    for text in (
        findings_text(findings_document([found])),
        plan_text(plan_document(Plan("a", "b", findings=(found,)))),
    ):
        (line,) = [line for line in text.splitlines() if "some-code" in line]
        assert line.startswith("dispatch.yaml:3:7: warning[some-code] long\\nxxx")
        assert line.endswith("(sip.x) - do it")


def test_a_finding_about_the_live_project_starts_with_its_path() -> None:
    """Without a file the path is the place."""
    text = findings_text(findings_document([finding(file="", path="inbound_trunks.a")]))
    assert text.startswith("inbound_trunks.a: warning[some-code] something is odd\n")


def test_nothing_found_is_nothing_said() -> None:
    """No finding and no test make no output."""
    assert findings_text(findings_document([])) == ""


ERROR = finding(severity=Severity.ERROR)
LAST_LINES = [
    (Plan("a", "b"), "No changes. The live project matches the file."),
    (
        Plan("a", "b", unlisted=(Unlisted("inbound_trunk", "", "ST_1"),)),
        "No changes. The live project matches the file, but for 1 unlisted object.",
    ),
    (Plan("a", "b", findings=(ERROR,)), "No changes. But: 1 error."),
    (Plan("a", "b", notes=("x",)), "No changes. What is left undone stands in the notes."),
    (Plan("a", "b", tests=(RoutingTest("t", False),)), "No changes. But: 1 failing test."),
    (creations(1200), "Plan: 1,200 to create, 0 to update, 0 to delete (sip)."),
]


@pytest.mark.parametrize(("plan", "line"), LAST_LINES)
def test_the_last_line_sums_up(plan: Plan, line: str) -> None:
    """It never claims that all is well where it is not."""
    assert shown(plan)[-1] == line


def test_no_drift_is_said() -> None:
    """The last line of a drift speaks of drift."""
    assert plan_text(drift_document(Plan("a", "b"))).endswith(
        "No drift. The live project matches the file.\n"
    )


def test_failing_tests_are_shown() -> None:
    """A failing routing test stands there with its reason, a passing one only with verbose."""
    plan = Plan("a", "b", tests=(RoutingTest("good", True), RoutingTest("bad", False, "why")))
    assert 'FAIL "bad": why' in shown(plan)
    assert not any("good" in line for line in shown(plan))
    assert 'pass "good"' in shown(plan, verbose=True)


def test_colour_adds_nothing_but_colour() -> None:
    """Without its escape sequences the coloured text is the plain one; without colour there is none."""
    plan = update(
        field("numbers", text_set(["a", "b"]), text_set(["b", "c"])),
        field("trunks", References((Reference("x"),)), None),
    )
    document = plan_document(plan)
    document["findings"] = findings_document([finding(), ERROR])["findings"]
    plain, coloured = plan_text(document), plan_text(document, color=True)
    assert "\x1b" not in plain
    assert "\x1b[32m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
