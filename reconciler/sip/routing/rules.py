"""Which dispatch rule answers a call (SIP-SEMANTICS 19-25).

Rules are grouped by the trunk that they name, and within a group found by caller and number called, byte for byte.
What makes a server fail calls (two rules in one slot, a rule without a kind) is found once, when the index is made:
such a failure concerns all calls of a group, whatever their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from reconciler.core.objects import Fields
from reconciler.core.values import TextList
from reconciler.sip.conflicts import RuleSlot, rule_slots
from reconciler.sip.numbers import normalize
from reconciler.sip.occupancy import trunk_keys
from reconciler.sip.routing.call import Call, PinUnknown
from reconciler.sip.routing.pins import is_known, pin_of

Rank = tuple[int, str, int]

ANY: Final = None
"""The group of the rules for any trunk. A rule may name the trunk "", which no trunk is: that is another group."""
_BY_KIND: Final = {"direct": 0, "individual": 1, "callee": 2}
_OPEN: Final = 100
_UNFILTERED: Final = 1000
_NO_KIND: Final = 2**31 - 1
_ROOM_OF: Final = {
    "direct": "rooms.direct.room",
    "individual": "rooms.individual.prefix",
    "callee": "rooms.callee.prefix",
}


class Rule:
    """A dispatch rule: `order` is its place by ascending id, `trunks` are ids of trunks, empty for any trunk.

    `pin` is "" for an open rule, and where the PIN is not known here a text that tells it apart from others.
    """

    __slots__ = (
        "callers",
        "fields",
        "id",
        "kind",
        "label",
        "numbers",
        "order",
        "pin",
        "rank",
        "trunks",
    )

    def __init__(self, identifier: str, label: str, fields: Fields) -> None:
        self.id = identifier
        self.label = label
        self.fields = fields
        self.order = 0
        kind = fields.get("rooms")
        self.kind = kind if isinstance(kind, str) else ""
        self.trunks = trunk_keys(fields)
        self.callers = self.texts("callers")
        self.numbers = self.texts("numbers")
        self.pin = pin_of(fields)
        self.rank: Rank = (0, "", 0)

    def texts(self, path: str) -> tuple[str, ...]:
        """A list as it is written; empty for anybody."""
        value = self.fields.get(path)
        return value.written if isinstance(value, TextList) else ()

    def text(self, path: str) -> str:
        """A text, "" where there is none."""
        value = self.fields.get(path)
        return value if isinstance(value, str) else ""

    @property
    def room(self) -> str:
        """The name of its one room, or the prefix of its rooms."""
        path = _ROOM_OF.get(self.kind)
        return "" if path is None else self.text(path)


class Failure(NamedTuple):
    """Why all calls of a group fail: a rule without a kind, or one in a slot that another (or itself) has taken."""

    rule: Rule
    other: Rule | None = None
    slot: RuleSlot | None = None


class Bucket:
    """The rules of one group with the same caller and number called, or without."""

    __slots__ = ("best", "by_pin", "open", "unknown")

    def __init__(self, rule: Rule) -> None:
        self.best = rule
        self.open: Rule | None = None
        # Most rules have no PIN: their buckets hold none of these.
        self.by_pin: dict[str, Rule] | None = None
        self.unknown: dict[str, Rule] | None = None
        self.add(rule)

    def add(self, rule: Rule) -> None:
        """Takes in a rule; those with a smaller id came before."""
        if rule.rank < self.best.rank:
            self.best = rule
        if not rule.pin:
            if self.open is None or rule.rank < self.open.rank:
                self.open = rule
        elif is_known(rule.fields):
            self.by_pin = self.by_pin or {}
            self.by_pin.setdefault(rule.pin, rule)
        else:
            self.unknown = self.unknown or {}
            self.unknown.setdefault(rule.pin, rule)


class Taken:
    """Who took which slot first.

    A rule may name the trunk "", which no trunk is. It takes the slots of rules for any trunk, and gets in their way
    for the calls of the other trunks that it names: there it is read together with them.
    """

    __slots__ = ("_blank", "_for_any", "_named")

    def __init__(self) -> None:
        self._for_any: dict[RuleSlot, Rule] = {}
        self._named: dict[RuleSlot, Rule] = {}
        self._blank: dict[RuleSlot, list[Rule]] = {}

    def take(self, slot: RuleSlot, rule: Rule) -> Iterator[tuple[Group, Rule]]:
        """Takes a slot for a rule; yields who had it, with the group that both are read for."""
        if not rule.trunks:
            first = self._for_any.setdefault(slot, rule)
            if first is not rule:
                yield ANY, first
            for blank in self._blank.get(slot, ()):
                for group in blank.trunks:
                    yield group, blank
            return
        first = self._named.setdefault(slot, rule)
        if first is not rule:
            yield slot.trunk, first
        if not slot.trunk:
            self._blank.setdefault(slot, []).append(rule)
            if (other := self._for_any.get(slot)) is not None:
                for group in rule.trunks:
                    yield group, other


Buckets = dict[tuple[str | None, str | None], Bucket]
Group = str | None


class RuleIndex:
    """All dispatch rules of a project, read by ascending id."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.all = tuple(sorted(rules, key=lambda rule: rule.id))
        self._groups: dict[Group, Buckets] = {}
        # The first failure of each group, and of all rules together.
        self._failures: dict[Group, Failure] = {}
        self._first: Failure | None = None
        taken = Taken()
        for order, rule in enumerate(self.all):
            rule.order = order
            rule.rank = rank(rule)
            for group, failure in failures(rule, taken):
                self._failures.setdefault(group, failure)
                self._first = self._first or failure
            if rule.kind:
                self._enter(rule)

    def _enter(self, rule: Rule) -> None:
        callers = rule.callers or (None,)
        numbers = rule.numbers or (None,)
        for group in rule.trunks or (ANY,):
            buckets = self._groups.setdefault(group, {})
            for caller in callers:
                for number in numbers:
                    bucket = buckets.get((caller, number))
                    if bucket is None:
                        buckets[caller, number] = Bucket(rule)
                    else:
                        bucket.add(rule)

    def failure(self, trunk: str | None) -> Failure | None:
        """SIP-SEMANTICS 19: why a call with this trunk fails, whatever its numbers.

        With a trunk the rules for any trunk and those that name it are read, without one all rules are.
        """
        if trunk is None or self._first is None:
            return self._first
        found = [
            failure for group in (ANY, trunk) if (failure := self._failures.get(group)) is not None
        ]
        return min(found, key=lambda failure: failure.rule.order, default=None)

    def choose(self, trunk: str | None, call: Call) -> Rule | None:
        """SIP-SEMANTICS 21: the best rule of the trunk; only where none is left the best one for any trunk.

        Raises `PinUnknown` where that depends on a PIN which is not known here.
        """
        for group in groups_of(trunk):
            buckets = self._groups.get(group)
            if buckets is not None and (found := best(buckets, call)) is not None:
                return found
        return None


def groups_of(trunk: str | None) -> tuple[Group, ...]:
    """SIP-SEMANTICS 21: the groups whose rules may answer, the first one first."""
    return (ANY,) if trunk is None else (trunk, ANY)


def best(buckets: Buckets, call: Call) -> Rule | None:
    """The best rule of one group that passes all filters."""
    found: Rule | None = None
    doubted: Rule | None = None
    for key in filter_keys(call):
        bucket = buckets.get(key)
        if bucket is None:
            continue
        rule = passing(bucket, call)
        if rule is not None and (found is None or rule.rank < found.rank):
            found = rule
        elif rule is None and call.pin and not (call.refuses_pin or call.is_reference):
            for unknown in (bucket.unknown or {}).values():
                if doubted is None or unknown.rank < doubted.rank:
                    doubted = unknown
    if doubted is not None and (found is None or doubted.rank < found.rank):
        raise PinUnknown(doubted)
    return found


def filter_keys(call: Call) -> tuple[tuple[str | None, str | None], ...]:
    """SIP-SEMANTICS 20: rules that list the caller or the number list it literally, or list none."""
    caller, called = call.caller, call.called
    return ((caller, called), (caller, None), (None, called), (None, None))


def passing(bucket: Bucket, call: Call) -> Rule | None:
    """SIP-SEMANTICS 24: without a PIN open and PIN rules compete, a refused one leaves the open rules, and a PIN
    leaves the rules that have it."""
    if call.refuses_pin:
        return bucket.open
    if not call.pin:
        return bucket.best
    pins = bucket.unknown if call.is_reference else bucket.by_pin
    return None if pins is None else pins.get(call.pin)


def asks_for_pin(rule: Rule, call: Call) -> bool:
    """SIP-SEMANTICS 25: the rule that won has a PIN, and none was sent."""
    return bool(rule.pin) and not call.pin


def rank(rule: Rule) -> Rank:
    """SIP-SEMANTICS 22: the smallest wins. After the priority comes the room or prefix, then the id."""
    return (priority(rule), rule.room, rule.order)


def priority(rule: Rule) -> int:
    """SIP-SEMANTICS 22: the number by which LiveKit prefers a rule, the lower the better."""
    if rule.kind not in _BY_KIND:
        return _NO_KIND
    number = _BY_KIND[rule.kind] + (0 if rule.pin else _OPEN)
    number += 0 if rule.callers else _UNFILTERED
    return number + (0 if rule.numbers else _UNFILTERED)


def failures(rule: Rule, taken: Taken) -> Iterator[tuple[Group, Failure]]:
    """What fails the calls of a group once this rule is read after those in `taken`, which it then joins.

    A conflict of the rule with itself, and a missing kind, concern all groups that the rule is in (SIP-SEMANTICS 11,
    12); one with another rule concerns the trunk that both name (SIP-SEMANTICS 9, 10).
    """
    groups: tuple[Group, ...] = rule.trunks or (ANY,)
    if has_no_kind(rule):
        for group in groups:
            yield group, Failure(rule)
        return
    if is_repetitive(rule):
        for group in groups:
            yield group, Failure(rule, rule)
    found: dict[Group, Failure] = {}
    for slot in slots_of(rule):
        for group, other in taken.take(slot, rule):
            found.setdefault(group, Failure(rule, other, slot))
    yield from found.items()


def has_no_kind(rule: Rule) -> bool:
    """SIP-SEMANTICS 12: LiveKit stores rules that name no kind of room in one way only, and then trips over them."""
    return not rule.kind


def slots_of(rule: Rule) -> Iterator[RuleSlot]:
    """SIP-SEMANTICS 9: the slots that the rule takes."""
    return rule_slots(rule.pin, rule.trunks, rule.callers, rule.numbers)


def is_repetitive(rule: Rule) -> bool:
    """SIP-SEMANTICS 11: whether the rule takes one of its slots twice, and so conflicts with itself."""
    return (
        _repeats(rule.trunks)
        or (len(rule.callers) > 1 and _repeats([normalize(one) for one in rule.callers]))
        or (len(rule.numbers) > 1 and _repeats([normalize(one) for one in rule.numbers]))
    )


def _repeats(texts: Sequence[str]) -> bool:
    return len(texts) > 1 and len(set(texts)) < len(texts)
