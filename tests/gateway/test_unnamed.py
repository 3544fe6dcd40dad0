"""Fields that the installed livekit-protocol has no name for are found wherever a message can have them."""

from __future__ import annotations

import pytest
from livekit.protocol import sip

from reconciler.gateway.decode import live_object
from reconciler.gateway.unnamed import unnamed_fields
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE

# Fields of every kind of wire: a number, eight bytes, a text, four bytes; and a field whose number has three bytes.
FIELDS = {
    b"\xd0\x3e\x07": "1002",
    b"\xc9\x3e\x01\x00\x00\x00\x00\x00\x00\x00": "1001",
    b"\xba\x3e\x06future": "999",
    b"\xcd\x3e\x01\x00\x00\x00": "1001",
    b"\xfa\xff\x3f\x01x": "131071",
}


@pytest.mark.parametrize(("data", "number"), FIELDS.items(), ids=list(FIELDS.values()))
def test_a_field_of_any_wire_type_is_known_by_its_number(data: bytes, number: str) -> None:
    """Whatever it holds, which is not looked at."""
    assert unnamed_fields(sip.SIPInboundTrunkInfo.FromString(data)) == (number,)


def test_a_message_that_is_known_has_none() -> None:
    """Nor has one with mappings, lists and messages that are all known."""
    rule = sip.SIPDispatchRuleInfo(name="r", attributes={"a": "b"}, trunk_ids=["ST_1"])
    rule.room_config.agents.add(agent_name="a", attributes={"a": "b"})
    rule.rule.dispatch_rule_direct.room_name = "lobby"
    assert unnamed_fields(rule) == ()


def test_every_message_in_an_object_is_looked_into() -> None:
    """Each place is told once, in one order, however many entries of a list have it."""
    future = b"\xba\x3e\x06future"
    rule = sip.SIPDispatchRuleInfo.FromString(future)
    for part in (rule.media, rule.rule, rule.rule.dispatch_rule_direct, rule.room_config.egress):
        part.MergeFromString(future)
    for name in ("a", "b"):
        rule.room_config.agents.add(agent_name=name).MergeFromString(future)
    wanted = (
        "999",
        "media.999",
        "room_config.agents.999",
        "room_config.egress.999",
        "rule.999",
        "rule.dispatch_rule_direct.999",
    )
    assert unnamed_fields(rule) == wanted
    assert live_object(DISPATCH_RULE, rule, Era.NEW).unnamed == wanted
