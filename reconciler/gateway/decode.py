"""Reads LiveKit's messages as the fields of objects.

Tables made once from the fields' descriptions (`sip.spec`) drive it: only the fields that a message has set are
walked, so ten thousand sparse objects cost little. A value that makes no sense (an enum from the future, a negative
duration, a rule without a kind) is read as what it is; nothing here can fail.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.duration_pb2 import Duration as DurationMessage
from google.protobuf.message import Message

from reconciler.core.objects import Live
from reconciler.core.schema import Field, FieldType, Kind
from reconciler.core.values import (
    AgentList,
    Document,
    Duration,
    Metadata,
    Reference,
    References,
    Secret,
    Unknown,
    Value,
    text_set,
)
from reconciler.gateway.egress import message_json
from reconciler.gateway.messages import (
    BODY_PREFIX,
    ID_FIELD,
    MESSAGES,
    asked_of,
    word_of,
)
from reconciler.gateway.unnamed import unnamed_fields
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.spec import DISPATCH_RULE, ENCRYPTION, ENCRYPTION_PATH

_PASSWORD_PATH = "auth.password"  # noqa: S105  # the name of a field

Fields: TypeAlias = dict[str, Value]
Reader: TypeAlias = Callable[[Any], Value | None]
# A table has an entry for each field number: where a leaf goes, whether it is a mapping, and how it is read; or the
# table of the message in it.
Leaf: TypeAlias = tuple[str, bool, Reader]
Table: TypeAlias = "dict[int, Leaf | Table]"


def live_object(kind: Kind, message: Any, era: Era) -> Live:
    """A message as a live object; references are known by id alone until names are looked up."""
    fields: Fields = {}
    _read(_table(kind), message, fields)
    if kind is DISPATCH_RULE:
        which = message.rule.WhichOneof("rule")
        if which is not None:
            fields["rooms"] = which.removeprefix(BODY_PREFIX)
    _read_encryption(message, era, fields)
    identifier = getattr(message, ID_FIELD[kind.name])
    return Live(kind.name, identifier, message.name, fields, unnamed_fields(message))


def _read(table: Table, message: Message, fields: Fields) -> None:
    for descriptor, value in message.ListFields():
        entry = table.get(descriptor.number)
        if entry is None:
            continue
        if isinstance(entry, dict):
            _read(entry, value, fields)
            continue
        path, is_mapping, convert = entry
        if is_mapping:
            for key in value:
                fields[path + key] = convert(value[key])  # type: ignore[assignment]  # entries are never None
        elif (read := convert(value)) is not None:
            fields[path] = read


def _read_encryption(message: Any, era: Era, fields: Fields) -> None:
    legacy: int = message.media_encryption
    has_media = message.HasField("media") and message.media.HasField("encryption")
    if era is Era.OLD:
        value = legacy if legacy or has_media else None
    else:
        value = message.media.encryption if has_media else legacy or None
    if value is not None:
        fields[ENCRYPTION_PATH] = word_of(ENCRYPTION, value)


@cache
def _table(kind: Kind) -> Table:
    table: Table = {}
    descriptor = MESSAGES[kind.name].DESCRIPTOR
    for field in kind.fields:
        if field.path != ENCRYPTION_PATH and field.path not in kind.one_of:
            _enter(table, descriptor, field.wire.split("."), field)
    return table


def _enter(table: Table, descriptor: Any, wire: list[str], field: Field) -> None:
    number = descriptor.fields_by_name[wire[0]].number
    if len(wire) == 1:
        path = field.path.removesuffix("*")
        table[number] = (path, field.is_mapping, _reader(field))
        return
    below = table.setdefault(number, {})
    assert isinstance(below, dict)  # noqa: S101  # no wire path is both a leaf and a message of others
    _enter(below, descriptor.fields_by_name[wire[0]].message_type, wire[1:], field)


def _reader(field: Field) -> Reader:
    """How the value of one field is read. Values equal to the default never get here, but for presence fields."""
    if field.type is FieldType.FLAG and field.inverted:
        return operator.not_
    if field.type is FieldType.CHOICE:
        return lambda value: word_of(field.choices, value)
    if field.type is FieldType.DURATION:
        return _duration_reader(field)
    return _READERS[field.type]


def _duration_reader(field: Field) -> Reader:
    if field.unit:
        return lambda value: Duration(value * field.unit)

    def read(message: DurationMessage) -> Duration | None:
        nanoseconds = message.seconds * 1_000_000_000 + message.nanos
        return Duration(nanoseconds) if nanoseconds or field.presence else None

    return read


def _itself(value: Any) -> Any:
    return value


_READERS: dict[FieldType, Reader] = {
    FieldType.TEXT: _itself,
    FieldType.CREDENTIAL: _itself,
    FieldType.FLAG: _itself,
    FieldType.COUNT: _itself,
    FieldType.PASSWORD: Secret,
    FieldType.HIDDEN_TEXT: Secret,
    FieldType.PHONE_NUMBERS: phone_numbers,
    FieldType.TEXTS: text_set,
    FieldType.METADATA: Metadata,
    FieldType.CODECS: lambda codecs: Document.of(
        [{"name": one.name, "rate": one.rate} for one in codecs]
    ),
    FieldType.JSON: lambda message: Secret(message_json(message)) if message.ByteSize() else None,
    FieldType.REFERENCES: lambda ids: References(tuple([Reference("", one) for one in ids])),
    FieldType.AGENTS: lambda agents: AgentList(tuple([asked_of(one) for one in agents])),
}


def with_unknown_passwords(objects: dict[str, list[Live]]) -> dict[str, list[Live]]:
    """Marks passwords that the server does not tell. `objects` are the live ones by kind.

    A trunk with a user name and no password may have one that is not returned. It is taken to have none only where
    the same server returned the password of another trunk.
    """
    told = any(_PASSWORD_PATH in one.fields for found in objects.values() for one in found)
    if told:
        return objects
    return {kind: [_doubted(one) for one in found] for kind, found in objects.items()}


def _doubted(one: Live) -> Live:
    if "auth.username" not in one.fields:
        return one
    return replace(one, fields={**one.fields, _PASSWORD_PATH: Unknown()})
