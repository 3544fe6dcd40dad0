"""Live projects that nobody would make on purpose: every field of LiveKit's messages, with values of the worst kind.

The messages are filled by walking their descriptors, so that a field of a newer protocol is tried out the day it
appears. Names, ids and prefixes come from small pools: they repeat, and room names fall under each other's prefixes.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from hypothesis import strategies as st
from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
)

from reconciler.core.objects import Snapshot
from reconciler.gateway.read import snapshot
from reconciler.sip.era import Era

PHONES = ["+15550100001", "+15550100002", "15550100001", "(555) 010-0001", "+1555010"]
ROOMS = [
    "",
    "c",
    "call",
    "call-",
    "call-_",
    "call_",
    "call-_+1555",
    "call-_+15550100001_",
    "1555",
    "_",
    "x y",
]
TRAPS = [
    "",
    "any",
    "yes",
    "NO",
    "null",
    "~",
    "<<",
    "=",
    "12:30",
    "0x1f",
    "1_000",
    "1e3",
    "-1",
    ".inf",
    "2024-01-01",
    "a: b",
    "a #b",
    "#",
    "- a",
    "? a",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "{env: HOME}",
    "[a]",
    "'",
    '"',
    "'\"",
    "\\",
    " a",
    "a ",
    "a  b",
    "\n",
    "a\nb\n",
    "\t",
    "\0",
    "\x7f\x85\u2028\ufeff\u202e",
    "é",
    "Ünïcödé",
    "房间",
    "🎧",
    "\U000e0041",
    "ST_gone",
    "env",
    "file",
    "LIVEKIT",
    "a.b",
    "a" * 1100,
    '{"a": 1}',
    '{"a":1, "b": "\\u00e9"}',
]
TRUNK_IDS = ["ST_1", "ST_2", "ST_3", "ST_gone"]
texts = st.sampled_from(TRAPS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
names = (
    st.sampled_from(["a", "b", "a-2", "", "any", "ST_1", "yes", "unnamed", "A_B", "a b"]) | texts
)
DURATION = Duration.DESCRIPTOR.full_name
REPEATED_BY_NAME: dict[str, st.SearchStrategy[str]] = {
    "numbers": st.sampled_from([*PHONES, *PHONES, *PHONES, "", "any", "*98"]),
    "allowed_numbers": st.sampled_from([*PHONES, *PHONES, "", "any"]),
    "inbound_numbers": st.sampled_from([*PHONES, *PHONES, "", "any"]),
    "trunk_ids": st.sampled_from([*TRUNK_IDS, *TRUNK_IDS, *TRUNK_IDS, "", "main"]),
}
TEXT_BY_NAME: dict[str, st.SearchStrategy[str]] = {
    "room_prefix": st.sampled_from(ROOMS),
    "room_name": st.sampled_from([*ROOMS, "call-_+15550100001_abcdefghijkl"]),
    "pin": st.sampled_from(["1", "12"]) | texts,
    "agent_name": st.sampled_from(["", "a", "A", "b", "SW Telephony Agent"]) | texts,
    "address": st.sampled_from(["sip.example", "sip:sip.example", ""]),
}


KINDS = [field.name for field in SIPDispatchRule.DESCRIPTOR.fields]


@st.composite
def filled(draw: st.DrawFn, message: Any, skip: tuple[str, ...] = ()) -> Any:
    """The message with a few of its fields set."""
    fields = [field for field in message.DESCRIPTOR.fields if field.name not in skip]
    for field in draw(st.lists(st.sampled_from(fields), max_size=5, unique_by=lambda f: f.name)):
        _fill(draw, message, field)
    return message


def _fill(draw: st.DrawFn, message: Any, field: FieldDescriptor) -> None:
    below = field.message_type
    if below is not None and below.GetOptions().map_entry:
        keys = (
            names if field.name != "headers" else st.sampled_from(["X-A", "X-B", "From", "a b", ""])
        )
        for key in draw(st.lists(keys, max_size=3)):
            getattr(message, field.name)[key] = draw(texts)
    elif field.is_repeated:
        place = getattr(message, field.name)
        for _ in range(draw(st.integers(1, 3))):
            if below is not None:
                draw(filled(place.add()))
            else:
                place.append(_scalar(draw, field))
    elif below is not None and below.full_name == DURATION:
        place = getattr(message, field.name)
        place.SetInParent()
        place.seconds = draw(st.sampled_from([0, 1, 90, 3600, 2**33, -5]))
        place.nanos = draw(st.sampled_from([0, 0, 500_000_000, 1]))
    elif below is not None:
        getattr(message, field.name).SetInParent()
        draw(filled(getattr(message, field.name)))
    else:
        setattr(message, field.name, _scalar(draw, field))


def _scalar(draw: st.DrawFn, field: FieldDescriptor) -> Any:
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            pools = REPEATED_BY_NAME if field.is_repeated else TEXT_BY_NAME
            return draw(pools.get(field.name, texts))
        case FieldDescriptor.TYPE_BOOL:
            return draw(st.booleans())
        case FieldDescriptor.TYPE_ENUM:
            assert field.enum_type is not None
            return draw(st.sampled_from([*field.enum_type.values_by_number, 99]))
        case FieldDescriptor.TYPE_DOUBLE | FieldDescriptor.TYPE_FLOAT:
            return draw(st.floats(width=32))
        case FieldDescriptor.TYPE_BYTES:
            return draw(st.binary(max_size=4))
        case FieldDescriptor.TYPE_UINT32 | FieldDescriptor.TYPE_UINT64:
            return draw(st.integers(0, 2**32 - 1))
        case _:
            return draw(st.integers(-(2**31), 2**31 - 1))


@st.composite
def inbound_trunk(draw: st.DrawFn, identifier: str) -> SIPInboundTrunkInfo:
    """An inbound trunk, as a rule with numbers."""
    trunk = SIPInboundTrunkInfo(sip_trunk_id=identifier, name=draw(names))
    trunk.numbers.extend(draw(st.lists(st.sampled_from(PHONES), max_size=2)))
    draw(filled(trunk, ("sip_trunk_id", "name")))
    return trunk


@st.composite
def outbound_trunk(draw: st.DrawFn, identifier: str) -> SIPOutboundTrunkInfo:
    """An outbound trunk, as a rule with what LiveKit asks for."""
    trunk = SIPOutboundTrunkInfo(
        sip_trunk_id=identifier, name=draw(names), address="sip.example", numbers=["+15550100001"]
    )
    draw(filled(trunk, ("sip_trunk_id", "name")))
    return trunk


@st.composite
def dispatch_rule(draw: st.DrawFn, identifier: str) -> SIPDispatchRuleInfo:
    """A rule, as a rule of some kind, and often with agents."""
    rule = SIPDispatchRuleInfo(sip_dispatch_rule_id=identifier, name=draw(names))
    rule.trunk_ids.extend(draw(st.lists(st.sampled_from(TRUNK_IDS), max_size=2)))
    if draw(st.integers(0, 9)):
        body = getattr(rule.rule, draw(st.sampled_from(KINDS)))
        body.SetInParent()
        draw(filled(body))
    for _ in range(draw(st.integers(0, 2))):
        draw(filled(rule.room_config.agents.add()))
    draw(filled(rule, ("sip_dispatch_rule_id", "name", "rule", "trunk_ids")))
    return rule


@st.composite
def projects(draw: st.DrawFn) -> tuple[Snapshot, Era]:
    """A live project and the era with which it was read."""
    era = draw(st.sampled_from(Era))
    messages: dict[str, list[Any]] = {
        "inbound_trunk": [],
        "outbound_trunk": [],
        "dispatch_rule": [],
    }
    for number in range(draw(st.integers(0, 3))):
        messages["inbound_trunk"].append(draw(inbound_trunk(f"ST_{number + 1}")))
    for number in range(draw(st.integers(0, 2))):
        messages["outbound_trunk"].append(draw(outbound_trunk(f"ST_O{number}")))
    for number in range(draw(st.integers(0, 5))):
        messages["dispatch_rule"].append(draw(dispatch_rule(f"SDR_{number}")))
    return snapshot("acme.livekit.example", messages, era), era
