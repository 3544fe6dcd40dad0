"""Short ways to make and read SIP objects in tests that speak to a server with the bare client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livekit.protocol import sip

if TYPE_CHECKING:
    from tests.support.raw_client import RawClient, Result

NUMBER = "+15550100001"
OTHER = "+15550100002"


def direct(room_name: str = "room", pin: str = "") -> sip.SIPDispatchRule:
    """The body of a direct rule."""
    return sip.SIPDispatchRule(
        dispatch_rule_direct=sip.SIPDispatchRuleDirect(room_name=room_name, pin=pin)
    )


def inbound(**fields: Any) -> sip.SIPInboundTrunkInfo:
    """An inbound trunk, by default with one number."""
    return sip.SIPInboundTrunkInfo(**{"numbers": [NUMBER], **fields})


def outbound(**fields: Any) -> sip.SIPOutboundTrunkInfo:
    """An outbound trunk, by default with one number and an address."""
    return sip.SIPOutboundTrunkInfo(**{"numbers": [NUMBER], "address": "sip.example", **fields})


def rule(**fields: Any) -> sip.SIPDispatchRuleInfo:
    """A rule, by default direct, open and for all trunks."""
    return sip.SIPDispatchRuleInfo(**{"rule": direct(), **fields})


def create_inbound(client: RawClient, **fields: Any) -> Result:
    """CreateSIPInboundTrunk."""
    request = sip.CreateSIPInboundTrunkRequest(trunk=inbound(**fields))
    return client.call("SIP", "CreateSIPInboundTrunk", request)


def create_outbound(client: RawClient, **fields: Any) -> Result:
    """CreateSIPOutboundTrunk."""
    request = sip.CreateSIPOutboundTrunkRequest(trunk=outbound(**fields))
    return client.call("SIP", "CreateSIPOutboundTrunk", request)


def create_rule(client: RawClient, **fields: Any) -> Result:
    """CreateSIPDispatchRule in the shape of an object."""
    request = sip.CreateSIPDispatchRuleRequest(dispatch_rule=rule(**fields))
    return client.call("SIP", "CreateSIPDispatchRule", request)


def replace_inbound(client: RawClient, key: str, **fields: Any) -> Result:
    """UpdateSIPInboundTrunk with a whole object."""
    request = sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=key, replace=inbound(**fields))
    return client.call("SIP", "UpdateSIPInboundTrunk", request)


def change_inbound(client: RawClient, key: str, **fields: Any) -> Result:
    """UpdateSIPInboundTrunk with some fields."""
    change = sip.SIPInboundTrunkUpdate(**fields)
    request = sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=key, update=change)
    return client.call("SIP", "UpdateSIPInboundTrunk", request)


def replace_rule(client: RawClient, key: str, **fields: Any) -> Result:
    """UpdateSIPDispatchRule with a whole object."""
    request = sip.UpdateSIPDispatchRuleRequest(sip_dispatch_rule_id=key, replace=rule(**fields))
    return client.call("SIP", "UpdateSIPDispatchRule", request)


def change_rule(client: RawClient, key: str, **fields: Any) -> Result:
    """UpdateSIPDispatchRule with some fields."""
    change = sip.SIPDispatchRuleUpdate(**fields)
    request = sip.UpdateSIPDispatchRuleRequest(sip_dispatch_rule_id=key, update=change)
    return client.call("SIP", "UpdateSIPDispatchRule", request)


def delete_trunk(client: RawClient, key: str) -> Result:
    """DeleteSIPTrunk."""
    return client.call("SIP", "DeleteSIPTrunk", sip.DeleteSIPTrunkRequest(sip_trunk_id=key))


def delete_rule(client: RawClient, key: str) -> Result:
    """DeleteSIPDispatchRule."""
    request = sip.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=key)
    return client.call("SIP", "DeleteSIPDispatchRule", request)


def inbound_trunks(client: RawClient, **filters: Any) -> list[sip.SIPInboundTrunkInfo]:
    """ListSIPInboundTrunk."""
    request = sip.ListSIPInboundTrunkRequest(**filters)
    return list(client.call("SIP", "ListSIPInboundTrunk", request).answer.items)


def rules(client: RawClient, **filters: Any) -> list[sip.SIPDispatchRuleInfo]:
    """ListSIPDispatchRule."""
    request = sip.ListSIPDispatchRuleRequest(**filters)
    return list(client.call("SIP", "ListSIPDispatchRule", request).answer.items)
