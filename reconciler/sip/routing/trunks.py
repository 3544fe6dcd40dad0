"""Which inbound trunk a call matches (SIP-SEMANTICS 14-18).

Trunks are found by the normal forms of the number called and of the caller, so that a call looks at those few only
that list both or leave one open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from reconciler.core.objects import Fields
from reconciler.core.values import Secret, TextList, Unknown
from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize
from reconciler.sip.routing.addresses import AddressFilter
from reconciler.sip.routing.call import Call


class Trunk:
    """An inbound trunk: `id` is what rules name it by, `label` what people read."""

    __slots__ = ("_filter", "fields", "id", "label")

    def __init__(self, identifier: str, label: str, fields: Fields) -> None:
        self.id = identifier
        self.label = label
        self.fields = fields
        self._filter: AddressFilter | None = None

    def texts(self, path: str) -> tuple[str, ...]:
        """A list as it is written; empty for anybody."""
        value = self.fields.get(path)
        return value.written if isinstance(value, TextList) else ()

    def addresses(self, *, by_from_host: bool) -> AddressFilter:
        """The filter on source addresses, read when the first call needs it."""
        if self._filter is None:
            self._filter = AddressFilter(self.texts("allowed_addresses"), by_from_host=by_from_host)
        return self._filter


class TrunkMatch(NamedTuple):
    """The trunk of a call, None for no trunk; `rivals` are those that make the call fail."""

    trunk: Trunk | None
    rivals: tuple[Trunk, ...] = ()


NO_TRUNK = TrunkMatch(None)
_Key = tuple[str, str | None]


class TrunkIndex:
    """All inbound trunks of a project, by ascending id.

    `by_from_host` is what `AddressFilter` needs to know.
    """

    def __init__(self, trunks: Iterable[Trunk], era: Era, *, by_from_host: bool) -> None:
        self.all = tuple(sorted(trunks, key=lambda trunk: trunk.id))
        self.by_id = {trunk.id: trunk for trunk in self.all}
        self._era = era
        self._by_from_host = by_from_host
        self._listed: dict[_Key, list[Trunk]] = {}
        self._defaults: dict[str | None, list[Trunk]] = {}
        for trunk in self.all:
            numbers = _keys(trunk.texts("numbers"))
            for caller in caller_keys(trunk):
                if not numbers:
                    self._defaults.setdefault(caller, []).append(trunk)
                for number in numbers:
                    self._listed.setdefault((number, caller), []).append(trunk)

    def match(self, call: Call) -> TrunkMatch:
        """The trunk that a call matches, if it is one (SIP-SEMANTICS 14-16)."""
        called, caller = number_key(call.called), number_key(call.caller)
        found = self._admitted(
            self._listed.get((called, caller)), self._listed.get((called, None)), call
        )
        if found:
            return one_that_lists(found, called, self._era)
        found = self._admitted(self._defaults.get(caller), self._defaults.get(None), call)
        return one_default(found) if found else NO_TRUNK

    def admits(self, trunk: Trunk, call: Call) -> bool:
        """Whether the trunk's filter lets the source of a call in (SIP-SEMANTICS 17)."""
        return trunk.addresses(by_from_host=self._by_from_host).admits(call.source, call.from_host)

    def _admitted(
        self, caller: Sequence[Trunk] | None, anybody: Sequence[Trunk] | None, call: Call
    ) -> list[Trunk]:
        found = [trunk for trunk in caller or () if self.admits(trunk, call)]
        found += [trunk for trunk in anybody or () if self.admits(trunk, call)]
        return found


def number_key(number: str) -> str:
    """SIP-SEMANTICS 4, 14: trunks compare numbers in normal form; what is equal literally is equal so, too."""
    return normalize(number)


def caller_keys(trunk: Trunk) -> tuple[str | None, ...]:
    """SIP-SEMANTICS 14: a trunk with a list of callers is for them alone; None is anybody."""
    return _keys(trunk.texts("callers")) or (None,)


def lists_caller(trunk: Trunk, caller: str) -> bool:
    """Whether the caller is one of those that the trunk is for."""
    keys = caller_keys(trunk)
    return None in keys or number_key(caller) in keys


def lists_number(trunk: Trunk, called: str) -> bool:
    """SIP-SEMANTICS 14: whether the trunk has just this number."""
    return number_key(called) in map(number_key, trunk.texts("numbers"))


def one_that_lists(found: Sequence[Trunk], called: str, era: Era) -> TrunkMatch:
    """SIP-SEMANTICS 15: one trunk with the number wins, several are an error.

    To old servers one trunk with the number in two spellings is two.
    """
    if len(found) > 1 or (era is Era.OLD and stands_twice(found[0], called)):
        return TrunkMatch(None, tuple(sorted(found, key=lambda trunk: trunk.id)))
    return TrunkMatch(found[0])


def stands_twice(trunk: Trunk, called: str) -> bool:
    """Whether the trunk lists a number, given in normal form, more than once."""
    numbers = trunk.texts("numbers")
    return len(numbers) > 1 and [number_key(number) for number in numbers].count(called) > 1


def one_default(found: Sequence[Trunk]) -> TrunkMatch:
    """SIP-SEMANTICS 16: of the trunks for any number one wins, and several are an error."""
    if len(found) > 1:
        return TrunkMatch(None, tuple(sorted(found, key=lambda trunk: trunk.id)))
    return TrunkMatch(found[0])


def is_challenged(trunk: Trunk | None) -> bool:
    """SIP-SEMANTICS 18: callers are asked for a password only where the trunk has a user name as well.

    A password that the server does not tell may be there, and one that a variable holds is.
    """
    if trunk is None:
        return False
    user, password = trunk.fields.get("auth.username"), trunk.fields.get("auth.password")
    return all(
        isinstance(value, Unknown)
        or (isinstance(value, Secret) and value.reveal() != "")
        or (isinstance(value, str) and value != "")
        for value in (user, password)
    )


def _keys(numbers: tuple[str, ...]) -> tuple[str, ...]:
    if len(numbers) == 1:
        return (number_key(numbers[0]),)
    return tuple(dict.fromkeys(map(number_key, numbers)))
