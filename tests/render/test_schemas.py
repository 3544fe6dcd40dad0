"""The shipped schemas: valid themselves, described throughout, and one in what they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NotRequired, get_origin, get_type_hints

import jsonschema
import pytest

from reconciler.export import plane
from reconciler.render import history_shapes, project_shapes, room_shapes, shapes, token
from tests.support.schemas import schema

NAMES = (
    *("plan", "report", "findings", "ids", "objects", "graph", "rooms", "probe", "history"),
    *("token", "token-inspect", "conventions", "projects"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid(name: str) -> None:
    """Each is a schema of the 2020-12 dialect with an address of its own."""
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"].endswith(f"/{name}.schema.json")


def objects(part: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All schemas of objects with fixed keys, with their places."""
    if isinstance(part, dict):
        if "properties" in part and part.get("type") == "object":
            yield place, part
        for key, value in part.items():
            yield from objects(value, f"{place}/{key}")


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_described(name: str) -> None:
    """Whoever reads the schema learns what each key means, and no other key is allowed."""
    for place, part in objects(schema(name), name):
        assert part["additionalProperties"] is False, place
        for key, value in part["properties"].items():
            assert "description" in value or "$ref" in value, f"{place}/{key}"


def test_what_schemas_share_is_the_same() -> None:
    """A finding is a finding in each of them."""
    seen: dict[str, Any] = {}
    for name in NAMES:
        for key, value in schema(name).get("$defs", {}).items():
            assert seen.setdefault(key, value) == value, f"{name}: {key}"
    assert len(seen) > 8


SHAPES = {
    "plan": shapes.PlanDocument,
    "report": shapes.ReportDocument,
    "findings": shapes.FindingsDocument,
    "ids": shapes.IdsDocument,
    "objects": shapes.SnapshotDocument,
    "explain": shapes.CallAnswerDocument,
    "explain-diff": shapes.CallDiffDocument,
    "explain-room": shapes.RoomDocument,
    "graph": shapes.GraphDocument,
    "projects": project_shapes.ProjectsDocument,
    "rooms": room_shapes.RoomsDocument,
    "probe": room_shapes.ProbeDocument,
    "token": token.TokenDocument,
    "token-inspect": token.InspectDocument,
    "conventions": plane.PlaneDocument,
    "history": history_shapes.HistoryDocument,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_types_say_the_same(name: str) -> None:
    """The keys of the schema are those of the type, required where they always are."""
    keys = get_type_hints(SHAPES[name], include_extras=True)
    always = {key for key, hint in keys.items() if get_origin(hint) is not NotRequired}
    assert set(schema(name)["properties"]) == set(keys)
    assert set(schema(name)["required"]) == always
