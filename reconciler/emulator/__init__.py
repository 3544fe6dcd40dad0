"""A LiveKit API emulator on loopback, for trying out and for tests.

`from reconciler.emulator import Emulator` is the whole public interface. It answers the SIP service, the
RoomService and the AgentDispatchService over Twirp, with the conflict rules and quirks of a chosen server version;
`tests/contract` sends the same random calls to it and to the real server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator

__all__ = ["Emulator"]


def __getattr__(name: str) -> object:
    """`Emulator`, imported when first asked for: the pytest plugin lives in this package and must load fast."""
    if name == "Emulator":
        from reconciler.emulator.server import Emulator

        return Emulator
    raise AttributeError(name)
