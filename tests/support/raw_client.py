"""A bare Twirp client for tests that compare servers: one call, its status, its code and its answer, nothing retried.

Real clients hide what these tests are about. Tokens carry every grant, for the room a request names.
"""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from google.protobuf import json_format, message_factory
from livekit.protocol import agent_dispatch, room, sip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

_SERVICES = {
    "SIP": sip.DESCRIPTOR,
    "RoomService": room.DESCRIPTOR,
    "AgentDispatchService": agent_dispatch.DESCRIPTOR,
}
_ROOM_FIELDS = ("room", "room_name")
TIMEOUT = 30


def answer_type(service: str, method: str) -> type[Message]:
    """The message a method answers with."""
    described = _SERVICES[service].services_by_name[service].methods_by_name[method]
    kind: type[Message] = message_factory.GetMessageClass(described.output_type)
    return kind


@dataclass(frozen=True, slots=True)
class Result:
    """What came back: a status, for errors a Twirp code and message, otherwise the answer."""

    status: int
    code: str
    text: str
    answer: Any

    @property
    def ok(self) -> bool:
        return self.status == 200


class RawClient:
    """Calls one server over one connection."""

    def __init__(self, url: str, api_key: str, api_secret: str) -> None:
        address = urlsplit(url)
        self._key, self._secret = api_key, api_secret
        self._connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=TIMEOUT
        )
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def token(self, room_name: str = "", **claims: Any) -> str:
        """A token with all grants for a room, or with exactly these claims."""
        now = int(time.time())
        full = {
            "sip": {"admin": True},
            "video": {
                "roomCreate": True,
                "roomList": True,
                "roomAdmin": True,
                "room": room_name,
            },
        }
        body = {"iss": self._key, "nbf": now - 10, "exp": now + 3600, **(claims or full)}
        return jwt.encode(body, self._secret, algorithm="HS256")

    def call(self, service: str, method: str, request: Message, *, token: str = "") -> Result:
        """A call in binary."""
        body, headers = request.SerializeToString(), self._headers(request, token)
        headers["Content-Type"] = "application/protobuf"
        status, raw = self.post(f"/twirp/livekit.{service}/{method}", body, headers)
        if status != 200:
            return _failure(status, raw)
        return Result(status, "", "", answer_type(service, method).FromString(raw))

    def call_json(
        self,
        service: str,
        method: str,
        request: Message,
        extra: Mapping[str, Any] | None = None,
        *,
        camel_case: bool = False,
    ) -> Result:
        """The same call in JSON, with `extra` keys added to the request and to the messages in it."""
        document = json_format.MessageToDict(request, preserving_proto_field_name=not camel_case)
        for inner in document.values():
            if isinstance(inner, dict):
                inner.update(extra or {})
        headers = {**self._headers(request, ""), "Content-Type": "application/json"}
        body = json.dumps({**document, **(extra or {})}).encode()
        status, raw = self.post(f"/twirp/livekit.{service}/{method}", body, headers)
        return _failure(status, raw) if status != 200 else Result(status, "", "", json.loads(raw))

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], verb: str = "POST"
    ) -> tuple[int, bytes]:
        """One HTTP request as it is."""
        self._connection.request(verb, path, body, dict(headers))
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def _headers(self, request: Message, token: str) -> dict[str, str]:
        names = request.DESCRIPTOR.fields_by_name
        name = next((getattr(request, field) for field in _ROOM_FIELDS if field in names), "")
        if not token:
            token = self._tokens.get(name) or self.token(name)
            self._tokens[name] = token
        return {"Authorization": f"Bearer {token}"}


def _failure(status: int, raw: bytes) -> Result:
    try:
        document = json.loads(raw)
    except ValueError:
        return Result(status, "", raw.decode(errors="replace"), None)
    return Result(status, document["code"], document["msg"], None)
