"""How the server lists stored objects: in the order of their ids, page by page, without parsing what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.message import Message
    from livekit.protocol import models

    from reconciler.emulator.state import Shelf

M = TypeVar("M", bound="Message")
F = TypeVar("F")

_PAGE = 1000


class Paged(Protocol):
    """A list request that may name a page."""

    @property
    def page(self) -> models.Pagination: ...
    def HasField(self, field_name: str, /) -> bool: ...  # noqa: N802


@dataclass(frozen=True, slots=True)
class Serialized:
    """The answer of a list: the stored bytes of its items, in order."""

    answer: type[Message]
    items: Sequence[bytes]

    def encode(self) -> bytes:
        """The answer in binary. `items` is field 1 of every list: a tag, the length, the bytes."""
        parts = bytearray()
        for item in self.items:
            parts += b"\x0a"
            length = len(item)
            while length > 0x7F:
                parts.append(length & 0x7F | 0x80)
                length >>= 7
            parts.append(length)
            parts += item
        return bytes(parts)


def listed(
    shelf: Shelf[M, F], request: Paged, is_wanted: Callable[[str, F], bool]
) -> Sequence[str]:
    """The ids that a list returns.

    The server itself walks the pages after `page.after_id`, so `page.limit` hides nothing, unless a whole page holds
    nothing that is wanted: there it stops (measured).
    """
    if not request.HasField("page"):
        return [key for key, facts in shelf.facts() if is_wanted(key, facts)]
    size = request.page.limit if request.page.limit > 0 else _PAGE
    after, found = request.page.after_id, list[str]()
    while True:
        keys = [key for key in shelf.ids(after, size) if is_wanted(key, shelf.facts_of(key))]
        if not keys:
            return found
        found += keys
        after = keys[-1]
