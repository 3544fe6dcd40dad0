"""Writes the fields of objects into LiveKit's messages.

Only the named fields of a message are changed. The rest of it stays as it is, fields that this version does not know
included: that is how a replacement does not lose what a newer LiveKit or somebody else put there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

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
    TextList,
)
from reconciler.gateway.egress import write_egress
from reconciler.gateway.messages import (
    BODY_PREFIX,
    LEGACY_ENCRYPTION,
    number_of,
    write_asked,
)
from reconciler.sip.spec import ENCRYPTION, ENCRYPTION_PATH

Secrets: TypeAlias = Callable[[str], str]
"""The text of the sensitive field at a path of the object that is being written."""
Ids: TypeAlias = Callable[[Reference], str]
"""The id of an object that another one names."""

_TEXT_TYPES = (FieldType.TEXT, FieldType.PASSWORD, FieldType.CREDENTIAL, FieldType.HIDDEN_TEXT)


def write_fields(
    kind: Kind, message: Any, changes: Mapping[str, PlainValue | None], secrets: Secrets, ids: Ids
) -> None:
    """Sets the named fields of a message and leaves all others as they are; None unsets."""
    for path in sorted(changes, key=lambda path: path not in kind.one_of):
        value = changes[path]
        if path in kind.one_of:
            _choose_body(message, value)
        elif path == ENCRYPTION_PATH:
            _write_encryption(message, value)
        else:
            _write(kind.field(path), message, path, value, secrets, ids)
    _drop_empty(message)


def _choose_body(message: Any, value: PlainValue | None) -> None:
    if value is None:
        message.rule.Clear()
        message.rule.SetInParent()
        return
    which = f"{BODY_PREFIX}{value}"
    if message.rule.WhichOneof("rule") is None:
        # What is there may be a body that only a newer LiveKit has. Of two, a server takes the one that comes last.
        message.rule.DiscardUnknownFields()
    if message.rule.WhichOneof("rule") != which:
        getattr(message.rule, which).SetInParent()


def _write_encryption(message: Any, value: PlainValue | None) -> None:
    if value is None:
        message.ClearField(LEGACY_ENCRYPTION)
        if message.HasField("media"):
            message.media.ClearField("encryption")
        return
    number = number_of(ENCRYPTION, str(value))
    message.media.encryption = number
    setattr(message, LEGACY_ENCRYPTION, number)


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
        _write_entry(getattr(message, last), path[len(field.parent) + 1 :], value, path, secrets)
        return
    if value is None:
        message.ClearField(last)
        return
    if parents:
        message.SetInParent()
    if isinstance(value, References):
        _replace(getattr(message, last), [ids(entry) for entry in value.entries])
    elif field.type in _TEXT_TYPES:
        setattr(message, last, _text(value, path, secrets))
    elif field.type is FieldType.JSON:
        write_egress(getattr(message, last), _text(value, path, secrets), path)
    else:
        _set(field, message, last, value)


def _write_entry(
    entries: Any, key: str, value: PlainValue | None, path: str, secrets: Secrets
) -> None:
    if value is None:
        entries.pop(key, None)
    else:
        entries[key] = _text(value, path, secrets)


def _set(field: Field, message: Any, last: str, value: PlainValue) -> None:
    """Sets a leaf that needs neither a secret nor an id."""
    match value:
        case bool(flag):
            setattr(message, last, not flag if field.inverted else flag)
        case int(count):
            setattr(message, last, count)
        case str(word):
            setattr(message, last, number_of(field.choices, word))
        case Duration(nanoseconds=nanoseconds) if field.unit:
            setattr(message, last, nanoseconds // field.unit)
        case Duration(nanoseconds=nanoseconds):
            getattr(message, last).FromNanoseconds(nanoseconds)
            getattr(message, last).SetInParent()
        case TextList(written=written):
            _replace(getattr(message, last), written)
        case Metadata(text=text):
            setattr(message, last, text)
        case Document() as document:
            _write_codecs(getattr(message, last), document)
        case AgentList(entries=agents):
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
        assert isinstance(codec, dict)  # noqa: S101  # likewise
        container.add(name=codec["name"], rate=codec["rate"])


def _write_agents(container: Any, agents: tuple[AgentDispatch, ...]) -> None:
    """Rewrites the list. An agent that stays keeps its message, and so the fields that this version cannot name."""
    former = [type(one).FromString(one.SerializeToString()) for one in container]
    del container[:]
    for agent in agents:
        stays = next((one for one in former if one.agent_name == agent.agent_name), None)
        message = container.add()
        if stays is not None:
            former.remove(stays)
            message.CopyFrom(stays)
        write_asked(message, agent)
