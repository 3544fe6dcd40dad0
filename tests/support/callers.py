"""Everybody who could call a project: the product of all that two projects mention, and one of each that they do not.

Nothing here shares code with the planner's own look at calls: every moment of a project is asked through the router.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from reconciler.core.objects import Desired, Live
from reconciler.core.values import Secret, TextList
from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize
from reconciler.sip.routing.call import Call, Outcome
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.rules import Rule
from reconciler.sip.routing.trunks import Trunk

STRANGER, NO_NUMBER, ELSEWHERE = "+15550100098", "+15550100097", "192.0.2.254"
Caller = tuple[str, str, str, str]
"""The number called, the caller, the source address, and the PIN that the caller has ("" for none)."""


def everybody(*projects: Iterable[Live | Desired]) -> list[Caller]:
    """All calls that objects of some projects could tell apart."""
    called, callers, sources, pins = {NO_NUMBER}, {STRANGER}, {ELSEWHERE}, {""}
    for one in (one for project in projects for one in project):
        if one.kind == "outbound_trunk":
            continue
        called.update(_texts(one, "numbers"))
        callers.update(_texts(one, "callers"))
        sources.update(text.partition("/")[0] for text in _texts(one, "allowed_addresses"))
        pin = one.fields.get(f"rooms.{one.fields.get('rooms')}.pin")
        if isinstance(pin, Secret):
            pins.add(pin.reveal() or "")
    called.update([normalize(number) for number in called])
    return list(product(sorted(called), sorted(callers), sorted(sources), sorted(pins)))


def _texts(one: Live | Desired, path: str) -> tuple[str, ...]:
    value = one.fields.get(path)
    return value.written if isinstance(value, TextList) else ()


def router_of(objects: Iterable[Live], era: Era) -> Router:
    """The project as it can be called."""
    trunks, rules = [], []
    for one in objects:
        if one.kind == "inbound_trunk":
            trunks.append(Trunk(one.id, one.name, one.fields))
        elif one.kind == "dispatch_rule":
            rules.append(Rule(one.id, one.name, one.fields))
    return Router(trunks, rules, era)


def answered(
    objects: Iterable[Live], callers: Iterable[Caller], era: Era
) -> set[tuple[Caller, str]]:
    """Who is answered, in both readings: a rule answers to the PIN (`rule`), or somebody who has the PIN, and is asked
    for it only where a rule with a PIN is best, gets through (`caller`)."""
    router = router_of(objects, era)
    found = set()
    for one in callers:
        called, caller, source, pin = one
        by_rule = router.answer(Call(caller, called, source, pin=pin)).outcome
        if by_rule is Outcome.ACCEPTED:
            found.add((one, "rule"))
        if pin:
            first = router.answer(Call(caller, called, source)).outcome
            if first is Outcome.ACCEPTED or (
                first is Outcome.PIN_REQUIRED and by_rule is Outcome.ACCEPTED
            ):
                found.add((one, "caller"))
    return found
