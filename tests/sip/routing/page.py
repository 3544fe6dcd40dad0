"""The rules 1-32 of docs/routing.md as a program that does what the page says, one by one, on LiveKit's own messages.

It shares no code with the package: it walks all trunks and all rules for every call and compares everything with
everything. What the package answers by an index is measured by it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo

RANDOM = "<random>"


class Asked(NamedTuple):
    """A call."""

    caller: str
    called: str
    source: str = ""
    from_host: str = ""
    pin: str = ""
    no_pin: bool = False


class Said(NamedTuple):
    """The answer: ids of objects, None where there is none."""

    outcome: str
    trunk: str | None = None
    rule: str | None = None
    room: str | None = None
    identity: str | None = None


class Failed(Exception):
    """The call fails."""


def say(
    trunks: Sequence[SIPInboundTrunkInfo],
    rules: Sequence[SIPDispatchRuleInfo],
    call: Asked,
    *,
    old: bool,
    by_from_host: bool,
) -> Said:
    """What happens to a call."""
    if call.source:
        try:
            address(call.source)
        except ValueError:
            return Said("invalid_source_ip")  # 13
    try:
        trunk = match(trunks, call, old, by_from_host)
    except Failed:
        return Said("trunk_ambiguous")
    trunk_id = trunk.sip_trunk_id if trunk is not None else None
    considered = [
        rule
        for rule in sorted(rules, key=lambda rule: rule.sip_dispatch_rule_id)
        if trunk is None or not rule.trunk_ids or trunk.sip_trunk_id in rule.trunk_ids
    ]  # 19
    try:
        check(considered)
    except Failed as failed:
        return Said(str(failed), trunk_id)
    left = [rule for rule in considered if passes(rule, call)]
    specific = [
        rule
        for rule in left
        if rule.trunk_ids and trunk is not None and trunk.sip_trunk_id in rule.trunk_ids
    ]
    default = [rule for rule in left if not rule.trunk_ids]
    chosen = min(specific or default, key=rank, default=None)  # 21, 22
    if chosen is None:
        return Said("no_rule", trunk_id)
    rule_id = chosen.sip_dispatch_rule_id
    if old and chosen.hide_phone_number and call.caller == "":
        return Said("invalid_rule", trunk_id, rule_id)  # 32
    if pin_of(chosen) and not call.pin:
        return Said("pin_required", trunk_id, rule_id)  # 25
    return Said("accepted", trunk_id, rule_id, room(chosen, call, old), identity(chosen, call))


def normal(number: str) -> str:
    """1-3."""
    if re.match(r"\A\+?[0-9 \-()]+\Z", number):
        bare = re.sub(r"[ \-()]", "", number)
        return bare if bare[:1] == "+" else "+" + bare
    return number


def match(
    trunks: Sequence[SIPInboundTrunkInfo], call: Asked, old: bool, by_from_host: bool
) -> SIPInboundTrunkInfo | None:
    """14-17."""
    specific: list[SIPInboundTrunkInfo] = []
    default: list[SIPInboundTrunkInfo] = []
    for trunk in sorted(trunks, key=lambda trunk: trunk.sip_trunk_id):
        callers = trunk.allowed_numbers
        if callers and not any(same(one, call.caller) for one in callers):
            continue
        if not let_in(trunk.allowed_addresses, call, by_from_host):
            continue
        if not trunk.numbers:
            default.append(trunk)
        hits = sum(same(one, call.called) for one in trunk.numbers)
        specific += [trunk] * (hits if old else min(hits, 1))
    found = specific or default
    if len(found) > 1:
        raise Failed
    return found[0] if found else None


def same(listed: str, number: str) -> bool:
    """Literally, or in normal form."""
    return listed == number or normal(listed) == normal(number)


def let_in(entries: Sequence[str], call: Asked, by_from_host: bool) -> bool:
    """17."""
    if not call.source:
        return True
    source, zone = address(call.source)
    valid = [one for one in entries if not re.search(r"[()+*;, \t\n\r]|://", one)]
    if not valid:
        return True
    for entry in valid:
        if by_from_host:
            if entry == call.from_host:
                return True
            try:
                if "/" not in entry and address(entry) == (source, zone):
                    return True
                if "/" in entry and not zone and source in network(entry):
                    return True
            except ValueError:
                pass
            continue
        bare = re.sub(r"\A\[(.*)\](/.*)?\Z", r"\1\2", entry, flags=re.DOTALL)
        try:
            own = network(bare) if "/" in bare else {address(bare)[0]}
            hit = not zone and source in own
        except ValueError:
            hit = entry == call.from_host
        if hit:
            return True
    return False


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address(text: str) -> tuple[Address, str]:
    """A bare address and its zone; raises ValueError."""
    plain, mark, zone = text.partition("%")
    found = ipaddress.ip_address(plain)
    if mark and (not zone or found.version == 4):
        raise ValueError(text)
    return found, zone


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A prefix; raises ValueError."""
    plain, _, bits = text.rpartition("/")
    if address(plain)[1] or not re.match(r"\A(0|[1-9][0-9]?[0-9]?)\Z", bits):
        raise ValueError(text)
    return ipaddress.ip_network(f"{plain}/{bits}", strict=False)


def check(considered: Sequence[SIPDispatchRuleInfo]) -> None:
    """9-12, in the order in which the rules are read."""
    slots: set[tuple[str, str, str, str]] = set()
    for rule in considered:
        if rule.rule.WhichOneof("rule") is None:
            raise Failed("invalid_rule")
        for trunk in rule.trunk_ids or [""]:
            for caller in rule.inbound_numbers or [""]:
                for number in rule.numbers or [""]:
                    slot = (pin_of(rule), trunk, normal(caller), normal(number))
                    if slot in slots:
                        raise Failed("rule_conflict")
                    slots.add(slot)


def passes(rule: SIPDispatchRuleInfo, call: Asked) -> bool:
    """20, 24."""
    if rule.inbound_numbers and call.caller not in rule.inbound_numbers:
        return False
    if rule.numbers and call.called not in rule.numbers:
        return False
    if call.no_pin:
        return not pin_of(rule)
    return pin_of(rule) == call.pin if call.pin else True


def body(rule: SIPDispatchRuleInfo) -> tuple[str, str, str]:
    """Kind, room or prefix, PIN."""
    kind = rule.rule.WhichOneof("rule")
    if kind is None:
        return "", "", ""
    inside = getattr(rule.rule, kind)
    name = inside.room_name if kind == "dispatch_rule_direct" else inside.room_prefix
    return kind.removeprefix("dispatch_rule_"), name, inside.pin


def pin_of(rule: SIPDispatchRuleInfo) -> str:
    """The PIN, "" for none."""
    return body(rule)[2]


def rank(rule: SIPDispatchRuleInfo) -> tuple[int, bytes, str]:
    """22."""
    kind, name, pin = body(rule)
    priority = {"direct": 0, "individual": 1, "callee": 2}[kind] + (0 if pin else 100)
    priority += (0 if rule.inbound_numbers else 1000) + (0 if rule.numbers else 1000)
    return priority, name.encode(), rule.sip_dispatch_rule_id


def room(rule: SIPDispatchRuleInfo, call: Asked, old: bool) -> str:
    """27-29."""
    kind, name, _ = body(rule)
    if kind == "direct":
        return name
    if kind == "callee":
        made = f"{name}_{call.called}" if name else call.called
        return f"{made}_{RANDOM}" if rule.rule.dispatch_rule_callee.randomize else made
    caller = hidden(call.caller) if rule.hide_phone_number else call.caller
    if old:
        return f"{name}_{caller}_{RANDOM}"
    made = f"{name}_{caller}" if name else caller
    return made if rule.rule.dispatch_rule_individual.no_randomness else f"{made}_{RANDOM}"


def hidden(caller: str) -> str:
    """29."""
    raw = caller.encode()
    return raw[-(4 if len(raw) > 4 else 1) :].decode(errors="replace")


def identity(rule: SIPDispatchRuleInfo, call: Asked) -> str:
    """30."""
    if not rule.hide_phone_number:
        return f"sip_{call.caller}"
    return f"sip_{hashlib.sha256(call.caller.encode()).hexdigest()[:16]}"
