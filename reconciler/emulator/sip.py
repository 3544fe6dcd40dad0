"""The SIP service as a whole: its kinds of objects, the methods that concern both kinds of trunk, and who answers what.

Permissions and formats are not handled here (`server.py`, `twirp.py`); calls are not emulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livekit.protocol import sip

from reconciler.emulator.context import Context
from reconciler.emulator.errors import invalid
from reconciler.emulator.rules import DispatchRules
from reconciler.emulator.trunks import InboundTrunks, OutboundTrunks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.emulator.quirks import Quirks

SipObject = sip.SIPInboundTrunkInfo | sip.SIPOutboundTrunkInfo | sip.SIPDispatchRuleInfo


class SipService:
    """The SIP objects of one emulated project."""

    def __init__(
        self, quirks: Quirks, new_id: Callable[[str], str], *, returns_passwords: bool
    ) -> None:
        self._context = Context(quirks, new_id, returns_passwords)
        self.inbound = InboundTrunks(self._context)
        self.outbound = OutboundTrunks(self._context)
        self.rules = DispatchRules(self._context)

    def clear(self) -> None:
        """Forget all objects."""
        self.inbound.clear()
        self.outbound.clear()
        self.rules.clear()

    def put(self, info: SipObject) -> str:
        """Store an object unchecked; returns its id, made if it has none."""
        match info:
            case sip.SIPInboundTrunkInfo():
                info.sip_trunk_id = info.sip_trunk_id or self._context.new_id("ST_")
                self.inbound.store(info)
                return info.sip_trunk_id
            case sip.SIPOutboundTrunkInfo():
                info.sip_trunk_id = info.sip_trunk_id or self._context.new_id("ST_")
                self.outbound.store(info)
                return info.sip_trunk_id
            case _:
                key = info.sip_dispatch_rule_id or self._context.new_id("SDR_")
                info.sip_dispatch_rule_id = key
                self.rules.store(info)
                return key

    def delete_trunk(self, request: sip.DeleteSIPTrunkRequest) -> sip.SIPTrunkInfo:
        """DeleteSIPTrunk succeeds whether the trunk is there or not (SIP-SEMANTICS 45)."""
        if not request.sip_trunk_id:
            raise invalid("trunk ID is required")
        self.inbound.remove(request.sip_trunk_id)
        self.outbound.remove(request.sip_trunk_id)
        return sip.SIPTrunkInfo(sip_trunk_id=request.sip_trunk_id)

    def list_trunks(self, request: sip.ListSIPTrunkRequest) -> sip.ListSIPTrunkResponse:
        """ListSIPTrunk, the deprecated list of both kinds in one shape."""
        trunks = [
            *(_from_inbound(self._context.shown(t)) for t in self.inbound.shelf.messages()),
            *(_from_outbound(self._context.shown(t)) for t in self.outbound.shelf.messages()),
        ]
        after = request.page.after_id
        trunks.sort(key=lambda trunk: trunk.sip_trunk_id)
        return sip.ListSIPTrunkResponse(items=[t for t in trunks if t.sip_trunk_id > after])

    def methods(self) -> Mapping[str, Callable[[Any], Any]]:
        """The API methods and what answers them."""
        return {
            "CreateSIPInboundTrunk": self.inbound.create,
            "UpdateSIPInboundTrunk": self.inbound.update,
            "GetSIPInboundTrunk": self.inbound.get,
            "ListSIPInboundTrunk": self.inbound.list,
            "CreateSIPOutboundTrunk": self.outbound.create,
            "UpdateSIPOutboundTrunk": self.outbound.update,
            "GetSIPOutboundTrunk": self.outbound.get,
            "ListSIPOutboundTrunk": self.outbound.list,
            "ListSIPTrunk": self.list_trunks,
            "DeleteSIPTrunk": self.delete_trunk,
            "CreateSIPDispatchRule": self.rules.create,
            "UpdateSIPDispatchRule": self.rules.update,
            "ListSIPDispatchRule": self.rules.list,
            "DeleteSIPDispatchRule": self.rules.delete,
        }


def _from_inbound(trunk: sip.SIPInboundTrunkInfo) -> sip.SIPTrunkInfo:
    return sip.SIPTrunkInfo(
        sip_trunk_id=trunk.sip_trunk_id,
        kind=sip.SIPTrunkInfo.TRUNK_INBOUND,
        name=trunk.name,
        metadata=trunk.metadata,
        outbound_number=trunk.numbers[0] if trunk.numbers else "",
        inbound_addresses=trunk.allowed_addresses,
        inbound_numbers=trunk.allowed_numbers,
        inbound_username=trunk.auth_username,
        inbound_password=trunk.auth_password,
    )


def _from_outbound(trunk: sip.SIPOutboundTrunkInfo) -> sip.SIPTrunkInfo:
    return sip.SIPTrunkInfo(
        sip_trunk_id=trunk.sip_trunk_id,
        kind=sip.SIPTrunkInfo.TRUNK_OUTBOUND,
        name=trunk.name,
        metadata=trunk.metadata,
        outbound_address=trunk.address,
        transport=trunk.transport,
        outbound_number=trunk.numbers[0] if trunk.numbers else "",
        outbound_username=trunk.auth_username,
        outbound_password=trunk.auth_password,
    )
