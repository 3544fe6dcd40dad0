"""Whether a trunk or a rule may be stored beside the others, and in which words LiveKit refuses it.

The slots come from `reconciler.sip.conflicts`, as everywhere in this project. What is the server's own is here:
which stored objects it looks at (SIP-SEMANTICS 41, 44), in which order, and its messages. As long as nothing stored
conflicts, a check costs no more than the new object's own slots; only to refuse, or beside older conflicts, all are
gone through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from reconciler.emulator.errors import TwirpError, invalid, quote
from reconciler.emulator.state import Occupancy
from reconciler.sip.conflicts import RuleSlot, TrunkSlot, first_conflict, rule_slots, trunk_slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.emulator.facts import RuleFacts, TrunkFacts
    from reconciler.emulator.quirks import Quirks

T = TypeVar("T")

_NEW = "<new>"


def spelling_filter(numbers: Iterable[str], quirks: Quirks) -> Callable[[TrunkFacts], bool]:
    """SIP-SEMANTICS 14's test of numbers, which lists and conflict checks share."""
    form = quirks.normal_form if quirks.list_matches_spellings else str
    wanted = {form(number) for number in numbers}
    return lambda facts: (
        not wanted or not facts.numbers or any(form(number) in wanted for number in facts.numbers)
    )


def trunk_filter(trunk_ids: Iterable[str]) -> Callable[[RuleFacts], bool]:
    """The test of trunks for lists and conflict checks of rules: wildcard rules serve every trunk."""
    wanted = set(trunk_ids)
    return lambda facts: not wanted or not facts.trunk_ids or not wanted.isdisjoint(facts.trunk_ids)


class TrunkConflicts:
    """The conflicts of inbound trunks (SIP-SEMANTICS 5-8)."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._taken = Occupancy()

    def store(self, key: str, facts: TrunkFacts) -> None:
        """A trunk was stored."""
        self._taken.put(key, self._slots(facts))

    def forget(self, key: str) -> None:
        """A trunk was deleted."""
        self._taken.remove(key)

    def clear(self) -> None:
        """All trunks were deleted."""
        self._taken.clear()

    def check(
        self, new: TrunkFacts, own: str, stored: Callable[[], Iterable[tuple[str, TrunkFacts]]]
    ) -> None:
        """Refuse a new trunk (`own` is empty) or the changed trunk `own`.

        Looked at are the stored trunks that have one of the new numbers, or none.
        """
        if self._taken.is_free_of_conflicts and self._taken.are_free(self._slots(new), own):
            return
        match = spelling_filter(new.numbers, self._quirks)
        listed = [(key, facts) for key, facts in stored() if match(facts)]
        conflict = first_conflict(
            ((key, facts), self._slots(facts)) for key, facts in _in_order(listed, own, new)
        )
        if conflict is not None:
            raise invalid(self._text(conflict.first[0], *conflict.second, conflict.slot))

    def _slots(self, facts: TrunkFacts) -> Sequence[TrunkSlot]:
        quirks = self._quirks
        return tuple(trunk_slots(facts.numbers, facts.callers, quirks.era, quirks.normal_form))

    def _text(self, first: str, second: str, facts: TrunkFacts, slot: TrunkSlot) -> str:
        shown = "[" + " ".join(map(quote, facts.numbers)) + "]" if facts.numbers else "<any>"
        text = (
            f"Conflicting inbound SIP Trunks: {quote(second or _NEW)} and {quote(first or _NEW)}, "
            f"using the same number(s) {shown}"
        )
        if not facts.callers:
            return f"{text} without AllowedNumbers set"
        spellings = [c for c in facts.callers if self._quirks.normal_form(c) == slot.caller]
        # A trunk that conflicts with itself is caught at the second spelling.
        spelling = spellings[1 if first == second and len(spellings) > 1 else 0]
        return f"{text} and AllowedNumber {quote(spelling)}"


class RuleConflicts:
    """The conflicts of dispatch rules (SIP-SEMANTICS 9-12)."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._taken = Occupancy()
        self._kindless: set[str] = set()

    def store(self, key: str, facts: RuleFacts) -> None:
        """A rule was stored."""
        self._kindless.discard(key)
        if facts.pin is None:
            self._kindless.add(key)
            self._taken.remove(key)
        else:
            self._taken.put(key, self._slots(facts))

    def forget(self, key: str) -> None:
        """A rule was deleted."""
        self._kindless.discard(key)
        self._taken.remove(key)

    def clear(self) -> None:
        """All rules were deleted."""
        self._kindless.clear()
        self._taken.clear()

    def check(
        self,
        new: RuleFacts,
        own: str,
        listed_trunks: Iterable[str],
        stored: Callable[[], Iterable[tuple[str, RuleFacts]]],
    ) -> None:
        """Refuse a new rule (`own` is empty) or the changed rule `own`.

        Looked at are the stored rules that serve one of the listed trunks; all, if there are none.
        """
        clean = not self._kindless and self._taken.is_free_of_conflicts
        if clean and new.pin is not None and self._taken.are_free(self._slots(new), own):
            return
        match = trunk_filter(listed_trunks)
        listed = [(key, facts) for key, facts in stored() if match(facts)]
        conflict = first_conflict(
            ((key, facts), self._slots(facts)) for key, facts in _in_order(listed, own, new)
        )
        if conflict is not None:
            raise invalid(self._text(*conflict.first, conflict.second[0]))

    def _slots(self, facts: RuleFacts) -> Sequence[RuleSlot]:
        if facts.pin is None:
            code = "invalid_argument" if self._quirks.kindless_rule_is_invalid else "unknown"
            raise TwirpError(code, "Unsupported SIP Dispatch Rule: <nil>")
        return tuple(
            rule_slots(
                facts.pin, facts.trunk_ids, facts.callers, facts.called, self._quirks.normal_form
            )
        )

    def _text(self, first: str, facts: RuleFacts, second: str) -> str:
        if self._quirks.rule_conflict_names_rule:
            return (
                "Dispatch rule for the same trunk, inbound number, number, and PIN combination "
                f"already exists in dispatch rule {quote(first or _NEW)} "
                f"{quote(facts.name or '<blank name>')}"
            )
        return (
            "Conflicting SIP Dispatch Rules: same Trunk+Number+PIN combination for for "
            f"{quote(second or _NEW)} and {quote(first or _NEW)}"
        )


def _in_order(listed: Sequence[tuple[str, T]], own: str, new: T) -> Iterator[tuple[str, T]]:
    """The objects a check goes through, in the server's order.

    A new object comes second, after the first stored one (SIP-SEMANTICS 41). An updated one takes its own place,
    and none if it is not listed by its old values: that is the hole of SIP-SEMANTICS 44.
    """
    if own:
        for key, facts in listed:
            yield key, new if key == own else facts
        return
    yield from listed[:1]
    yield "", new
    yield from listed[1:]
