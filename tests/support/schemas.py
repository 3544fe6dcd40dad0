"""The shipped schemas as tests use them: what is wrong with a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).parents[2] / "reconciler" / "schemas"


def schema(name: str) -> dict[str, Any]:
    """A schema by its short name."""
    loaded: dict[str, Any] = json.loads(
        (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    )
    return loaded


def problems(name: str, document: object) -> list[str]:
    """Where a document breaks the schema, in words."""
    validator = jsonschema.Draft202012Validator(schema(name))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
