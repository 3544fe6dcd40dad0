"""What a field update does to a stored object (SIP-SEMANTICS 42): set fields, change lists, merge attributes.

Whether the update is well formed is decided in `validation.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livekit.protocol import models

    from reconciler.emulator.quirks import Quirks


def apply_fields(stored: Message, change: Message, quirks: Quirks, *names: str) -> None:
    """Set the fields that the update names, if this server knows them."""
    for name in names:
        if not change.HasField(name) or not quirks.knows(change.DESCRIPTOR.name, name):
            continue
        value = getattr(change, name)
        if isinstance(value, Message):
            getattr(stored, name).CopyFrom(value)
        else:
            setattr(stored, name, value)


def apply_list(stored: Message, change: Message, name: str) -> None:
    """Change a list: `remove` takes the first occurrence, `add` adds nothing that is there."""
    if not change.HasField(name):
        return
    update: models.ListUpdate = getattr(change, name)
    values = [] if update.clear else list(update.set or getattr(stored, name))
    for value in update.remove:
        if value in values:
            values.remove(value)
    for value in update.add:
        if value not in values:
            values.append(value)
    stored.ClearField(name)
    getattr(stored, name).extend(values)


def apply_attributes(stored: Mapping[str, str], change: Mapping[str, str]) -> None:
    """Merge attributes; an empty value deletes."""
    for key, value in change.items():
        if value:
            stored[key] = value  # type: ignore[index]
        else:
            stored.pop(key, None)  # type: ignore[attr-defined]
