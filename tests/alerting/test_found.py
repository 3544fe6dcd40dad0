"""What makes two drifts the same one, and what is counted."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from reconciler.alerting.found import Count, failed, looked
from reconciler.errors import Unauthorized, Unreachable
from reconciler.render.shapes import PlanDocument
from tests.alerting.documents import change, document, field, room

HIDDEN = field("auth.password", None, None, sensitive=True, effect="changed")


def everything() -> PlanDocument:
    """A drift of every sort."""
    return document(
        changes=[
            change("inbound", field("metadata", "a", "b"), field("numbers", ["1"], ["2"])),
            change("second", HIDDEN),
        ],
        unlisted=[{"kind": "inbound_trunk", "name": "test", "id": "ST_2", "hint": ""}],
        rooms=[room("call-1", "call-", "acme"), room("call-2", "call-", "acme")],
    )


def fingerprint(seen: PlanDocument) -> str:
    """The fingerprint of a document."""
    return looked(seen).fingerprint


def test_order_ids_causes_and_rooms_of_one_convention_make_no_other_drift() -> None:
    """The same drift is the same an hour later, with other rooms, another order, and a receipt."""
    seen = everything()
    other: Any = copy.deepcopy(seen)
    for key in ("changes", "rooms"):
        random.Random(1).shuffle(other[key])
        other[key].reverse()
    other["changes"][0]["fields"].reverse()
    for one in other["changes"]:
        one["id"] = "SDR_other"
        for part in one["fields"]:
            part["cause"] = "live"
    other["rooms"] = [room("call-77", "call-", "acme")]
    other["unlisted"][0]["id"] = "ST_other"
    other["notes"] = ["something"]
    assert fingerprint(other) == fingerprint(seen)


def _edit(path: str, value: Any) -> Any:
    def edit(seen: Any) -> None:
        *parts, last = path.split(".")
        for part in parts:
            seen = seen[int(part) if part.isdigit() else part]
        seen[int(last) if last.isdigit() else last] = value

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        _edit("changes.0.name", "other"),
        _edit("changes.0.plane", "agents"),
        _edit("changes.0.kind", "inbound_trunk"),
        _edit("changes.0.action", "delete"),
        _edit("changes.0.fields.0.path", "attributes"),
        _edit("changes.0.fields.0.before", "c"),
        _edit("changes.0.fields.0.after", "c"),
        _edit("changes.1.fields.0.effect", "removed"),
        _edit("unlisted.0.name", "other"),
        _edit("unlisted", []),
        _edit("rooms.0.convention", "other-"),
        _edit("rooms.0.missing", ["other"]),
    ],
)
def test_whatever_else_differs_is_another_drift(edit: Any) -> None:
    """A name, a plane, a kind, a field, a value, what happens to a secret, what is unlisted, which agents lack."""
    seen: Any = everything()
    before = fingerprint(seen)
    edit(seen)
    assert fingerprint(seen) not in (before, "")


def test_no_drift_has_no_fingerprint() -> None:
    """Nothing differs: there is nothing to be the same as."""
    assert fingerprint(document(drift=False)) == ""


def test_half_a_character_has_a_fingerprint_and_a_harmless_name() -> None:
    """JSON can escape half a surrogate pair; what is remembered can be written as UTF-8."""
    seen = document(project="a\ud800", changes=[change("x\ud800", field("metadata", "\udc00", ""))])
    found = looked(seen)
    assert found.fingerprint
    assert found.project == "a\\ud800"


def test_objects_are_counted_by_plane_kind_and_action() -> None:
    """Rooms are counted where they were looked at, none of them as a zero."""
    seen: Any = everything()
    seen["changes"].append(change("inbound", field("agents", [], []), plane="agents"))
    seen["summary"]["rooms"] = {"lacking": 0, "dispatch": 0, "retry": 0, "replace": 0}
    assert looked(seen).counts == (
        Count("agents", "dispatch_rule", "update", 1),
        Count("agents", "room", "missing", 0),
        Count("sip", "dispatch_rule", "update", 2),
        Count("sip", "inbound_trunk", "unlisted", 1),
    )


def test_errors_of_the_api_have_a_kind() -> None:
    """For the figures; the reason is what the error says, unless somebody says it better."""
    assert failed(Unreachable("gone", sent=False)).error == "unreachable"
    assert failed(Unauthorized("no")).error == "unauthorized"
    assert failed(ValueError("x"), "better") == failed(OSError("y"), "better")
