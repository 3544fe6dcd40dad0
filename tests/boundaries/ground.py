"""A server, real or emulated, whose objects are put back between two applies in a moment, and read as they are stored.

`Ground.state()` is all SIP objects as bytes by id, `put_back(state)` makes just them live again, under the same ids. On
the real server both go past it, to the Redis in which it keeps them; so no call of its own changes what is compared.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import redis
from livekit.protocol import sip

from tests.support.objects import delete_rule, delete_trunk
from tests.support.raw_client import RawClient
from tests.support.recording import RecordingProxy

if TYPE_CHECKING:
    from reconciler.emulator.faults import Call, Faults
    from reconciler.emulator.server import Emulator
    from tests.support.livekit_server import LiveKitServer

State = Mapping[str, Mapping[str, bytes]]
"""The stored bytes of all objects: kind → id → bytes."""

_IN_REDIS = {
    "inbound_trunk": b"sip_inbound_trunk",
    "outbound_trunk": b"sip_outbound_trunk",
    "dispatch_rule": b"sip_dispatch_rule",
}
MESSAGES: dict[str, Any] = {
    "inbound_trunk": sip.SIPInboundTrunkInfo,
    "outbound_trunk": sip.SIPOutboundTrunkInfo,
    "dispatch_rule": sip.SIPDispatchRuleInfo,
}
# What is the server's own, and another one for an object that was made anew.
_OF_THE_SERVER = ("sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at")


class Ground(ABC):
    """A server with a proxy before it, and the faults that break its calls: by themselves, or in the proxy."""

    def __init__(self, server: LiveKitServer | Emulator, proxy: RecordingProxy) -> None:
        self.server: Any = server
        self.proxy = proxy

    @property
    @abstractmethod
    def breaking(self) -> tuple[str, Faults]:
        """The URL under which calls get lost, and the faults that lose them."""

    @property
    @abstractmethod
    def calls(self) -> tuple[Call, ...]:
        """The calls that came by that URL, in order."""

    @abstractmethod
    def state(self) -> State:
        """All objects as they are stored."""

    @abstractmethod
    def put_back(self, state: State) -> None:
        """Makes these objects live, and no others; forgets faults and calls."""

    @abstractmethod
    def put(self, kind: str, identifier: str, message: Any) -> None:
        """Stores one object in a moment, as somebody at a dashboard would."""

    @abstractmethod
    def drop(self, kind: str, identifier: str) -> None:
        """Deletes one object likewise."""


class RealGround(Ground):
    """A real livekit-server: the proxy breaks its calls."""

    def __init__(self, server: LiveKitServer, proxy: RecordingProxy) -> None:
        super().__init__(server, proxy)
        self._redis = redis.Redis(port=server.redis_port)

    @property
    def breaking(self) -> tuple[str, Faults]:
        return self.proxy.url, self.proxy.faults

    @property
    def calls(self) -> tuple[Call, ...]:
        return self.proxy.calls

    def state(self) -> State:
        found: dict[str, dict[str, bytes]] = {}
        for kind, key in _IN_REDIS.items():
            stored: Any = self._redis.hgetall(key)
            found[kind] = {identifier.decode(): raw for identifier, raw in stored.items()}
        return found

    def put_back(self, state: State) -> None:
        with self._redis.pipeline(transaction=True) as pipe:
            for kind, key in _IN_REDIS.items():
                pipe.delete(key)
                if state[kind]:
                    pipe.hset(key, mapping=dict(state[kind]))  # type: ignore[arg-type]  # bytes are fine
            pipe.execute()
        self.proxy.faults.clear()
        self.proxy.forget_calls()

    def put(self, kind: str, identifier: str, message: Any) -> None:
        self._redis.hset(_IN_REDIS[kind], identifier, message.SerializeToString())

    def drop(self, kind: str, identifier: str) -> None:
        self._redis.hdel(_IN_REDIS[kind], identifier)

    def close(self) -> None:
        """Close the connection to Redis."""
        self._redis.connection_pool.disconnect()
        self._redis.close()


class EmulatedGround(Ground):
    """The emulator: it breaks calls by itself; the proxy is there for kills and edits."""

    @property
    def breaking(self) -> tuple[str, Faults]:
        return self.server.url, self.server.faults

    @property
    def calls(self) -> tuple[Call, ...]:
        found: tuple[Call, ...] = self.server.calls
        return found

    def state(self) -> State:
        emulator = self.server
        stored = {
            "inbound_trunk": emulator.inbound_trunks,
            "outbound_trunk": emulator.outbound_trunks,
            "dispatch_rule": emulator.dispatch_rules,
        }
        return {
            kind: {_id(one): one.SerializeToString(deterministic=True) for one in objects}
            for kind, objects in stored.items()
        }

    def put_back(self, state: State) -> None:
        self.server.clear()
        self._fill(state)
        self.proxy.faults.clear()
        self.proxy.forget_calls()

    def put(self, kind: str, identifier: str, message: Any) -> None:
        self.server.put(message)

    def drop(self, kind: str, identifier: str) -> None:
        client = RawClient(self.server.url, self.server.api_key, self.server.api_secret)
        delete = delete_rule if kind == "dispatch_rule" else delete_trunk
        delete(client, identifier)  # it may be gone already
        client.close()

    def _fill(self, state: State) -> None:
        for kind, objects in state.items():
            for raw in objects.values():
                self.server.put(MESSAGES[kind].FromString(raw))


def _id(message: Any) -> str:
    return str(getattr(message, "sip_trunk_id", "") or getattr(message, "sip_dispatch_rule_id", ""))


# --- what states are compared by


def names(state: State) -> dict[str, tuple[str, str]]:
    """Kind and name of every object, by id."""
    return {
        identifier: (kind, MESSAGES[kind].FromString(raw).name)
        for kind, objects in state.items()
        for identifier, raw in objects.items()
    }


def contents(state: State) -> list[tuple[str, str, str]]:
    """What lives, whatever its ids: kind, name and fields of every object; trunks of rules by their names."""
    named = names(state)
    found = []
    for kind, objects in state.items():
        for raw in objects.values():
            message = MESSAGES[kind].FromString(raw)
            fields = message.DESCRIPTOR.fields_by_name
            for field in _OF_THE_SERVER:
                if field in fields:
                    message.ClearField(field)
            if "trunk_ids" in fields:
                message.trunk_ids[:] = sorted(
                    named.get(one, ("", one))[1] for one in message.trunk_ids
                )
            found.append((kind, message.name, str(message)))
    return sorted(found)
