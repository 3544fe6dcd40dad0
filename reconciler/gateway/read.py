"""Reads the live project: one list for each kind, all at once, however many objects there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message
from livekit.protocol.sip import (
    ListSIPDispatchRuleRequest,
    ListSIPDispatchRuleResponse,
    ListSIPInboundTrunkRequest,
    ListSIPInboundTrunkResponse,
    ListSIPOutboundTrunkRequest,
    ListSIPOutboundTrunkResponse,
)

from reconciler.background import background
from reconciler.core.objects import Live, Snapshot
from reconciler.gateway.decode import live_object, with_unknown_passwords
from reconciler.gateway.twirp import TwirpClient
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, KINDS, OUTBOUND_TRUNK

_LISTS: dict[str, tuple[str, Message, type[Message]]] = {
    INBOUND_TRUNK.name: (
        "ListSIPInboundTrunk",
        ListSIPInboundTrunkRequest(),
        ListSIPInboundTrunkResponse,
    ),
    OUTBOUND_TRUNK.name: (
        "ListSIPOutboundTrunk",
        ListSIPOutboundTrunkRequest(),
        ListSIPOutboundTrunkResponse,
    ),
    DISPATCH_RULE.name: (
        "ListSIPDispatchRule",
        ListSIPDispatchRuleRequest(),
        ListSIPDispatchRuleResponse,
    ),
}
LIST_METHODS = {kind: method for kind, (method, _, _) in _LISTS.items()}
ALL_KINDS = tuple(kind.name for kind in KINDS)


def list_messages(client: TwirpClient, kind: str) -> list[Any]:
    """All live messages of one kind, ascending by id."""
    method, request, answer = _LISTS[kind]
    response: Any = client.call("SIP", method, request, answer, repeat=True)
    return sorted(response.items, key=lambda item: _id(kind, item))


def _id(kind: str, message: Any) -> str:
    identifier: str = (
        message.sip_dispatch_rule_id if kind == DISPATCH_RULE.name else message.sip_trunk_id
    )
    return identifier


def read_messages(
    client: TwirpClient, kinds: Iterable[str] = ALL_KINDS, *, at_once: bool = True
) -> dict[str, list[Any]]:
    """The live messages of some kinds, one call each, all at the same time or one after the other."""
    wanted = list(kinds)
    if not at_once:
        return {kind: list_messages(client, kind) for kind in wanted}
    with background(len(wanted), "list") as pool:
        return dict(
            zip(wanted, pool.map(lambda kind: list_messages(client, kind), wanted), strict=True)
        )


def snapshot(host: str, messages: dict[str, list[Any]], era: Era) -> Snapshot:
    """The messages as live objects in normal form."""
    objects: dict[str, list[Live]] = {}
    for kind, found in messages.items():
        described = KIND_BY_NAME[kind]
        objects[kind] = [live_object(described, message, era) for message in found]
    return Snapshot(host, with_unknown_passwords(objects))
