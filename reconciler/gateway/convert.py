"""Between LiveKit's messages and the fields of an object, in both directions.

Tables made once from the fields' descriptions (`sip.spec`) drive everything: reading walks only the fields that a
message has set, so ten thousand sparse objects cost little, and writing changes the named fields of a message and
leaves the rest of it alone, fields that this version does not know included.

One field does not fit a table. LiveKit has two places for media encryption: servers from 1.13 on obey the new one
and fall back to the old, servers before only know the old. What is read is what the server obeys, and both are
written.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.duration_pb2 import Duration as DurationMessage
from google.protobuf.message import Message
from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo, SIPOutboundTrunkInfo

from reconciler.core.objects import Live
from reconciler.core.schema import Field, FieldType, Kind
from reconciler.core.values import (
    AgentDispatch,
    AgentList,
    Document,
    Duration,
    Metadata,
    PlainValue,
    Reference,
    References,
    Secret,
    TextList,
    Unknown,
    Value,
    canonical_json,
    text_set,
)
from reconciler.sip.era import Era
from reconciler.sip.fields import phone_numbers
from reconciler.sip.spec import (
    DISPATCH_RULE,
    ENCRYPTION,
    ENCRYPTION_PATH,
    INBOUND_TRUNK,
    OUTBOUND_TRUNK,
)

MESSAGES: dict[str, type[Message]] = {
    INBOUND_TRUNK.name: SIPInboundTrunkInfo,
    OUTBOUND_TRUNK.name: SIPOutboundTrunkInfo,
    DISPATCH_RULE.name: SIPDispatchRuleInfo,
}
ID_FIELD = {
    INBOUND_TRUNK.name: "sip_trunk_id",
    OUTBOUND_TRUNK.name: "sip_trunk_id",
    DISPATCH_RULE.name: "sip_dispatch_rule_id",
}
_LEGACY_ENCRYPTION = "media_encryption"
_RESTART_POLICIES = ("", "never")

Fields: TypeAlias = dict[str, Value]
# A table has an entry for each field number: how to read the field, or the table of the message in it.
Leaf: TypeAlias = tuple[Field, Callable[[Any], Value | None]]
Table: TypeAlias = "dict[int, Leaf | Table]"


# ---------------------------------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------------------------------


def live_object(kind: Kind, message: Any, era: Era) -> Live:
    """A message as a live object; references are known by id alone until names are looked up."""
    fields: Fields = {}
    _read(_table(kind), message, fields)
    if kind is DISPATCH_RULE:
        which = message.rule.WhichOneof("rule")
        if which is not None:
            fields["rooms"] = which.removeprefix("dispatch_rule_")
    _read_encryption(message, era, fields)
    return Live(kind.name, getattr(message, ID_FIELD[kind.name]), message.name, fields)


def _read(table: Table, message: Message, fields: Fields) -> None:
    for descriptor, value in message.ListFields():
        entry = table.get(descriptor.number)
        if isinstance(entry, tuple):
            field, convert = entry
            if field.is_mapping:
                for key in value:
                    read = convert(value[key])
                    if read is not None:
                        fields[f"{field.parent}.{key}"] = read
            else:
                read = convert(value)
                if read is not None:
                    fields[field.path] = read
        elif entry is not None:
            _read(entry, value, fields)


def _read_encryption(message: Any, era: Era, fields: Fields) -> None:
    legacy: int = message.media_encryption
    has_media = message.HasField("media") and message.media.HasField("encryption")
    if era is Era.OLD:
        value = legacy if legacy or has_media else None
    else:
        value = message.media.encryption if has_media else legacy or None
    if value is not None:
        fields[ENCRYPTION_PATH] = _word(ENCRYPTION, value)


@cache
def _table(kind: Kind) -> Table:
    table: Table = {}
    descriptor = MESSAGES[kind.name].DESCRIPTOR
    for field in kind.fields:
        if field.path == ENCRYPTION_PATH or field.path in kind.one_of:
            continue
        _enter(table, descriptor, field.wire.split("."), field)
    return table


def _enter(table: Table, descriptor: Any, wire: list[str], field: Field) -> None:
    number = descriptor.fields_by_name[wire[0]].number
    if len(wire) == 1:
        table[number] = (field, _reader(field))
        return
    below = table.setdefault(number, {})
    assert isinstance(below, dict)  # noqa: S101  # no wire path is both a leaf and a message of others
    _enter(below, descriptor.fields_by_name[wire[0]].message_type, wire[1:], field)


def _reader(field: Field) -> Callable[[Any], Value | None]:
    """How the value of one field is read. Values equal to the default never get here, but for presence fields."""
    if field.type is FieldType.FLAG and field.inverted:
        return operator.not_
    if field.type is FieldType.CHOICE:
        return lambda value: _word(field.choices, value)
    if field.type is FieldType.DURATION:
        return _duration_reader(field)
    return _READERS[field.type]


def _duration_reader(field: Field) -> Callable[[Any], Value | None]:
    if field.unit:
        return lambda value: Duration(value * field.unit)

    def read(message: DurationMessage) -> Duration | None:
        nanoseconds = message.seconds * 1_000_000_000 + message.nanos
        return Duration(nanoseconds) if nanoseconds or field.presence else None

    return read


def _word(choices: tuple[str, ...], value: int) -> str:
    """The word of an enum's value; one from the future keeps its number."""
    return choices[value] if 0 <= value < len(choices) else str(value)


def _agent(message: Any) -> AgentDispatch:
    return AgentDispatch(
        message.agent_name,
        Metadata(message.metadata),
        tuple(sorted(message.attributes.items())),
        _word(_RESTART_POLICIES, message.restart_policy),
        message.deployment,
    )


_READERS: dict[FieldType, Callable[[Any], Value | None]] = {
    FieldType.TEXT: str,
    FieldType.CREDENTIAL: str,
    FieldType.FLAG: bool,
    FieldType.COUNT: int,
    FieldType.PASSWORD: Secret,
    FieldType.HIDDEN_TEXT: Secret,
    FieldType.PHONE_NUMBERS: phone_numbers,
    FieldType.TEXTS: text_set,
    FieldType.METADATA: Metadata,
    FieldType.CODECS: lambda codecs: Document.of(
        [{"name": one.name, "rate": one.rate} for one in codecs]
    ),
    FieldType.JSON: lambda message: Secret(message_json(message)) if message.ByteSize() else None,
    FieldType.REFERENCES: lambda ids: References(tuple(Reference("", one) for one in ids)),
    FieldType.AGENTS: lambda agents: AgentList(tuple(_agent(one) for one in agents)),
}


def message_json(message: Message) -> str:
    """A message as canonical JSON with LiveKit's field names."""
    from google.protobuf.json_format import MessageToDict

    return canonical_json(MessageToDict(message, preserving_proto_field_name=True))


def canonical_egress(text: str) -> str:
    """LiveKit's spelling of the JSON of a RoomEgress. Raises `ValueError` with the reason if it is none."""
    from google.protobuf.json_format import ParseDict, ParseError
    from livekit.protocol.room import RoomEgress

    try:
        return message_json(ParseDict(json.loads(text), RoomEgress()))
    except ParseError as error:
        # The library's text may quote the value, and the value may be a secret: only its field is told.
        field = str(error).split(":", 1)[0] if ":" in str(error) else str(error)
        raise ValueError(field) from None


# ---------------------------------------------------------------------------------------------------------------------
# Writing
# ---------------------------------------------------------------------------------------------------------------------

Secrets: TypeAlias = Callable[[str], str]
"""The text of the sensitive field at a path of the object that is being written."""
Ids: TypeAlias = Callable[[Reference], str]
"""The id of an object that another one names."""


def write_fields(
    kind: Kind, message: Any, changes: Mapping[str, PlainValue | None], secrets: Secrets, ids: Ids
) -> None:
    """Sets the named fields of a message and leaves all others as they are; None unsets."""
    for path in sorted(changes, key=lambda path: path not in kind.one_of):
        value = changes[path]
        field = kind.field(path)
        if path in kind.one_of:
            _choose_body(message, value)
        elif path == ENCRYPTION_PATH:
            _write_encryption(message, value)
        else:
            _write(field, message, path, value, secrets, ids)
    _drop_empty(message)


def _choose_body(message: Any, value: PlainValue | None) -> None:
    if value is None:
        message.rule.Clear()
        message.rule.SetInParent()
        return
    which = f"dispatch_rule_{value}"
    if message.rule.WhichOneof("rule") != which:
        getattr(message.rule, which).SetInParent()


def _write_encryption(message: Any, value: PlainValue | None) -> None:
    if value is None:
        message.ClearField(_LEGACY_ENCRYPTION)
        if message.HasField("media"):
            message.media.ClearField("encryption")
        return
    number = _number(ENCRYPTION, str(value))
    message.media.encryption = number
    setattr(message, _LEGACY_ENCRYPTION, number)


def _number(choices: tuple[str, ...], word: str) -> int:
    return choices.index(word) if word in choices else int(word)


def _drop_empty(message: Any) -> None:
    """A message in which nothing is left is not sent: LiveKit would store it as an empty one."""
    for name in ("media", "room_config"):
        present = name in message.DESCRIPTOR.fields_by_name and message.HasField(name)
        if present and not getattr(message, name).ByteSize():
            message.ClearField(name)


def _write(
    field: Field, message: Any, path: str, value: PlainValue | None, secrets: Secrets, ids: Ids
) -> None:
    *parents, last = field.wire.split(".")
    for parent in parents:
        if value is None and not message.HasField(parent):
            return  # nothing to unset, and looking further would bring the parent into being
        message = getattr(message, parent)
    if field.is_mapping:
        entries = getattr(message, last)
        key = path[len(field.parent) + 1 :]
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = _text(value, path, secrets)
        return
    if value is None:
        message.ClearField(last)
        return
    if parents:
        message.SetInParent()
    _set(field, message, last, path, value, secrets, ids)


def _set(
    field: Field, message: Any, last: str, path: str, value: PlainValue, secrets: Secrets, ids: Ids
) -> None:
    match field.type, value:
        case (
            (FieldType.TEXT | FieldType.PASSWORD | FieldType.CREDENTIAL | FieldType.HIDDEN_TEXT),
            _,
        ):
            setattr(message, last, _text(value, path, secrets))
        case FieldType.FLAG, bool(flag):
            setattr(message, last, not flag if field.inverted else flag)
        case FieldType.COUNT, int(count):
            setattr(message, last, count)
        case FieldType.CHOICE, str(word):
            setattr(message, last, _number(field.choices, word))
        case FieldType.DURATION, Duration(nanoseconds=nanoseconds):
            if field.unit:
                setattr(message, last, nanoseconds // field.unit)
            else:
                getattr(message, last).FromNanoseconds(nanoseconds)
                getattr(message, last).SetInParent()
        case ((FieldType.PHONE_NUMBERS | FieldType.TEXTS), TextList(written=written)):
            _replace(getattr(message, last), written)
        case FieldType.METADATA, Metadata(text=text):
            setattr(message, last, text)
        case FieldType.CODECS, Document() as document:
            _write_codecs(getattr(message, last), document)
        case FieldType.JSON, _:
            _write_json(getattr(message, last), _text(value, path, secrets))
        case FieldType.REFERENCES, References(entries=entries):
            _replace(getattr(message, last), [ids(entry) for entry in entries])
        case FieldType.AGENTS, AgentList(entries=agents):
            _write_agents(getattr(message, last), agents)
        case _:
            raise AssertionError(f"{field.path} cannot hold {type(value).__name__}")


def _text(value: PlainValue, path: str, secrets: Secrets) -> str:
    return value if isinstance(value, str) else secrets(path)


def _replace(container: Any, texts: Iterable[str]) -> None:
    del container[:]
    container.extend(texts)


def _write_codecs(container: Any, document: Document) -> None:
    del container[:]
    codecs = document.load()
    assert isinstance(codecs, list)  # noqa: S101  # made by the reader of codecs
    for codec in codecs:
        assert isinstance(codec, dict)  # noqa: S101
        container.add(name=codec["name"], rate=codec["rate"])


def _write_json(message: Message, text: str) -> None:
    from google.protobuf.json_format import Parse

    message.Clear()
    Parse(text, message)
    message.SetInParent()


def _write_agents(container: Any, agents: tuple[AgentDispatch, ...]) -> None:
    del container[:]
    for agent in agents:
        container.add(
            agent_name=agent.agent_name,
            metadata=agent.metadata.text,
            attributes=dict(agent.attributes),
            restart_policy=_number(_RESTART_POLICIES, agent.restart_policy),
            deployment=agent.deployment,
        )


def with_unknown_passwords(objects: list[Live]) -> list[Live]:
    """Marks passwords that the server does not tell.

    A trunk with a user name and no password may have one that is not returned. It is taken to have none only where
    the same server returned the password of another trunk.
    """
    path = "auth.password"
    if any(path in one.fields for one in objects):
        return objects
    return [
        Live(one.kind, one.id, one.name, {**one.fields, path: Unknown()})
        if "auth.username" in one.fields
        else one
        for one in objects
    ]
