"""The room of a call, and who the caller is in it (SIP-SEMANTICS 27-32)."""

from __future__ import annotations

from hashlib import sha256

from reconciler.sip.era import Era
from reconciler.sip.rooms import masked
from reconciler.sip.routing.call import RANDOM, Call
from reconciler.sip.routing.rules import Rule
from reconciler.sip.routing.trunks import Trunk

CALL_ID = "<call id>"
"""Stands for what LiveKit makes up for each call."""


def crashes(rule: Rule, call: Call, era: Era) -> bool:
    """SIP-SEMANTICS 32: an old server ends when it has to hide the last digits of nothing."""
    return era is Era.OLD and call.caller == "" and is_hidden(rule)


def is_hidden(rule: Rule) -> bool:
    """Whether the number of the caller is hidden."""
    return rule.fields.get("hide_phone_number") is True


def shown_caller(rule: Rule, call: Call) -> str:
    """SIP-SEMANTICS 29: the caller as rooms and names show it."""
    return masked(call.caller) if is_hidden(rule) else call.caller


def room_of(rule: Rule, call: Call, era: Era) -> str:
    """SIP-SEMANTICS 27: the name of the room, with `<random>` for what is drawn by lot."""
    match rule.kind:
        case "direct":
            return rule.text("rooms.direct.room")
        case "individual":
            return individual_room(rule, shown_caller(rule, call), era)
        case _:
            name = joined(rule.text("rooms.callee.prefix"), call.called)
            is_random = rule.fields.get("rooms.callee.random_suffix") is True
            return f"{name}_{RANDOM}" if is_random else name


def individual_room(rule: Rule, caller: str, era: Era) -> str:
    """SIP-SEMANTICS 27: old servers know no other form than prefix_caller_random, with an empty prefix as well."""
    prefix = rule.text("rooms.individual.prefix")
    if era is Era.OLD:
        return f"{prefix}_{caller}_{RANDOM}"
    name = joined(prefix, caller)
    is_random = rule.fields.get("rooms.individual.random_suffix") is not False
    return f"{name}_{RANDOM}" if is_random else name


def joined(prefix: str, number: str) -> str:
    """SIP-SEMANTICS 28: LiveKit puts an underscore behind every prefix, whatever the prefix ends in."""
    return f"{prefix}_{number}" if prefix else number


def identity_of(rule: Rule, call: Call) -> str:
    """SIP-SEMANTICS 30: the identity of the caller's participant."""
    if is_hidden(rule):
        return f"sip_{sha256(call.caller.encode()).hexdigest()[:16]}"
    return f"sip_{call.caller}"


def name_of(rule: Rule, call: Call) -> str:
    """SIP-SEMANTICS 30: the name of the caller's participant."""
    return f"Phone {shown_caller(rule, call)}"


def attributes_of(rule: Rule, trunk: Trunk | None, call: Call) -> dict[str, str]:
    """SIP-SEMANTICS 31: the attributes of the caller's participant; LiveKit's own override those of the rule."""
    attributes = {
        path.removeprefix("attributes."): str(value)
        for path, value in rule.fields.items()
        if path.startswith("attributes.")
    }
    attributes["sip.callID"] = CALL_ID
    attributes["sip.trunkID"] = "" if trunk is None else trunk.id
    attributes["sip.ruleID"] = rule.id
    if not is_hidden(rule):
        attributes["sip.phoneNumber"] = call.caller
        attributes["sip.hostname"] = call.from_host
        attributes["sip.trunkPhoneNumber"] = call.called
    return attributes
