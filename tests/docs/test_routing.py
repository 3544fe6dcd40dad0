"""docs/routing.md has each rule that an explanation can name, and says what the simulator does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.config.load import load
from reconciler.core.finding import DOCS
from reconciler.planning.routes import routes_of_file
from reconciler.render.explain import answer_document, call_sections
from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize
from reconciler.sip.routing.call import Answer, Call, Outcome, Step
from reconciler.sip.routing.rules import priority
from tests.docs.documents import DOCUMENTS
from tests.project.repository import ROOT

PAGE = DOCUMENTS["docs/routing.md"]
LAST = 46
CALL = Call("+15550100099", "+15550100001")

_RULE = re.compile(r'^<a id="rule-(\d+)"></a>\*\*(\d+)\. ', re.MULTILINE)
_CELL = re.compile(r"`([^`]*)`")


def table(header: str) -> list[list[str]]:
    """The rows of the table with this header, each cell without the marks of a code span."""
    start = PAGE.index(f"| {header} |")
    rows = PAGE[start : PAGE.index("\n\n", start)].splitlines()[2:]
    assert rows
    return [[_CELL.sub(r"\1", cell.strip()) for cell in row.split("|")[1:-1]] for row in rows]


def answered(rooms: str, era: Era, pin: bool = False) -> Answer:
    """What becomes of the page's call where one rule makes these rooms."""
    if pin:
        rooms = rooms.replace("}}", ", pin: {env: PIN}}}")
    text = (
        'version: 1\nsip:\n  inbound_trunks: {carrier: {numbers: ["+15550100001"]}}\n'
        f"  dispatch_rules: {{calls: {{trunks: [carrier], rooms: {rooms}}}}}\n"
    )
    configuration = load({Path("dispatch.yaml"): text.encode()}, {"PIN": "1234"})
    return routes_of_file(configuration, era).answer(CALL)


def numbers_in_code() -> Iterator[tuple[str, int]]:
    """The numbers of the rules that the code gives a reason for, with the file."""
    for path in sorted((ROOT / "reconciler").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "Step" not in text or "sip.routing.call import" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Call(func=ast.Name("Step"), args=[ast.Constant(int(number)), *_]):
                    yield path.name, number
                # Reasons on their way to a step: `return 3, f"it lists …"`.
                case ast.Tuple(elts=[ast.Constant(int(number)), ast.Constant() | ast.JoinedStr()]):
                    yield path.name, number


def test_every_rule_has_its_anchor() -> None:
    """The rules 1 to 46 are there, in order, each under an anchor that is made of its number."""
    found = _RULE.findall(PAGE)
    assert [anchor for anchor, _ in found] == [str(number) for number in range(1, LAST + 1)]
    assert all(anchor == number for anchor, number in found)
    assert f"{LAST} rules" in PAGE


def test_every_reason_of_an_explanation_has_its_rule() -> None:
    """No step has a number that the page lacks."""
    found = set(numbers_in_code())
    assert len(found) > 20
    assert {file for file, _ in found} >= {"steps.py", "routes.py"}
    assert {(file, number) for file, number in found if not 1 <= number <= LAST} == set()


def test_an_explanation_leads_to_the_page() -> None:
    """Above the reasons stands the address of the page, built like those of the findings."""
    document = answer_document(
        Answer(Outcome.NO_RULE), None, [], auth_required=False, steps=[Step(23, "no rule is left")]
    )
    address = DOCS.removesuffix("findings/") + "routing/"
    assert [section.title for section in call_sections(document)] == [
        "Answer",
        f"Why (numbers: {address})",
    ]


@pytest.mark.parametrize("row", table("Number | Normal form |"), ids=lambda row: row[0])
def test_numbers_have_the_normal_form_of_the_table(row: list[str]) -> None:
    """Rules 1 to 3: the examples are what the code makes of them."""
    assert normalize(row[0]) == row[1]


@pytest.mark.parametrize("row", table("`rooms` | New | Old"), ids=lambda row: row[0])
def test_rooms_are_named_as_in_the_table(row: list[str]) -> None:
    """Rule 27: each kind of room has the name that the simulator gives it, on old servers and new ones."""
    rooms, new, old = row
    assert answered(f"{{{rooms}}}", Era.NEW).room == new
    assert answered(f"{{{rooms}}}", Era.OLD).room == old


@pytest.mark.parametrize("row", table("`rooms` | with a PIN | open"), ids=lambda row: row[0])
def test_priorities_are_those_of_the_table(row: list[str]) -> None:
    """Rule 22: the numbers of a rule that lists neither callers nor numbers, less the 2000 for that."""
    kind, with_pin, is_open = row
    inside = "room: lobby" if kind == "direct" else "prefix: call-"
    for shown, pin in ((with_pin, True), (is_open, False)):
        rule = answered(f"{{{kind}: {{{inside}}}}}", Era.NEW, pin).rule
        assert rule is not None
        assert priority(rule) == int(shown) + 2000
