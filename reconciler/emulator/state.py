"""What the emulated server stores: objects as bytes in the order of their ids, and who occupies which slot.

`Shelf` keeps all objects of one kind; a list of 100,000 is joined from stored bytes without parsing one.
`Occupancy` answers in the time of a single object whether its slots are free, so that creating objects does not get
slower with their number. Neither knows what LiveKit allows (`sip.py`), and nothing here is written to disk.
"""

from __future__ import annotations

import bisect
import secrets
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from google.protobuf.message import Message

M = TypeVar("M", bound=Message)
F = TypeVar("F")

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def new_id(prefix: str) -> str:
    """An id as LiveKit makes them: the prefix of the kind and twelve random characters."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(12))


class Shelf(Generic[M, F]):
    """All objects of one kind. `facts` is what conflict checks and filters need to know of an object."""

    def __init__(self, message: type[M], facts: Callable[[M], F]) -> None:
        self._message = message
        self._facts_of = facts
        self._raw: dict[str, bytes] = {}
        self._facts: dict[str, F] = {}
        self._ids: list[str] = []

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, key: str) -> bool:
        return key in self._raw

    def put(self, key: str, message: M) -> None:
        """Store an object under its id, replacing the one there."""
        if key not in self._raw:
            bisect.insort(self._ids, key)
        self._raw[key] = message.SerializeToString()
        self._facts[key] = self._facts_of(message)

    def get(self, key: str) -> M | None:
        """A fresh copy of an object."""
        raw = self._raw.get(key)
        if raw is None:
            return None
        message = self._message()
        message.ParseFromString(raw)
        return message

    def remove(self, key: str) -> None:
        """Forget an object; one that is not there is no error."""
        if self._raw.pop(key, None) is not None:
            del self._facts[key]
            del self._ids[bisect.bisect_left(self._ids, key)]

    def clear(self) -> None:
        """Forget all objects."""
        self._raw.clear()
        self._facts.clear()
        self._ids.clear()

    def ids(self, after: str, size: int) -> Sequence[str]:
        """The first ids greater than `after`, ascending."""
        start = bisect.bisect_right(self._ids, after)
        return self._ids[start : start + size]

    def facts(self) -> Iterator[tuple[str, F]]:
        """Id and facts of every object, by ascending id."""
        return ((key, self._facts[key]) for key in self._ids)

    def facts_of(self, key: str) -> F:
        """The facts of one object that is there."""
        return self._facts[key]

    def raw(self, key: str) -> bytes:
        """The stored bytes of one object that is there."""
        return self._raw[key]

    def messages(self) -> list[M]:
        """Fresh copies of all objects, by ascending id."""
        return [message for key in self._ids if (message := self.get(key)) is not None]


class Occupancy:
    """Which object holds which slot, and whether any slot is held twice."""

    def __init__(self) -> None:
        self._holders: dict[Hashable, list[str]] = {}
        self._slots: dict[str, tuple[Hashable, ...]] = {}
        self._crowded = 0

    @property
    def is_free_of_conflicts(self) -> bool:
        """No slot is held twice, by two objects or by one."""
        return self._crowded == 0

    def put(self, owner: str, slots: Iterable[Hashable]) -> None:
        """The object holds these slots now, and no others."""
        self.remove(owner)
        held = tuple(slots)
        self._slots[owner] = held
        for slot in held:
            holders = self._holders.setdefault(slot, [])
            holders.append(owner)
            self._crowded += len(holders) == 2

    def remove(self, owner: str) -> None:
        """The object holds nothing any more."""
        for slot in self._slots.pop(owner, ()):
            holders = self._holders[slot]
            holders.remove(owner)
            self._crowded -= len(holders) == 1
            if not holders:
                del self._holders[slot]

    def are_free(self, slots: Iterable[Hashable], owner: str) -> bool:
        """Whether an object could hold these slots: none repeated, none held by another object."""
        seen = set()
        for slot in slots:
            if slot in seen or any(holder != owner for holder in self._holders.get(slot, ())):
                return False
            seen.add(slot)
        return True

    def clear(self) -> None:
        """Nobody holds anything."""
        self._holders.clear()
        self._slots.clear()
        self._crowded = 0
