"""LiveKit's own JSON of a `RoomEgress`: the one setting that this project passes on without a form of its own.

It may hold the keys of a storage, so no error here repeats what stands in it. The JSON machinery of protobuf is
imported by those who need it: few projects record.
"""

from __future__ import annotations

import json

from google.protobuf.message import Message

from reconciler.core.values import canonical_json
from reconciler.errors import ReconcileError


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
        field = str(error).split(":", 1)[0].split(" at ", 1)[0]
        raise ValueError(field) from None


def write_egress(message: Message, text: str, path: str) -> None:
    """Sets a message from its JSON."""
    from google.protobuf.json_format import Parse, ParseError

    message.Clear()
    try:
        Parse(text, message)
    except ParseError:
        raise ReconcileError(f"{path}: LiveKit does not know what stands there") from None
    message.SetInParent()
