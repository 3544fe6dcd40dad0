"""Which room names a dispatch rule can make (SIP-SEMANTICS 27-29).

A rule's rooms are told by what every name starts with and by what may follow: the listed callers or numbers, or
where none are listed anything that looks like a phone number. That is enough to say under which prefixes the names
can fall, without a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.core.objects import Fields
from reconciler.core.values import TextList, Unknown
from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize

# A caller that nobody listed: digits after an optional plus, as long as numbers are.
_PHONE_START = re.compile(r"\+?[0-9]{0,15}")
_PHONE = re.compile(r"\+?[0-9]{3,15}")
# What is left of such a caller when it is hidden; of one with no more than 4 characters, the last.
_HIDDEN_START = re.compile(r"[0-9]{0,4}")
_HIDDEN = re.compile(r"[0-9]{4}|[0-9]")
_RANDOM_START = re.compile(r"_[0-9A-Za-z]{0,12}")
_RANDOM = re.compile(r"_[0-9A-Za-z]{12}")

# Fields without which nothing can be said about the names.
_DECIDING = (
    "rooms",
    "callers",
    "numbers",
    "hide_phone_number",
    "rooms.direct.room",
    "rooms.individual.prefix",
    "rooms.individual.random_suffix",
    "rooms.callee.prefix",
    "rooms.callee.random_suffix",
)


@dataclass(frozen=True, slots=True)
class RoomNames:
    """All names a rule can make: `head`, then one of `tails` (None: a phone number), then a random tail or not."""

    head: str
    tails: tuple[str, ...] | None
    random: bool
    hidden: bool = False

    @property
    def pattern(self) -> str:
        """The names as people write them: `call-_<caller>_<random>`."""
        tail = self.tails[0] if self.tails is not None and len(self.tails) == 1 else "<number>"
        return f"{self.head}{tail}{'_<random>' if self.random else ''}"

    def heads(self) -> tuple[str, ...]:
        """What every name starts with, as far as it is certain: one text for each listed tail."""
        if self.tails is None:
            return (self.head,)
        end = "_" if self.random else ""
        return tuple(f"{self.head}{tail}{end}" for tail in self.tails)

    @property
    def is_complete(self) -> bool:
        """Whether the heads are the names themselves."""
        return self.tails is not None and not self.random

    def can_start(self, text: str) -> bool:
        """Whether some name starts with `text`."""
        if self.head.startswith(text):
            return True
        if not text.startswith(self.head):
            return False
        return self._matches(text[len(self.head) :], whole=False)

    def can_be(self, text: str) -> bool:
        """Whether `text` is one of the names."""
        return text.startswith(self.head) and self._matches(text[len(self.head) :], whole=True)

    def _matches(self, rest: str, *, whole: bool) -> bool:
        """Whether `rest` is what follows the head in some name, or with `whole` False the start of it."""
        random = _RANDOM if whole else _RANDOM_START
        if self.tails is not None:
            for tail in self.tails:
                if rest == tail:
                    if not (whole and self.random):
                        return True
                elif tail.startswith(rest):
                    if not whole:
                        return True
                elif rest.startswith(tail) and self.random and random.fullmatch(rest[len(tail) :]):
                    return True
            return False
        start, full = (_HIDDEN_START, _HIDDEN) if self.hidden else (_PHONE_START, _PHONE)
        if not whole and start.fullmatch(rest):
            return True
        number = full.match(rest)
        if number is None:
            return False
        after = rest[number.end() :]
        if not after:
            return not (whole and self.random)
        return self.random and random.fullmatch(after) is not None


def room_names(fields: Fields, trunks: Sequence[Fields] | None, era: Era) -> RoomNames | None:
    """The names that a rule of these fields can make; None for a rule that names no kind of room.

    `trunks` are the fields of the trunks that the rule is for, None where it is for any or they are not known: a
    number that all of them list is a tail like one that the rule lists.
    """
    if any(isinstance(fields.get(path), Unknown) for path in _DECIDING):
        return None
    match fields.get("rooms"):
        case "direct":
            return RoomNames(_text(fields, "rooms.direct.room"), ("",), random=False)
        case "individual":
            prefix = _text(fields, "rooms.individual.prefix")
            random = era is Era.OLD or fields.get("rooms.individual.random_suffix") is not False
            hidden = fields.get("hide_phone_number") is True
            tails = _listed(fields, "callers", trunks)
            if tails is not None and hidden:
                tails = tuple(dict.fromkeys(masked(tail) for tail in tails))
            return RoomNames(_joined(prefix, era), tails, random, hidden)
        case "callee":
            prefix = _text(fields, "rooms.callee.prefix")
            random = fields.get("rooms.callee.random_suffix") is True
            # Old servers drop the underscore of an empty prefix here, as new ones do everywhere (SIP-SEMANTICS 27).
            return RoomNames(_joined(prefix, Era.NEW), _listed(fields, "numbers", trunks), random)
        case _:
            return None


def masked(number: str) -> str:
    """What is left of a hidden number: its last 4 bytes, or the last one of 4 or fewer (SIP-SEMANTICS 29)."""
    raw = number.encode()
    return (raw[-4:] if len(raw) > 4 else raw[-1:]).decode(errors="replace")


def _joined(prefix: str, era: Era) -> str:
    """The prefix and the underscore that LiveKit inserts (SIP-SEMANTICS 27, 28)."""
    return f"{prefix}_" if prefix or era is Era.OLD else ""


def _listed(fields: Fields, path: str, trunks: Sequence[Fields] | None) -> tuple[str, ...] | None:
    """The numbers that can stand in a name: the rule's own that its trunks let in, else those of all its trunks.

    None where neither the rule nor all of its trunks list any.
    """
    own = fields.get(path)
    let_in = _let_in(path, trunks)
    if not isinstance(own, TextList):
        return None if let_in is None else tuple(dict.fromkeys(_spellings(let_in)))
    if let_in is None:
        return own.written
    normal = {one for entries in let_in for one in entries.key}
    # A rule that no call can reach is judged by what it says.
    return tuple(one for one in own.written if normalize(one) in normal) or own.written


def _let_in(path: str, trunks: Sequence[Fields] | None) -> list[TextList] | None:
    lists = [trunk.get(path) for trunk in trunks or ()]
    found = [one for one in lists if isinstance(one, TextList)]
    return found if found and len(found) == len(lists) else None


def _spellings(lists: Iterable[TextList]) -> Iterator[str]:
    """A trunk takes a number as it is written and in normal form (SIP-SEMANTICS 14), of which `+` may be missing."""
    for entries in lists:
        yield from entries.written
        for normal in entries.key:
            yield normal
            if normal.startswith("+") and normalize(normal[1:]) == normal:
                yield normal[1:]


def _text(fields: Fields, path: str) -> str:
    value = fields.get(path)
    return value if isinstance(value, str) else ""
