"""One rule for itself: who gets in, who meets whom, and what crashes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.core.values import Secret
from reconciler.lint.facts import Facts
from reconciler.lint.report import report
from reconciler.sip.era import Era
from reconciler.sip.rooms import masked
from reconciler.sip.routing.pins import MAX_DIGITS

# One who calls and one agent: nobody else gets in.
_TWO = 2


def check_trunks(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """A rule without trunks takes calls that match no trunk, past all that trunks guard (SIP-SEMANTICS 16, 19)."""
    if "trunks" in rule.fields or has_pin(rule, facts) or not facts.owns(rule, "trunks"):
        return
    message = "calls that match no trunk land here, too: addresses and passwords of the trunks guard nothing"
    yield report("catch-all-rule", rule, "trunks", message, "name the trunks, or set a PIN")


def pin_path(rule: Desired) -> str:
    """The field that holds the rule's PIN."""
    return f"rooms.{rule.fields.get('rooms')}.pin"


def has_pin(rule: Desired, facts: Facts) -> bool:
    """Whether callers are asked for a PIN, or may be because somebody else decides about it."""
    path = pin_path(rule)
    return path in rule.fields or not facts.owns(rule, path)


def callers_of(rule: Desired, facts: Facts) -> Collection[str]:
    """Those who can call: whom the rule lists, else whom its trunks let in; none for anybody."""
    return facts.listed(rule, "callers").written or (
        facts.let_in(facts.trunks_of(rule) or (), "callers").normal
    )


def can_room_exist(rule: Desired, era: Era) -> bool:
    """Whether a call can land in a room that is there already (SIP-SEMANTICS 27)."""
    fields = rule.fields
    match fields.get("rooms"):
        case "direct":
            return True
        case "callee":
            return fields.get("rooms.callee.random_suffix") is not True
        case "individual":
            return era is Era.NEW and fields.get("rooms.individual.random_suffix") is False
        case _:
            return False


def check_strangers(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """One room for everybody who calls: they hear each other, and share an agent."""
    fields = rule.fields
    rooms = fields.get("rooms")
    if rooms not in ("direct", "callee") or not can_room_exist(rule, facts.era):
        return
    size = fields.get("room.max_participants")
    if has_pin(rule, facts) or not facts.owns(rule, "room.max_participants"):
        return
    if (isinstance(size, int) and 0 < size <= _TWO) or len(callers_of(rule, facts)) == 1:
        return
    which = "every call" if rooms == "direct" else "every call to a number"
    message = f"{which} lands in one room: people who do not know each other hear each other"
    fix = "write rooms: {individual: …} for a room each, a PIN for a conference, or room.max_participants: 2"
    yield report("strangers-share-room", rule, "rooms", message, fix)


def check_pin(rule: Desired, _: Facts) -> Iterator[Finding]:
    """Only digits can be dialled, 16 of them at most (SIP-SEMANTICS 26). The PIN itself is not told."""
    path = pin_path(rule)
    pin = rule.fields.get(path)
    text = pin.reveal() if isinstance(pin, Secret) else None
    if not text:
        return
    if not (text.isascii() and text.isdigit()):
        message = "this PIN has something else than digits in it: nobody can dial it"
        yield report("pin-undialable", rule, path, message, "take digits only")
    elif len(text) > MAX_DIGITS:
        message = (
            f"this PIN has more than {MAX_DIGITS} digits: LiveKit stops listening before its end"
        )
        yield report("pin-undialable", rule, path, message, f"take {MAX_DIGITS} digits at most")


def check_hidden(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """Of a hidden number four digits are left, and of none nothing (SIP-SEMANTICS 29, 32)."""
    if rule.fields.get("hide_phone_number") is not True:
        return
    callers = callers_of(rule, facts)
    if facts.era is Era.OLD:
        if not callers:
            message = "a call without a caller's number crashes this whole server, because the number is to be hidden"
            fix = "update livekit-server to 1.13, or list callers"
            yield report("hidden-number-crash", rule, "hide_phone_number", message, fix)
    elif rule.fields.get("rooms") == "individual" and can_room_exist(rule, facts.era):
        tails = {masked(one) for one in callers}
        if not callers or len(tails) < len(callers):
            message = "rooms are told apart by the last four digits of the caller: strangers can meet in one"
            fix = "remove random_suffix: false, or hide_phone_number"
            yield report("hidden-rooms-collide", rule, "hide_phone_number", message, fix)


def check_prefix(rule: Desired, _: Facts) -> Iterator[Finding]:
    """LiveKit puts an underscore behind a prefix by itself (SIP-SEMANTICS 28)."""
    path = f"rooms.{rule.fields.get('rooms')}.prefix"
    prefix = rule.fields.get(path)
    if isinstance(prefix, str) and prefix.endswith("_"):
        message = f"LiveKit adds an underscore: rooms are named {prefix}_…, with two of them"
        fix = f"write {prefix.rstrip('_') or 'a prefix'}, unless that is meant"
        yield report("prefix-ends-in-underscore", rule, path, message, fix)
