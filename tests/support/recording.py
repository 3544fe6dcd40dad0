"""A proxy in front of a server that remembers what was asked, and lets somebody else act in between.

`RecordingProxy(url)` is a fault proxy with two ears: `requests` are the bodies of all writes as messages, and
`before` is called with the method's name before anything is done about a call, lost ones included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livekit.protocol import sip

from tests.support.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.message import Message

_WRITES: dict[str, type[Message]] = {
    "CreateSIPInboundTrunk": sip.CreateSIPInboundTrunkRequest,
    "CreateSIPOutboundTrunk": sip.CreateSIPOutboundTrunkRequest,
    "CreateSIPDispatchRule": sip.CreateSIPDispatchRuleRequest,
    "UpdateSIPInboundTrunk": sip.UpdateSIPInboundTrunkRequest,
    "UpdateSIPOutboundTrunk": sip.UpdateSIPOutboundTrunkRequest,
    "UpdateSIPDispatchRule": sip.UpdateSIPDispatchRuleRequest,
    "DeleteSIPTrunk": sip.DeleteSIPTrunkRequest,
    "DeleteSIPDispatchRule": sip.DeleteSIPDispatchRuleRequest,
}


class RecordingProxy(FaultProxy):
    """The proxy; `before` may be set at any time."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.requests: list[Any] = []
        self.before: Callable[[str], None] | None = None

    def __enter__(self) -> RecordingProxy:
        super().__enter__()
        return self

    def _serve(self, client: Any) -> None:
        if self.before is not None:
            self.before(client.path.rpartition("/")[2])
        super()._serve(client)

    def _forward(self, client: Any, body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
        method = client.path.rpartition("/")[2]
        if method in _WRITES:
            self.requests.append(_WRITES[method].FromString(body))
        return super()._forward(client, body)
