"""The shipped schemas: valid themselves, described throughout, and one in what they share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NotRequired, get_origin, get_type_hints

import jsonschema
import pytest

from reconciler.export import plane
from reconciler.render import history_shapes, project_shapes, room_shapes, shapes, token
from tests.support.schemas import schema
from tools import schemas

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


@pytest.mark.parametrize("name", sorted(schemas.SOURCES))
def test_what_comes_from_another_schema_is_current(name: str) -> None:
    """What a schema has from others is what `python -m tools.schemas` writes into it."""
    text = schemas.place_of(name).read_text(encoding="utf-8")
    assert text == schemas.text_of(schemas.composed(name))


def test_a_part_is_edited_in_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that an answer gets is one of the answers in plans, reports and tables of projects, and no part is left."""
    shutil.copytree(schemas.SCHEMAS, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(schemas, "SCHEMAS", tmp_path)
    edited = schema("explain")
    edited["properties"]["more"] = {"$ref": "#/$defs/more"}
    edited["$defs"] = {**edited["$defs"], "more": {"type": "string"}}
    del edited["properties"]["steps"]
    schemas.place_of("explain").write_text(json.dumps(edited))
    schemas.main()
    for name in ("plan", "report", "projects", "explain-diff"):
        parts = json.loads(schemas.place_of(name).read_text())["$defs"]
        assert parts["answer"]["properties"]["more"] == {"$ref": "#/$defs/more"}
        assert parts["more"] == {"type": "string"}
        assert "answer_step" not in parts


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
