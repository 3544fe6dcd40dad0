"""Projects for the router, written as LiveKit's own messages and read by the gateway, as live ones are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleCallee,
    SIPDispatchRuleDirect,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
)

from reconciler.gateway.decode import live_object
from reconciler.sip.era import Era
from reconciler.sip.routing.call import Answer, Call
from reconciler.sip.routing.router import Router
from reconciler.sip.routing.rules import Rule
from reconciler.sip.routing.steps import steps
from reconciler.sip.routing.trunks import Trunk
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK

A, B, C = "+15550100001", "+15550100002", "+15550100003"
CALLER = "+15550100099"


def trunk(
    name: str, *numbers: str, callers: Iterable[str] = (), **fields: Any
) -> SIPInboundTrunkInfo:
    """An inbound trunk whose id is `ST_` and its name."""
    return SIPInboundTrunkInfo(
        sip_trunk_id=f"ST_{name}",
        name=name,
        numbers=numbers,
        allowed_numbers=callers,
        **fields,
    )


def rule(
    name: str,
    *trunks: str,
    room: SIPDispatchRule | None = None,
    callers: Iterable[str] = (),
    numbers: Iterable[str] = (),
    **fields: Any,
) -> SIPDispatchRuleInfo:
    """A rule whose id is `SDR_` and its name; by default individual, open and for any trunk."""
    return SIPDispatchRuleInfo(
        sip_dispatch_rule_id=f"SDR_{name}",
        name=name,
        trunk_ids=[f"ST_{one}" for one in trunks],
        rule=individual() if room is None else room,
        inbound_numbers=callers,
        numbers=numbers,
        **fields,
    )


def direct(room: str = "lobby", pin: str = "") -> SIPDispatchRule:
    """One room for all calls."""
    return SIPDispatchRule(dispatch_rule_direct=SIPDispatchRuleDirect(room_name=room, pin=pin))


def individual(
    prefix: str = "call-", pin: str = "", no_randomness: bool = False
) -> SIPDispatchRule:
    """A room for each call."""
    return SIPDispatchRule(
        dispatch_rule_individual=SIPDispatchRuleIndividual(
            room_prefix=prefix, pin=pin, no_randomness=no_randomness
        )
    )


def callee(prefix: str = "", pin: str = "", randomize: bool = False) -> SIPDispatchRule:
    """A room for each number called."""
    return SIPDispatchRule(
        dispatch_rule_callee=SIPDispatchRuleCallee(room_prefix=prefix, pin=pin, randomize=randomize)
    )


def kindless() -> SIPDispatchRule:
    """The body that names no kind of room."""
    return SIPDispatchRule()


def router(
    *messages: SIPInboundTrunkInfo | SIPDispatchRuleInfo,
    era: Era = Era.NEW,
    by_from_host: bool | None = None,
) -> Router:
    """A project of trunks and rules, in any order."""
    trunks, rules = [], []
    for message in messages:
        if isinstance(message, SIPInboundTrunkInfo):
            lives = live_object(INBOUND_TRUNK, message, era)
            trunks.append(Trunk(lives.id, lives.label, lives.fields))
        else:
            lives = live_object(DISPATCH_RULE, message, era)
            rules.append(Rule(lives.id, lives.label, lives.fields))
    return Router(trunks, rules, era, by_from_host=by_from_host)


def call(called: str = A, caller: str = CALLER, **more: Any) -> Call:
    """A call, by default from the one caller to the first number."""
    return Call(caller, called, **more)


def reached(router: Router, call: Call) -> str:
    """The outcome, and where it was accepted the rule and its room: `accepted sales call-_+1555…`."""
    answer = router.answer(call)
    if answer.rule is None:
        return str(answer.outcome)
    room = f" {answer.room}" if answer.room is not None else ""
    return f"{answer.outcome} {answer.rule.label}{room}"


def trunk_of(router: Router, call: Call) -> str | None:
    """The name of the trunk that a call matches, or None; "ambiguous" where it fails."""
    answer = router.answer(call)
    if answer.outcome == "trunk_ambiguous":
        return "ambiguous"
    return answer.trunk.label if answer.trunk is not None else None


def told(router: Router, call: Call) -> dict[int, list[str]]:
    """The steps of a call by the number of the rule they follow."""
    found: dict[int, list[str]] = {}
    for number, text in steps(router, call, router.answer(call)):
        found.setdefault(number, []).append(text)
    return found


def answer(router: Router, call: Call) -> Answer:
    """The answer to a call."""
    return router.answer(call)
