"""What the schema accepts, the reader reads, and the other way round; the exceptions are listed here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import HealthCheck, given, settings
from jsonschema import ValidationError
from jsonschema.validators import extend

from reconciler.config.load import load
from reconciler.config.schema import json_schema
from reconciler.core.finding import Finding, Severity
from tests.config.documents import Json, as_yaml, documents, slips
from tests.config.reading import FILE

# What a schema cannot say.
BEYOND_A_SCHEMA = {
    "unknown-agent": "a reference to something listed elsewhere in the file",
    "unknown-trunk": "the same",
    "defined-twice": "two conventions about the same rooms; in several files, any name that two of them give",
    "id-twice": "an id that pins two objects",
    "renamed-from-listed": "a former name that is listed",
    "renamed-from-twice": "a former name that two objects give",
}
# The same, below some fields only.
BEYOND_IN = {
    "out-of-range": r"timeout|duration|delay|metadata",  # lengths, and numbers in free JSON
    "secret-reference": r"egress",  # a text of free JSON that may be a reference
}


def test_valid_documents_are_examples_of_both() -> None:
    """The generator makes files that both accept; without it, agreement would prove nothing."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(documents())
    def accepted(document: Json) -> None:
        assert [one.message for one in validator().iter_errors(document)] == []
        assert [str(one) for one in complaints(document)] == []

    accepted()


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(slips())
def test_reader_and_schema_agree_on_slips(document: Json) -> None:
    """Something left out, put in, renamed or replaced is refused by both or by neither."""
    refused = [
        f"{list(one.absolute_path)}: {one.message}" for one in validator().iter_errors(document)
    ]
    complained = [str(one) for one in complaints(document)]
    assert bool(refused) == bool(complained), (refused, complained)


def complaints(document: Json) -> list[Finding]:
    """The reader's errors that a schema could have found as well."""
    found = load({Path(FILE): as_yaml(document)}, {"PW": "x"}).findings
    return [
        one
        for one in found
        if one.severity is Severity.ERROR
        and one.code not in BEYOND_A_SCHEMA
        and not (one.code in BEYOND_IN and re.search(BEYOND_IN[one.code], one.path))
    ]


# --- the schema's side: a validator that sees plain texts as this language does
#
# A number or a flag without quotes is the text that is written wherever a text belongs, and 1.0 is no count. Patterns
# end where the text ends, as they do in JavaScript.


def validator() -> Any:
    """Made anew for every document: it keeps no state, and the schema is small."""
    return _VALIDATOR


def _is_text(_: Any, value: Json) -> bool:
    return isinstance(value, str | int | float)


def _is_count(_: Any, value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _pattern(_: Any, pattern: str, value: Json, __: Any) -> Iterator[ValidationError]:
    if _is_text(None, value) and not re.search(pattern.replace("$", r"\Z"), _text(value)):
        yield ValidationError(f"{value!r} does not match {pattern}")


def _min_length(_: Any, least: int, value: Json, __: Any) -> Iterator[ValidationError]:
    if _is_text(None, value) and len(_text(value)) < least:
        yield ValidationError(f"{value!r} is too short")


def _const(_: Any, const: Json, value: Json, __: Any) -> Iterator[ValidationError]:
    if type(value) is not type(const) or value != const:
        yield ValidationError(f"{value!r} is not {const!r}")


_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
    {"string": _is_text, "integer": _is_count}
)
_VALIDATOR = extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    {"pattern": _pattern, "minLength": _min_length, "const": _const},
    type_checker=_TYPES,
)(json_schema())
