"""Documents that come back in: JSON files checked against the schemas that ship with the package."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from reconciler.errors import FileError

_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|\x00")


@cache
def schema(name: str) -> dict[str, Any]:
    """A shipped schema by its short name: `plan`, `snapshot`, `receipt`, `dispatch`, …"""
    text = (
        files("reconciler").joinpath("schemas", f"{name}.schema.json").read_text(encoding="utf-8")
    )
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def require_version(path: Path, name: str, version: object, known: int) -> None:
    """Raises `FileError` for the file of another version of this program, which cannot be read for sure."""
    if isinstance(version, int) and version != known:
        raise FileError(
            f"{path}: the {name} has format {version}, this version reads {known}: "
            "use the version that wrote it"
        )


def load_document(data: bytes, name: str, path: Path) -> dict[str, Any]:
    """The JSON object in a file, valid against its schema. Raises `FileError` with the first thing that is wrong.

    Halves of characters, which JSON can spell and nothing else can hold, are wrong anywhere.
    """
    import jsonschema

    try:
        document = json.loads(data)
        if _HALF.search(data):  # of those that make one character together nothing is left
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise FileError(f"{path}: not a {name}: it holds half of a character") from error
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: not a {name}: it is not JSON ({error})") from error
    expected = schema(name)
    version = expected["properties"]["format_version"]
    if (
        isinstance(document, dict)
        and document.get("format") == expected["properties"]["format"]["const"]
    ):
        # Before the schema, which would find fault with whatever comes first.
        require_version(path, name, document.get("format_version"), version["const"])
    validator = jsonschema.Draft202012Validator(expected)
    wrong = next(iter(validator.iter_errors(document)), None)
    if wrong is not None:
        where = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in wrong.absolute_path
        )
        reason = (
            wrong.message if len(wrong.message) < 200 else f"it breaks the rule {wrong.validator}"
        )
        raise FileError(f"{path}: not a {name}: {where.lstrip('.') or 'the document'}: {reason}")
    loaded: dict[str, Any] = document
    return loaded
