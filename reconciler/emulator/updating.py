"""What an update makes of a stored object: whole or field by field, in the order of SIP-SEMANTICS 42-44.

The same for every kind of SIP object but for names. Conflicts with other objects differ, and stay with the kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from reconciler.emulator.changes import apply_attributes, apply_fields, apply_list
from reconciler.emulator.context import Context, Refused, copied, need, need_own_id
from reconciler.emulator.errors import TwirpError
from reconciler.emulator.validation import check_list_update

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from reconciler.emulator.quirks import Quirks
    from reconciler.emulator.state import Shelf

M = TypeVar("M", bound="Message")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Updated(Generic[M]):
    """The object as it is to be, and its id; not stored yet."""

    info: M
    key: str


@dataclass(frozen=True, slots=True)
class Updating(Generic[M]):
    """How objects of one kind are updated: what messages call them, which fields there are, and what must hold."""

    noun: str
    id_field: str
    missing: str
    lists: tuple[str, ...]
    fields: tuple[str, ...]
    check: Callable[[M, Quirks], None]
    has_attributes: bool = False

    def updated(self, context: Context, shelf: Shelf[M, F], request: Any) -> Updated[M]:
        """What an update request makes of the object that it names. Raises `TwirpError` as the server does."""
        key, action = getattr(request, self.id_field), request.WhichOneof("action")
        with Refused():
            need(key, f"{self.noun} id must be set")
            need(action, "missing or unsupported update action")
            if action == "replace":
                need_own_id(getattr(request.replace, self.id_field), key, self.noun)
                self.check(request.replace, context.quirks)
            for name in self.lists:
                if request.update.HasField(name):
                    check_list_update(getattr(request.update, name))
        stored: Any = shelf.get(key)
        if stored is None:
            raise TwirpError("not_found", self.missing)
        info = (
            copied(request.replace)
            if action == "replace"
            else self._changed(stored, request.update, context)
        )
        setattr(info, self.id_field, key)
        return Updated(info, key)

    def _changed(self, stored: M, update: Any, context: Context) -> M:
        info: Any = copied(stored)
        for name in self.lists:
            apply_list(info, update, name)
        apply_fields(info, update, context.quirks, *self.fields)
        if self.has_attributes:
            apply_attributes(info.attributes, update.attributes)
        with context.refused_update():
            self.check(info, context.quirks)
        found: M = info
        return found
