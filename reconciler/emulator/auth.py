"""Who may call: the JWT of a request, checked as livekit-server checks it, and the grants it carries.

A request without a token passes this module and fails later, when its method asks for a grant; a request with a bad
token fails here, whatever its path (measured). The texts are the server's own. One of them quotes the whole token,
which is why clients must not show the body of a 401.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import math
from dataclasses import dataclass
from typing import Any

from reconciler.emulator.errors import TwirpError

_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}

# go-jose's default: clocks may differ by a minute (measured: 30 s late passes, 100 s late does not).
_LEEWAY = 60.0

_HEADER = "Bearer "
_BAD_HEADER = "invalid authorization header. Must start with Bearer "
_BAD_TOKEN = "invalid authorization token"  # noqa: S105 - a message


class Unauthorized(Exception):
    """The web server in front of Twirp answers a bare 401 with this text."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What a request may do. Without a token: nothing."""

    sip_admin: bool = False
    sip_call: bool = False
    room_create: bool = False
    room_list: bool = False
    room_admin: bool = False
    room: str = ""

    def need_sip_admin(self) -> None:
        _need(self.sip_admin)

    def need_sip_call(self) -> None:
        _need(self.sip_call)

    def need_room_create(self) -> None:
        _need(self.room_create)

    def need_room_list(self) -> None:
        _need(self.room_list)

    def need_room_admin(self, room: str) -> None:
        """Admin of exactly this room; a token without a room name is admin of the room "" only (measured)."""
        _need(self.room_admin and self.room == room)


NOBODY = Grants()


def _need(granted: bool) -> None:
    if not granted:
        raise TwirpError("unauthenticated", "permissions denied")


def check(header: str, parameter: str, key: str, secret: str, now: float) -> Grants:
    """The grants of a request with this `Authorization` header or `access_token` parameter at a time of the server's.

    Raises `Unauthorized` for a token that is not good.
    """
    if header:
        if not header.startswith(_HEADER):
            raise Unauthorized(_BAD_HEADER)
        token = header.removeprefix(_HEADER)
    else:
        token = parameter
    if not token:
        return NOBODY
    claims, algorithm = _parse(token)
    issuer = claims.get("iss", "")
    if issuer != key:
        raise Unauthorized(f"invalid API key: {issuer}")
    problem = _signature_problem(token, algorithm, secret) or _time_problem(claims, now)
    if problem is None:
        try:
            return _grants(claims)
        except TypeError as error:
            problem = str(error)
    raise Unauthorized(f"invalid token: {token}, error: {problem}")


def _parse(token: str) -> tuple[dict[str, Any], str]:
    parts = token.split(".")
    try:
        if len(parts) != 3:
            raise ValueError(token)
        header, claims = (json.loads(_decode(part)) for part in parts[:2])
        _decode(parts[2])
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise TypeError(token)
        return claims, str(header.get("alg", ""))
    except (ValueError, TypeError) as error:
        raise Unauthorized(_BAD_TOKEN) from error


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(part) from error


def _signature_problem(token: str, algorithm: str, secret: str) -> str | None:
    signed, _, signature = token.rpartition(".")
    digest = _HASHES.get(algorithm)
    if digest is None or not hmac.compare_digest(
        hmac.new(secret.encode(), signed.encode(), digest).digest(), _decode(signature)
    ):
        return "go-jose/go-jose: error in cryptographic primitive"
    return None


def _time_problem(claims: dict[str, Any], now: float) -> str | None:
    bounds = (
        ("nbf", "token not valid yet (nbf)", -math.inf, now + _LEEWAY),
        ("exp", "token is expired (exp)", now - _LEEWAY, math.inf),
        ("iat", "token issued in the future (iat)", -math.inf, now + _LEEWAY),
    )
    for name, text, least, most in bounds:
        value = claims.get(name)
        if isinstance(value, int | float) and not least <= value <= most:
            return "go-jose/go-jose/jwt: validation failed, " + text
    return None


def _grants(claims: dict[str, Any]) -> Grants:
    video, sip = _table(claims, "video"), _table(claims, "sip")
    return Grants(
        sip_admin=_flag(sip, "admin"),
        sip_call=_flag(sip, "call"),
        room_create=_flag(video, "roomCreate"),
        room_list=_flag(video, "roomList"),
        room_admin=_flag(video, "roomAdmin"),
        room=str(video.get("room", "")),
    )


def _table(claims: dict[str, Any], name: str) -> dict[str, Any]:
    value = claims.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"json: cannot unmarshal {_go_type(value)} into Go value of type object")
    return value


def _flag(table: dict[str, Any], name: str) -> bool:
    value = table.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise TypeError(f"json: cannot unmarshal {_go_type(value)} into Go value of type bool")


def _go_type(value: object) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"
