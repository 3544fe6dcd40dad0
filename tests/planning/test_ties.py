"""Objects that keep their ids, whatever takes over from whatever."""

from __future__ import annotations

import pytest

from reconciler.core.finding import Severity
from reconciler.core.plan import Action, Plan
from tests.planning.conftest import Plans

ROOMS = "rooms: {individual: {prefix: call-}}"
LIVE = f"""
sip:
  inbound_trunks: {{a: {{numbers: ['+15550100001']}}, b: {{numbers: ['+15550100002']}}}}
  dispatch_rules: {{ra: {{trunks: [a], {ROOMS}}}, rb: {{trunks: [b], {ROOMS}}}}}
"""
TRUNKS = "  inbound_trunks: {a: {numbers: ['+15550100002']}, b: {numbers: ['+15550100001']}}\n"
RULES = f"  dispatch_rules: {{ra: {{trunks: [a], {ROOMS}}}, rb: {{trunks: [b], {ROOMS}}}}}\n"
FILE = f"sip:\n{TRUNKS}{RULES}"


def _deleted(plan: Plan) -> list[str]:
    return [call.name for call in plan.calls if call.action is Action.DELETE]


def _errors(plan: Plan) -> list[str]:
    return [f"{one.code} {one.path}" for one in plan.findings if one.severity is Severity.ERROR]


def test_what_is_created_anew_is_noted(plan: Plans) -> None:
    """Nothing else tells that an object which is only to be changed gets another id."""
    found = plan(FILE, LIVE)
    assert _deleted(found) == ["b"]
    assert [note for note in found.notes if "new id" in note] == [
        'deleted and created again on the way, with a new id: inbound trunk "b" (ST_b)'
    ]


@pytest.mark.parametrize(
    "file",
    [
        FILE.replace("b: {numbers", "b: {id: ST_b, numbers"),
        FILE.replace("trunks: [b]", "trunks: [ST_b]"),
        FILE.replace("rb: {", "rb: {unmanaged: [trunks], "),
        f"sip:\n{TRUNKS}  dispatch_rules: {{ra: {{trunks: [a], {ROOMS}}}}}\n",
        FILE.replace("b: {numbers", "b: {unmanaged: [krisp_enabled], numbers"),
    ],
    ids=["pinned", "named by its id", "an unmanaged list", "not listed", "not all in the file"],
)
def test_another_one_is_created_anew(plan: Plans, file: str) -> None:
    """Of two that swap, that one goes whose id nothing hangs on; nobody goes on naming a trunk that is gone."""
    live = LIVE.replace("b: {numbers", "b: {krisp_enabled: true, numbers")
    found = plan(file, live)
    assert _errors(found) == []
    assert _deleted(found) == ["a"]


def test_where_all_have_to_stay_it_is_an_error(plan: Plans) -> None:
    """With the reason, at the object that would have to go."""
    pinned = FILE.replace("a: {numbers", "a: {id: ST_a, numbers")
    found = plan(pinned.replace("trunks: [b]", "trunks: [ST_b]"), LIVE)
    assert _errors(found) == ["id-must-stay sip.inbound_trunks.b"]
    (message,) = (one.message for one in found.findings if one.code == "id-must-stay")
    assert 'the rule "rb" names it by its id, not by its name' in message


def test_without_the_rules_in_the_file_no_trunk_may_go(plan: Plans) -> None:
    """What is not managed cannot follow."""
    assert _errors(plan(f"sip:\n{TRUNKS}", LIVE)) == ["id-must-stay sip.inbound_trunks.b"]


def test_rules_that_swap_their_pins(plan: Plans) -> None:
    """A pinned one stays; of two pinned ones neither can go."""
    rules = "sip:\n  dispatch_rules:\n    a: {{trunks: any, rooms: {{direct: {{room: r, pin: {{env: {0}}}}}}}}}\n"
    rules += "    b: {{trunks: any, rooms: {{direct: {{room: r, pin: {{env: {1}}}}}}}}}\n"
    live, file = rules.format("PIN", "OTHER_PIN"), rules.format("OTHER_PIN", "PIN")
    assert _deleted(plan(file, live)) == ["b"]
    one = file.replace("b: {", "b: {id: SDR_b, ")
    assert _deleted(plan(one, live)) == ["a"]
    assert _errors(plan(one.replace("a: {", "a: {id: SDR_a, "), live)) == [
        "id-must-stay sip.dispatch_rules.b"
    ]
