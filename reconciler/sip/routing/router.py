"""The way of a call through a project: trunk, rules, PIN, room (SIP-SEMANTICS 13-32).

A router is an index over one project, made once. An answer costs a few dictionary look-ups, however large the
project is, and holds no text but the room and the identity.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.sip.era import Era
from reconciler.sip.routing.addresses import is_refused
from reconciler.sip.routing.call import Answer, Call, Outcome
from reconciler.sip.routing.room import crashes, identity_of, room_of
from reconciler.sip.routing.rules import Failure, Rule, RuleIndex, asks_for_pin
from reconciler.sip.routing.trunks import Trunk, TrunkIndex


class Router:
    """One project, ready to be called.

    `by_from_host`: the host of From is compared with addresses, too (`AddressFilter`); by default as the era has it.
    """

    def __init__(
        self,
        trunks: Iterable[Trunk],
        rules: Iterable[Rule],
        era: Era,
        *,
        by_from_host: bool | None = None,
    ) -> None:
        self.era = era
        spoofable = era is Era.OLD if by_from_host is None else by_from_host
        self.trunks = TrunkIndex(trunks, era, by_from_host=spoofable)
        self.rules = RuleIndex(rules)

    def answer(self, call: Call) -> Answer:
        """What becomes of a call. Raises `PinUnknown` where that depends on a PIN which is not known here."""
        if is_refused(call.source):
            return Answer(Outcome.INVALID_SOURCE_IP)
        match = self.trunks.match(call)
        if match.rivals:
            return Answer(Outcome.TRUNK_AMBIGUOUS)
        trunk = match.trunk
        trunk_id = None if trunk is None else trunk.id
        failure = self.rules.failure(trunk_id)
        if failure is not None:
            return Answer(outcome_of(failure), trunk)
        rule = self.rules.choose(trunk_id, call)
        if rule is None:
            return Answer(Outcome.NO_RULE, trunk)
        if crashes(rule, call, self.era):
            return Answer(Outcome.INVALID_RULE, trunk, rule)
        if asks_for_pin(rule, call):
            return Answer(Outcome.PIN_REQUIRED, trunk, rule)
        return Answer(
            Outcome.ACCEPTED, trunk, rule, room_of(rule, call, self.era), identity_of(rule, call)
        )


def outcome_of(failure: Failure) -> Outcome:
    """SIP-SEMANTICS 12, 19: a rule without a kind, or two rules in one slot."""
    return Outcome.INVALID_RULE if failure.other is None else Outcome.RULE_CONFLICT
