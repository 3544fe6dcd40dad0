"""Fields of a message that the installed livekit-protocol has no name for: those of a LiveKit to come.

They are kept by every update, because an update starts from the object as it was read. They cannot be compared, and
LiveKit's JSON, in which snapshots and backups stand, cannot say them: so somebody has to be told that they are there.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet


def unnamed_fields(message: Message) -> tuple[str, ...]:
    """Their numbers, each with the names of the messages that it is in: `77`, `media.78`. Sorted, and each once."""
    return tuple(sorted(set(_unnamed(message, ""))))


def _unnamed(message: Message, prefix: str) -> Iterator[str]:
    found = UnknownFieldSet(message)
    for index in range(len(found)):
        yield f"{prefix}{found[index].field_number}"
    for descriptor, value in message.ListFields():
        kind = descriptor.message_type
        if kind is None or kind.GetOptions().map_entry:
            continue  # the mappings of trunks and rules have texts and enums for values
        below = f"{prefix}{descriptor.name}."
        if isinstance(value, Message):
            yield from _unnamed(value, below)
        else:
            for one in value:
                yield from _unnamed(one, below)
