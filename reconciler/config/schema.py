"""The JSON Schema of a configuration file, built from the same descriptions that the reader follows.

It is shipped as `schemas/dispatch.schema.json`, for editors above all: descriptions are what they show on hover. The
reader does not use it, and says more: what a schema cannot say (references, names given twice, a duration longer than
LiveKit counts) is listed in the test that the two agree. The sections of the agent plane and the project stand in
`schema_sections`.

    python -m reconciler.config.schema > reconciler/schemas/dispatch.schema.json
"""

from __future__ import annotations

import json
import re
import sys
from typing import TypeAlias

from reconciler.config.fields import CODEC_FORBIDDEN
from reconciler.config.file import IGNORED
from reconciler.config.free import ENV_NAME
from reconciler.config.objects import Shape, shape_of
from reconciler.config.paths import known_paths, mappings_of
from reconciler.config.schema_sections import (
    agents_schema,
    lint_schema,
    project_schema,
    tests_schema,
)
from reconciler.core.schema import Field, FieldType, Kind
from reconciler.core.values import DURATION_UNITS, JsonValue
from reconciler.sip.spec import KINDS

Schema: TypeAlias = dict[str, JsonValue]

ID = "https://livekit-reconciler.readthedocs.io/en/latest/schemas/dispatch.schema.json"
_MAX_COUNT = 2**32 - 1
_GROUPS = {
    "auth": "Who may use the trunk, or who the trunk is to the provider.",
    "media": "Encryption, codecs and time-outs of the audio.",
    "rooms": "How rooms are made; exactly one kind.",
    "rooms.individual": "A room of its own for each caller: prefix_caller_random.",
    "rooms.callee": "One room for each number called: prefix_number.",
    "rooms.direct": "One room for all calls.",
    "room": "How the rooms are configured: LiveKit's RoomConfiguration without the agents, which follow from the "
    "conventions.",
}


def json_schema() -> Schema:
    """The schema of one file that holds a whole project."""
    kinds: Schema = {kind.section: _section(kind) for kind in KINDS}
    sip = (
        "Plane 1: which room a call lands in. No agent is named here. A kind that is left out is not managed; {} means "
        "managed and empty."
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "reconcile",
        "description": "SIP routing and agent dispatch of one LiveKit project. Several files may be one project.",
        "type": "object",
        "required": ["version"],
        "properties": {
            "version": {"description": "The version of this language.", "const": 1},
            "project": project_schema({"type": "array", "items": _paths(KINDS)}),
            "sip": _mapping(sip, kinds),
            "agents": agents_schema(),
            "tests": tests_schema(),
            "lint": lint_schema(),
        },
        "patternProperties": {f"^{IGNORED}": {"description": "Ignored: a place for YAML anchors."}},
        "additionalProperties": False,
        "$defs": {
            "secret": _secret(),
            "duration": _duration(),
            "name": {"type": "string", "minLength": 1},
        },
    }


def _mapping(description: str, properties: Schema) -> Schema:
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _section(kind: Kind) -> Schema:
    return {
        "description": f"{kind.doc} Each key is the name of the {kind.title} in LiveKit, and its identity.",
        "type": "object",
        "propertyNames": {"minLength": 1},
        "additionalProperties": _object(kind),
    }


def _object(kind: Kind) -> Schema:
    properties = _properties(kind, shape_of(kind), "")
    properties["id"] = _described(
        "Pins one live object whose name differs or is empty; its name then stays as it is.",
        _ref("name"),
    )
    properties["renamed_from"] = _described(
        "Former name: renames the live object instead of deleting and creating it. Nothing happens once it is done.",
        _ref("name"),
    )
    properties["unmanaged"] = {
        "description": "Fields, or groups of fields, that belong to somebody else and are left as they are.",
        "type": "array",
        "items": _paths((kind,)),
    }
    if kind.has_line:
        properties["line"] = _described(
            "A neutral label: conventions can have agents of their own for each line.", _ref("name")
        )
    required: list[JsonValue] = [field.path for field in kind.fields if field.explicit]
    return {
        "description": kind.doc,
        "type": "object",
        "required": [*required, *kind.one_of],
        "not": {"required": ["id", "renamed_from"]},
        "properties": properties,
        "additionalProperties": False,
    }


def _properties(kind: Kind, shape: Shape, prefix: str) -> Schema:
    found: Schema = {}
    for key, below in shape.items():
        if isinstance(below, Field):
            found[key] = _leaf(below)
            continue
        group = _mapping(_GROUPS[prefix + key], _properties(kind, below, f"{prefix}{key}."))
        if not prefix and key in kind.one_of:
            group |= {"minProperties": 1, "maxProperties": 1}
        found[key] = group
    return found


def _leaf(field: Field) -> Schema:
    description = field.doc
    if field.since is not None:
        description += f" Honoured from livekit-server {field.since} on."
    if not field.is_mapping:
        return _described(description, _type(field))
    return {
        "description": description,
        "type": "object",
        "propertyNames": {"minLength": 1},
        "additionalProperties": _type(field),
    }


def _described(description: str, schema: Schema) -> Schema:
    return {"description": description, **schema}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _type(field: Field) -> Schema:
    found = _TYPES.get(field.type)
    if found is None:
        return _typed(field)
    return dict(found)


def _typed(field: Field) -> Schema:
    """Types that depend on more of the field than its type."""
    match field.type:
        case FieldType.TEXT:
            return {"type": "string", "minLength": 1} if field.explicit else {"type": "string"}
        case FieldType.FLAG:
            return {"type": "boolean", "default": field.default}
        case FieldType.COUNT:
            top = _MAX_COUNT if field.high is None else field.high
            return {"type": "integer", "minimum": field.low, "maximum": top}
        case FieldType.CHOICE:
            default: Schema = {} if field.default is None else {"default": field.default}
            return {"enum": list(field.choices), **default}
        case _:
            return _list(field)


def _list(field: Field) -> Schema:
    items: Schema = {"type": "string", "minLength": 1}
    if not field.any_word:
        return {"type": "array", "minItems": 1, "items": items}
    listed: Schema = {"type": "array", "minItems": 1, "items": {**items, "not": {"const": "any"}}}
    default: Schema = {} if field.explicit else {"default": "any"}
    return {"anyOf": [{"const": "any"}, listed], **default}


_TYPES: dict[FieldType, Schema] = {
    FieldType.DURATION: _ref("duration"),
    FieldType.PASSWORD: _ref("secret"),
    FieldType.CREDENTIAL: {"anyOf": [{"type": "string"}, _ref("secret")]},
    FieldType.HIDDEN_TEXT: {"anyOf": [{"type": "string"}, _ref("secret")]},
    FieldType.METADATA: {"type": ["string", "object"]},
    FieldType.JSON: {"type": "object"},
    FieldType.CODECS: {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {
                    "description": "Name of the codec, such as PCMU.",
                    "type": "string",
                    "pattern": f"^[^{CODEC_FORBIDDEN.encode('unicode_escape').decode()}]+$",
                },
                "rate": {
                    "description": "Sampling rate in Hz; 0 or none for any.",
                    "type": "integer",
                    "minimum": 0,
                    "maximum": _MAX_COUNT,
                },
            },
            "additionalProperties": False,
        },
    },
}


def _secret() -> Schema:
    env: Schema = {
        "description": "Name of the environment variable that holds the secret.",
        "type": "string",
        "pattern": f"^{ENV_NAME.pattern}$",
    }
    file: Schema = {
        "description": "Path of the file that holds the secret, counted from the folder of this file.",
        "type": "string",
        "minLength": 1,
    }
    return {
        "description": "Where a secret comes from; it never stands here itself.",
        "type": "object",
        "properties": {"env": env, "file": file},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }


def _duration() -> Schema:
    parts = "".join(f"(?:[0-9]+{unit})?" for unit in DURATION_UNITS)
    return {"type": "string", "pattern": f"^(?=[0-9]){parts}$", "examples": ["30s", "2h", "1m30s"]}


def _paths(kinds: tuple[Kind, ...]) -> Schema:
    """Paths of fields, entries of mappings included."""
    known: list[JsonValue] = [*sorted({path for kind in kinds for path in known_paths(kind)})]
    parents = sorted({parent for kind in kinds for parent in mappings_of(kind)})
    patterns: list[JsonValue] = [{"pattern": f"^{re.escape(parent)}\\."} for parent in parents]
    return {"type": "string", "anyOf": [{"enum": known}, *patterns]}


def rendered() -> str:
    """The schema as it is shipped."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rendered())
