"""The room of a call, straight from SIP-SEMANTICS 14, 20 and 27-29: what the computed names are measured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.objects import Fields
from reconciler.core.values import TextList
from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize

RANDOM = "aB3dE6gH9jK2"


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, and which number."""

    caller: str
    called: str


def enters(call: Call, rule: Fields, trunks: Sequence[Fields] | None) -> bool:
    """Whether the call passes one of the trunks (14) and the filters of the rule (20); None are any trunks."""
    if not _lists(rule, "callers", call.caller) or not _lists(rule, "numbers", call.called):
        return False
    return trunks is None or any(
        _matches(trunk, "numbers", call.called) and _matches(trunk, "callers", call.caller)
        for trunk in trunks
    )


def _lists(rule: Fields, path: str, number: str) -> bool:
    listed = rule.get(path)
    return not isinstance(listed, TextList) or number in listed.written


def _matches(trunk: Fields, path: str, number: str) -> bool:
    listed = trunk.get(path)
    if not isinstance(listed, TextList):
        return True
    return any(one == number or normalize(one) == normalize(number) for one in listed.written)


def room_of(call: Call, rule: Fields, era: Era) -> str:
    """The name of the room (27-29)."""
    match rule["rooms"]:
        case "direct":
            return str(rule.get("rooms.direct.room", ""))
        case "individual":
            caller = call.caller
            if rule.get("hide_phone_number"):
                caller = caller[-4:] if len(caller) > 4 else caller[-1:]
            prefix = str(rule.get("rooms.individual.prefix", ""))
            if era is Era.OLD:
                return f"{prefix}_{caller}_{RANDOM}"
            name = f"{prefix}_{caller}" if prefix else caller
            return (
                name if rule.get("rooms.individual.random_suffix") is False else f"{name}_{RANDOM}"
            )
        case _:
            prefix = str(rule.get("rooms.callee.prefix", ""))
            name = f"{prefix}_{call.called}" if prefix else call.called
            return f"{name}_{RANDOM}" if rule.get("rooms.callee.random_suffix") is True else name
