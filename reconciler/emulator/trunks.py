"""Inbound and outbound trunks: what the SIP service's methods do to them.

Every method takes its request message and returns its answer, or raises `TwirpError`. The order of checks is that of
SIP-SEMANTICS 41-44. What concerns both kinds at once is in `sip.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import sip

from reconciler.emulator.conflicts import TrunkConflicts, spelling_filter
from reconciler.emulator.context import Context, Refused, copied, need
from reconciler.emulator.facts import inbound_facts, outbound_facts
from reconciler.emulator.lists import Serialized, listed
from reconciler.emulator.state import Shelf
from reconciler.emulator.updating import Updating
from reconciler.emulator.validation import check_inbound, check_outbound

if TYPE_CHECKING:
    from collections.abc import Sequence

_MISSING = "requested sip trunk does not exist"
_REQUIRED = "trunk ID is required"
_BOTH = ("auth_username", "auth_password", "name", "metadata", "media_encryption", "media")
_INBOUND = Updating(
    noun="trunk",
    id_field="sip_trunk_id",
    missing=_MISSING,
    lists=("numbers", "allowed_addresses", "allowed_numbers"),
    fields=(*_BOTH, "auth_realm"),
    check=check_inbound,
)
_OUTBOUND = Updating(
    noun="trunk",
    id_field="sip_trunk_id",
    missing=_MISSING,
    lists=("numbers",),
    fields=(*_BOTH, "address", "transport", "destination_country", "from_host"),
    check=check_outbound,
)


class InboundTrunks:
    """The inbound trunks of a project."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.shelf = Shelf(sip.SIPInboundTrunkInfo, inbound_facts)
        self._conflicts = TrunkConflicts(context.quirks)

    def store(self, trunk: sip.SIPInboundTrunkInfo) -> None:
        """Store a trunk as it is; nothing is checked."""
        self.shelf.put(trunk.sip_trunk_id, trunk)
        self._conflicts.store(trunk.sip_trunk_id, inbound_facts(trunk))

    def remove(self, key: str) -> None:
        """Forget a trunk, if it is there."""
        self.shelf.remove(key)
        self._conflicts.forget(key)

    def clear(self) -> None:
        """Forget all trunks."""
        self.shelf.clear()
        self._conflicts.clear()

    def create(self, request: sip.CreateSIPInboundTrunkRequest) -> sip.SIPInboundTrunkInfo:
        """CreateSIPInboundTrunk (SIP-SEMANTICS 41)."""
        with Refused():
            need(request.HasField("trunk"), "missing trunk")
            need(not request.trunk.sip_trunk_id, "trunk id must not be set")
            check_inbound(request.trunk, self._context.quirks)
        trunk = copied(request.trunk)
        self._conflicts.check(inbound_facts(trunk), "", self.shelf.facts)
        trunk.sip_trunk_id = self._context.new_id("ST_")
        self.store(trunk)
        return self._context.shown(trunk)

    def update(self, request: sip.UpdateSIPInboundTrunkRequest) -> sip.SIPInboundTrunkInfo:
        """UpdateSIPInboundTrunk (SIP-SEMANTICS 42-44)."""
        new = _INBOUND.updated(self._context, self.shelf, request)
        self._conflicts.check(inbound_facts(new.info), new.key, self.shelf.facts)
        self.store(new.info)
        return self._context.shown(new.info)

    def get(self, request: sip.GetSIPInboundTrunkRequest) -> sip.GetSIPInboundTrunkResponse:
        """GetSIPInboundTrunk."""
        trunk = self._context.find(
            self.shelf, request.sip_trunk_id, required=_REQUIRED, missing=_MISSING
        )
        return sip.GetSIPInboundTrunkResponse(trunk=self._context.shown(trunk))

    def list(self, request: sip.ListSIPInboundTrunkRequest) -> Serialized:
        """ListSIPInboundTrunk, by `trunk_ids` and by `numbers` in any spelling."""
        ids, match = set(request.trunk_ids), spelling_filter(request.numbers, self._context.quirks)
        keys = listed(
            self.shelf, request, lambda key, facts: (not ids or key in ids) and match(facts)
        )
        return Serialized(sip.ListSIPInboundTrunkResponse, self._raw(keys))

    def _raw(self, keys: Sequence[str]) -> Sequence[bytes]:
        if self._context.returns_passwords:
            return [self.shelf.raw(key) for key in keys]
        trunks = (self.shelf.get(key) for key in keys)
        return [self._context.shown(trunk).SerializeToString() for trunk in trunks if trunk]


class OutboundTrunks:
    """The outbound trunks of a project; they never conflict."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.shelf = Shelf(sip.SIPOutboundTrunkInfo, outbound_facts)

    def store(self, trunk: sip.SIPOutboundTrunkInfo) -> None:
        """Store a trunk as it is; nothing is checked."""
        self.shelf.put(trunk.sip_trunk_id, trunk)

    def remove(self, key: str) -> None:
        """Forget a trunk, if it is there."""
        self.shelf.remove(key)

    def clear(self) -> None:
        """Forget all trunks."""
        self.shelf.clear()

    def create(self, request: sip.CreateSIPOutboundTrunkRequest) -> sip.SIPOutboundTrunkInfo:
        """CreateSIPOutboundTrunk."""
        with Refused():
            need(request.HasField("trunk"), "missing trunk")
            need(not request.trunk.sip_trunk_id, "trunk id must not be set")
            check_outbound(request.trunk, self._context.quirks)
        trunk = copied(request.trunk)
        trunk.sip_trunk_id = self._context.new_id("ST_")
        self.store(trunk)
        return self._context.shown(trunk)

    def update(self, request: sip.UpdateSIPOutboundTrunkRequest) -> sip.SIPOutboundTrunkInfo:
        """UpdateSIPOutboundTrunk (SIP-SEMANTICS 42, 43)."""
        new = _OUTBOUND.updated(self._context, self.shelf, request)
        self.store(new.info)
        return self._context.shown(new.info)

    def get(self, request: sip.GetSIPOutboundTrunkRequest) -> sip.GetSIPOutboundTrunkResponse:
        """GetSIPOutboundTrunk."""
        trunk = self._context.find(
            self.shelf, request.sip_trunk_id, required=_REQUIRED, missing=_MISSING
        )
        return sip.GetSIPOutboundTrunkResponse(trunk=self._context.shown(trunk))

    def list(self, request: sip.ListSIPOutboundTrunkRequest) -> Serialized:
        """ListSIPOutboundTrunk, by `trunk_ids` and by `numbers` as they are written."""
        ids, wanted = set(request.trunk_ids), set(request.numbers)
        keys = listed(
            self.shelf,
            request,
            lambda key, facts: (
                (not ids or key in ids)
                and (not wanted or not facts.numbers or not wanted.isdisjoint(facts.numbers))
            ),
        )
        if self._context.returns_passwords:
            items = [self.shelf.raw(key) for key in keys]
        else:
            trunks = (self.shelf.get(key) for key in keys)
            items = [self._context.shown(trunk).SerializeToString() for trunk in trunks if trunk]
        return Serialized(sip.ListSIPOutboundTrunkResponse, items)
