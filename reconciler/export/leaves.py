"""One leaf of a live object as it is written in the file.

A leaf that the language cannot hold raises `Inexpressible` with the reason; what becomes of the object is decided by
`sip`. The conditions are those of the reader (`config.scalars`, `config.objects`): the tests hold the two together.
"""

from __future__ import annotations

from reconciler.core.schema import Field, FieldType
from reconciler.core.values import (
    Document,
    Duration,
    Metadata,
    Secret,
    TextList,
    Value,
    parse_duration,
)
from reconciler.export.document import Map, Node, Word

_LONGEST = 2**31 * 1_000_000_000
_LARGEST = 2**32 - 1


class Inexpressible(Exception):
    """The language has no way to say this value."""


def leaf(field: Field, value: Value) -> Node:
    """The value of a field without secrets, as it stands in the file."""
    match value:
        case bool():
            return Word("true" if value else "false")
        case int():
            return _count(field, value)
        case str():
            return _word(field, value) if field.type is FieldType.CHOICE else value
        case Duration():
            return _duration(field, value)
        case TextList(written=written):
            return _texts(field, written)
        case Metadata(text=text):
            return text
        case Document():
            return _codecs(value)
        case Secret() if value.reveal() == "":
            return ""
        case _:
            raise Inexpressible("its value is not known")


def _count(field: Field, value: int) -> Node:
    if not field.low <= value <= (field.high if field.high is not None else _LARGEST):
        raise Inexpressible(f"{value} is out of range")
    return Word(str(value))


def _word(field: Field, value: str) -> Node:
    if value not in field.choices:
        raise Inexpressible(f"this version has no word for {value}")
    return Word(value)


def _duration(field: Field, value: Duration) -> Node:
    text = str(value)
    limit = field.high if field.high is not None else _LARGEST * field.unit or _LONGEST
    if parse_duration(text) is None or value.nanoseconds > limit:
        raise Inexpressible(f"{text} is out of range")
    return Word(text)


def _texts(field: Field, texts: tuple[str, ...]) -> Node:
    if "" in texts:
        raise Inexpressible("its list has an empty text in it")
    if field.any_word and "any" in texts:
        raise Inexpressible('its list has the text "any" in it, which means everybody in the file')
    return list(texts)


def _codecs(value: Document) -> Node:
    codecs = value.load()
    assert isinstance(codecs, list)  # noqa: S101  # made by the gateway's reader of codecs
    nodes: list[Node] = []
    for codec in codecs:
        assert isinstance(codec, dict)  # noqa: S101  # likewise
        name, rate = str(codec["name"]), codec["rate"]
        if not name or any(character.isspace() or character == "/" for character in name):
            raise Inexpressible("it has a codec with a name that LiveKit does not take")
        nodes.append(Map({"name": name, "rate": Word(str(rate))}))
    return nodes
