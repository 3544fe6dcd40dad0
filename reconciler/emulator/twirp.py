"""Twirp without a network: from path, headers and body of a request to status, headers and body of the answer.

The order of refusals is the server's: token, route, method, content type, body, permission, and only then the
service. In JSON both ways a server leaves out the fields it does not know (SIP-SEMANTICS 40). The services behind
it are in `sip.py`, `rooms.py` and `dispatch.py`; HTTP itself is in `server.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from google.protobuf import json_format, message_factory
from google.protobuf.message import DecodeError, Message
from livekit.protocol import agent_dispatch, room, sip

from reconciler.emulator import auth
from reconciler.emulator.auth import Grants
from reconciler.emulator.errors import TwirpError, quote, wrapped
from reconciler.emulator.lists import Serialized
from reconciler.emulator.quirks import Quirks
from reconciler.emulator.rooms import NoServer

_PREFIX = "/twirp/livekit."
_JSON = "application/json"
_BINARY = "application/protobuf"
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}

Handler = Callable[[Any, Grants], Message | Serialized]


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of an HTTP request that matter."""

    verb: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer. `waits` says that the server lets the client wait before it gives up (503)."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One method of a service: its request message and who handles it."""

    request: type[Message]
    handler: Handler


def method_of(target: str) -> tuple[str, str]:
    """Service and method that a path names, or two empty texts."""
    path = urlsplit(_single_slash(target)).path
    if not path.startswith(_PREFIX):
        return "", ""
    service, _, method = path.removeprefix(_PREFIX).partition("/")
    return service, method


class Twirp:
    """Routes requests to handlers. `handlers` maps service and method to what answers it."""

    def __init__(
        self,
        quirks: Quirks,
        key: str,
        secret: str,
        handlers: Mapping[str, Mapping[str, Handler]],
        clock_ahead: float = 0.0,
    ) -> None:
        self._key = key
        self._clock_ahead = clock_ahead
        self._secret = secret
        self._quirks = quirks
        self._routes = {
            service: _routes(service, handlers.get(service, {}), quirks.missing_methods)
            for service in _SERVICES
        }

    def answer(self, request: Request) -> Reply:
        """The answer to a request, with its effects done."""
        target = urlsplit(_single_slash(request.target))
        parameter = parse_qs(target.query).get("access_token", [""])[0]
        try:
            header, now = request.headers.get("Authorization", ""), time.time() + self._clock_ahead
            grants = auth.check(header, parameter, self._key, self._secret, now)
        except auth.Unauthorized as error:
            return Reply(401, str(error).encode(), _TEXT)
        if target.path == "/":
            return Reply(200, b"OK", _TEXT)
        service, method = method_of(target.path)
        if service not in self._routes:
            return Reply(404, b"404 page not found\n", _TEXT)
        if target.path == _PREFIX + service:
            return Reply(307, b"", {"Location": target.path + "/"})
        try:
            return self._call(service, method, request, target.path, grants)
        except TwirpError as error:
            return Reply(error.status, error.body, {"Content-Type": _JSON}, error.code)
        except NoServer:
            gone = wrapped("unavailable", "no response from servers")
            return Reply(gone.status, gone.body, {"Content-Type": _JSON}, gone.code, waits=True)

    def _call(
        self, service: str, method: str, request: Request, path: str, grants: Grants
    ) -> Reply:
        if request.verb != "POST":
            text = f"unsupported method {quote(request.verb)} (only POST is allowed)"
            raise _bad_route(text, request.verb, path)
        route = self._routes[service].get(method)
        if route is None:
            raise _bad_route(f"no handler for path {quote(path)}", request.verb, path)
        header = request.headers.get("Content-Type", "")
        match header.partition(";")[0].strip().lower():
            case "application/json":
                question = self._from_json(route.request, request.body)
                answer = route.handler(question, grants)
                return Reply(200, self._to_json(answer), {"Content-Type": _JSON})
            case "application/protobuf":
                question = _from_binary(route.request, request.body)
                answer = route.handler(question, grants)
                return Reply(200, _to_binary(answer), {"Content-Type": _BINARY})
            case _:
                text = f"unexpected Content-Type: {quote(header)}"
                raise _bad_route(text, request.verb, path)

    def _from_json(self, kind: type[Message], body: bytes) -> Message:
        try:
            # Go's decoder reads one value and does not look at what follows (measured).
            document, _ = json.JSONDecoder().raw_decode(body.decode().lstrip())
            if not isinstance(document, dict):
                raise json_format.ParseError("not an object")
            known = self._without_unknown(document, kind.DESCRIPTOR)
            return json_format.ParseDict(known, kind(), ignore_unknown_fields=True)
        except (ValueError, json_format.ParseError) as error:
            raise TwirpError("malformed", "the json request could not be decoded") from error

    def _without_unknown(self, document: dict[str, Any], kind: Any) -> dict[str, Any]:
        """The document without fields this server does not know, whatever stands in them."""
        kept = {}
        for key, value in document.items():
            # The library breaks on a key that is half of a character; its own are ASCII.
            name = key if key.isascii() else ""
            known = kind.fields_by_name.get(name) or kind.fields_by_camelcase_name.get(name)
            if known is None or not self._quirks.knows(kind.name, known.name):
                continue
            kept[key] = self._value_without_unknown(value, known)
        return kept

    def _value_without_unknown(self, value: Any, known: Any) -> Any:
        inner = known.message_type
        if inner is None or inner.file.package.startswith("google."):
            return value
        if inner.GetOptions().map_entry:
            inner = inner.fields_by_name["value"].message_type
            if inner is None or not isinstance(value, dict):
                return value
            return {key: self._item(item, inner) for key, item in value.items()}
        if isinstance(value, list):
            return [self._item(item, inner) for item in value]
        return self._item(value, inner)

    def _item(self, value: Any, kind: Any) -> Any:
        return self._without_unknown(value, kind) if isinstance(value, dict) else value

    def _to_json(self, answer: Message | Serialized) -> bytes:
        if isinstance(answer, Serialized):
            message = answer.answer()
            message.ParseFromString(answer.encode())
        else:
            message = type(answer)()
            message.CopyFrom(answer)
        self._forget_unknown(message)
        try:
            document = json_format.MessageToDict(
                message,
                preserving_proto_field_name=True,
                always_print_fields_with_no_presence=True,
            )
        except json_format.SerializeToJsonError as error:
            # One stored duration that JSON cannot show makes every list as JSON fail (measured).
            text = f"failed to marshal json response: {error}"
            raise TwirpError("internal", text) from error
        self._show_unset(document, message.DESCRIPTOR)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def _forget_unknown(self, message: Message) -> None:
        """Clear the fields this server does not know, at every depth."""
        for known, value in message.ListFields():
            if not self._quirks.knows(message.DESCRIPTOR.name, known.name):
                message.ClearField(known.name)
            elif known.message_type is None or known.message_type.GetOptions().map_entry:
                continue
            elif _is_repeated(known):
                for item in value:
                    self._forget_unknown(item)
            else:
                self._forget_unknown(value)

    def _show_unset(self, document: dict[str, Any], kind: Any) -> None:
        """Show unset messages as null, as Go does, and leave out what this server does not know."""
        for known in kind.fields:
            name, inner = known.name, known.message_type
            if not self._quirks.knows(kind.name, name):
                document.pop(name, None)
            elif inner is None or inner.GetOptions().map_entry:
                continue
            elif name not in document:
                if known.containing_oneof is None and not _is_repeated(known):
                    document[name] = None
            elif not inner.file.package.startswith("google."):
                value = document[name]
                for item in value if _is_repeated(known) else [value]:
                    self._show_unset(item, inner)


_SERVICES = {
    "SIP": sip.DESCRIPTOR,
    "RoomService": room.DESCRIPTOR,
    "AgentDispatchService": agent_dispatch.DESCRIPTOR,
}


def _routes(
    service: str, handlers: Mapping[str, Handler], missing: frozenset[str]
) -> dict[str, Route]:
    """The routes of a service. A method that a server has and nobody handles here says so (501)."""
    described = _SERVICES[service].services_by_name[service]
    return {
        method.name: Route(
            message_factory.GetMessageClass(method.input_type),
            handlers.get(method.name) or _not_emulated(service, method.name),
        )
        for method in described.methods
        if method.name not in missing
    }


def _is_repeated(known: Any) -> bool:
    """Whether a field is a list; protobuf before 6.31 has no word for it, later ones deprecate the label."""
    if hasattr(known, "is_repeated"):
        return bool(known.is_repeated)
    return bool(known.label == known.LABEL_REPEATED)


def _not_emulated(service: str, method: str) -> Handler:
    def refuse(request: Message, grants: Grants) -> Message:
        raise TwirpError("unimplemented", f"the emulator does not emulate {service}.{method}")

    return refuse


def _bad_route(text: str, verb: str, path: str) -> TwirpError:
    return TwirpError("bad_route", text, {"twirp_invalid_route": f"{verb} {path}"})


def _single_slash(target: str) -> str:
    """One of two leading slashes is forgiven (measured)."""
    return target[1:] if target.startswith("//") else target


def _from_binary(kind: type[Message], body: bytes) -> Message:
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise TwirpError("malformed", "the protobuf request could not be decoded") from error


def _to_binary(answer: Message | Serialized) -> bytes:
    return answer.encode() if isinstance(answer, Serialized) else answer.SerializeToString()
