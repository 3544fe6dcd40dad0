"""The JSON Schema that ships with the package: up to date, valid, complete, and full of words for editors."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

from reconciler.config.agents import AGENT_KEYS, AGENTS_KEYS, CONVENTION_KEYS, NAME_KEYS
from reconciler.config.objects import own_keys
from reconciler.config.project import PROJECT_KEYS
from reconciler.config.schema import json_schema, rendered
from reconciler.core.plan import Plane
from reconciler.core.schema import Kind
from reconciler.sip.spec import KINDS
from tests.project import repository

SCHEMA: dict[str, Any] = json_schema()


def test_the_shipped_schema_is_up_to_date() -> None:
    """After a change of a field: python -m reconciler.config.schema > reconciler/schemas/dispatch.schema.json."""
    shipped = (
        files("reconciler").joinpath("schemas", "dispatch.schema.json").read_text(encoding="utf-8")
    )
    assert shipped == rendered()


def test_the_schema_is_valid() -> None:
    """It is a schema of draft 2020-12, every reference in it leads somewhere."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    references = [node["$ref"] for _, node in nodes(SCHEMA) if "$ref" in node]
    assert references
    assert {one.removeprefix("#/$defs/") for one in references} <= SCHEMA["$defs"].keys()


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema, with the path of what it describes."""
    yield path, schema
    for key, value in schema.get("properties", {}).items():
        yield from nodes(value, f"{path}.{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{path}.*")
    for key in ("anyOf", "oneOf"):
        for value in schema.get(key, ()):
            yield from nodes(value, path)


def test_every_key_has_words_for_the_editor() -> None:
    """Whatever can be written explains itself on hover."""
    silent = [
        f"{path}.{key}"
        for path, node in nodes(SCHEMA)
        for key, value in node.get("properties", {}).items()
        if not value.get("description")
    ]
    assert silent == []


def test_no_mapping_takes_keys_that_mean_nothing() -> None:
    """Free JSON alone is open; `x-` keys at the top hold anchors."""
    open_mappings = {
        path.rpartition(".")[2]
        for path, node in nodes(SCHEMA)
        if node.get("type") == "object"
        and "additionalProperties" not in node
        and not node.get("$ref")
    }
    assert open_mappings == {"egress"}
    assert SCHEMA["patternProperties"].keys() == {"^x-"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_of_a_kind_is_there(kind: Kind) -> None:
    """The schema and the reader follow one description; this pins that nothing is lost on the way."""
    described = SCHEMA["properties"]["sip"]["properties"][kind.section]["additionalProperties"]
    assert set(own_keys(kind)) <= described["properties"].keys()
    for field in kind.fields:
        if field.plane is not Plane.SIP:
            assert field.path not in described["properties"]
            continue
        node = described
        for key in field.parent.split("."):
            node = node["properties"][key]
        assert field.path in kind.one_of or field.doc in node["description"]


def test_the_agent_plane_and_the_project_are_there() -> None:
    """Their keys are those that the reader knows."""
    sections = SCHEMA["properties"]
    assert tuple(sections["project"]["properties"]) == PROJECT_KEYS
    agents = sections["agents"]["properties"]
    assert tuple(agents) == AGENTS_KEYS
    assert tuple(agents["names"]["additionalProperties"]["properties"]) == NAME_KEYS
    convention = agents["rooms"]["items"]["properties"]
    assert sorted(convention) == sorted(CONVENTION_KEYS)
    assert tuple(convention["agents"]["items"]["anyOf"][1]["properties"]) == AGENT_KEYS


def test_the_examples_of_the_repository_are_valid() -> None:
    """A file that an editor underlines would be a poor example."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    found = [
        path for path in repository.files() if path.suffix == ".yaml" and "tests" not in path.parts
    ]
    for path in found:
        if not path.read_text().startswith("version: 1"):
            continue
        document = yaml.safe_load(path.read_text())
        assert [one.message for one in validator.iter_errors(document)] == [], path
