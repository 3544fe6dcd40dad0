"""Which SIP objects and field updates LiveKit refuses by themselves, whatever else is stored (SIP-SEMANTICS 34-39, 42).

Each `check_*` function raises `Refusal` with LiveKit's words. Which Twirp code a refusal becomes depends on the
call and is decided in `sip.py`; conflicts between objects are checked there, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from livekit.protocol import models, sip

from reconciler.emulator.errors import quote
from reconciler.emulator.quirks import Quirks
from reconciler.sip.headers import RESERVED

_TOKEN = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.!%*_+`'~")
_OLD_HEADER = re.compile(r"[a-zA-Z][a-zA-Z0-9\-]*")
_LONGEST_NAME = 255
_LONGEST_VALUE = 1024
_SECURITY = "for security, one of the fields must be set: AuthUsername+AuthPassword, AllowedAddresses or Numbers"
_LONGEST_MEDIA_TIMEOUT = 600


class Refusal(Exception):
    """LiveKit refuses the object; the text is LiveKit's."""


class SecurityRefusal(Refusal):
    """The refusal of SIP-SEMANTICS 34, which a field update words differently on new servers (43)."""


class _Trunk(Protocol):
    """The fields both kinds of trunk have and checks look at."""

    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def headers_to_attributes(self) -> Mapping[str, str]: ...
    @property
    def attributes_to_headers(self) -> Mapping[str, str]: ...


def check_inbound(trunk: sip.SIPInboundTrunkInfo, quirks: Quirks) -> None:
    """SIP-SEMANTICS 34, 36-38."""
    if not (trunk.auth_username or trunk.auth_password or trunk.allowed_addresses or trunk.numbers):
        raise SecurityRefusal(_SECURITY)
    if quirks.validates_new_fields:
        status = trunk.ringing_timeout_status
        if status and not 400 <= status <= 699:
            raise Refusal(f"ringing timeout status must be 4xx-6xx, got {status}")
        _check_media(trunk.media)
    _check_headers(trunk, quirks)


def check_outbound(trunk: sip.SIPOutboundTrunkInfo, quirks: Quirks) -> None:
    """SIP-SEMANTICS 35-38."""
    if not trunk.numbers:
        raise Refusal("no trunk numbers specified")
    if not trunk.address:
        raise Refusal("no outbound address specified")
    _check_host(trunk.address, "address")
    if quirks.validates_new_fields:
        _check_host(trunk.from_host, "from_host")
        _check_media(trunk.media)
    _check_headers(trunk, quirks)


def check_rule(rule: sip.SIPDispatchRuleInfo, quirks: Quirks) -> None:
    """SIP-SEMANTICS 39: a rule that names no kind passes here and fails among the conflicts (12)."""
    if not rule.HasField("rule"):
        raise Refusal("missing rule")
    if quirks.validates_new_fields:
        _check_media(rule.media)


def check_list_update(update: models.ListUpdate) -> None:
    """SIP-SEMANTICS 42: `clear`, or `set`, or `add` and `remove`, and never an empty element."""
    changes = bool(update.set or update.add or update.remove)
    if not update.clear and not changes:
        raise Refusal("unsupported list update operation")
    if update.clear and changes:
        raise Refusal("cannot clear and change the list at the same time")
    if update.set and (update.add or update.remove):
        raise Refusal("cannot set and change the list at the same time")
    if "" in (*update.set, *update.add, *update.remove):
        raise Refusal("empty element in the list")


def _check_host(host: str, name: str) -> None:
    if "transport=" in host:
        raise Refusal("trunk transport should be set as a field, not a URI parameter")
    if set("@;") & set(host) or host.startswith(("sip:", "sips:")):
        raise Refusal(f"trunk {name} should be a hostname or IP, not SIP URI")


def _check_headers(trunk: _Trunk, quirks: Quirks) -> None:
    if not quirks.strict_headers:
        names = (
            *trunk.headers,
            *trunk.headers_to_attributes,
            *trunk.attributes_to_headers.values(),
        )
        for name in names:
            if not _OLD_HEADER.fullmatch(name):
                raise Refusal(f"invalid header name: {quote(name)}")
        return
    for name, value in trunk.headers.items():
        _check_header_name(name, restricted=True)
        _check_header_value(name, value)
    for name in (*trunk.attributes_to_headers.values(), *trunk.headers_to_attributes):
        _check_header_name(name, restricted=False)


def _check_header_name(name: str, *, restricted: bool) -> None:
    if not name:
        raise Refusal("invalid header name: header name cannot be empty")
    if len(name.encode()) > _LONGEST_NAME:
        raise Refusal("invalid header name: header name too long (max 255 characters)")
    for character in name:
        if character not in _TOKEN:
            problem = _unfit(character)
            raise Refusal(
                f"invalid header name: header name {name} contains invalid characters: {problem}"
            )
    if restricted and name.lower() in RESERVED:
        raise Refusal(f"invalid header name: header name {name} not supported")


def _check_header_value(name: str, value: str) -> None:
    prefix = f"invalid header value for {name}: header {name}: value"
    if len(value.encode()) > _LONGEST_VALUE:
        raise Refusal(f"{prefix} too long (max 1024 characters)")
    for character in value:
        if character != "\t" and (ord(character) < 0x20 or ord(character) == 0x7F):
            raise Refusal(f"{prefix}: {_unfit(character)}")


def _unfit(character: str) -> str:
    if ord(character) >= 0x80:
        return f"char {ord(character)} out of range, consider explicilty adding utf8 characters"
    return f"char {ord(character)} not allowed"


def _check_media(media: sip.SIPMediaConfig) -> None:
    """SIP-SEMANTICS 38, in the words of 1.13.11 (measured)."""
    codecs: Sequence[sip.SIPCodec] = media.codecs
    for codec in codecs:
        if not codec.name:
            raise Refusal("missing codec name")
        if "/" in codec.name:
            raise Refusal("codec name must not contain '/'")
        if any(character.isspace() for character in codec.name):
            raise Refusal("invalid codec name")
    timeout = media.media_timeout
    total = timeout.seconds + timeout.nanos / 1e9
    if total < 0:
        raise Refusal("media_timeout must not be negative")
    if total > _LONGEST_MEDIA_TIMEOUT:
        raise Refusal("media_timeout must not exceed 10m0s")
