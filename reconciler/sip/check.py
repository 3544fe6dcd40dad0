"""What LiveKit would refuse about one object, found before it is sent (SIP-SEMANTICS 34-38)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Fields
from reconciler.core.values import AgentList, Secret
from reconciler.sip.era import Era
from reconciler.sip.headers import RESERVED
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, OUTBOUND_TRUNK

_HEADER_NAME = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]{1,255}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
# Compared without regard to case. To and Via are not among them; the one-letter forms of both are (SIP-SEMANTICS 36).
# A URI in place of a host: LiveKit looks for these anywhere, and for a scheme at the start only.
_NOT_IN_ADDRESS = ("transport=", "@", ";")
_NOT_AT_START = ("sips:", "sip:")
_MAX_VALUE = 1024
# What RoomAgentDispatch has gained since.
_NEW_TO_AGENTS = ("attributes", "deployment", "restart_policy")


def check_object(one: Desired, era: Era) -> Iterator[Finding]:
    """Errors for which the server would refuse the object, each at the field that is to blame.

    What the description of a field says already (a status of 400-699, ten minutes, the name of a codec) is refused
    when the file is read, whatever the server's era.
    """
    kind = KIND_BY_NAME[one.kind]
    if kind is INBOUND_TRUNK:
        yield from _check_inbound(one)
    elif kind is OUTBOUND_TRUNK:
        yield from _check_outbound(one, era)
    if kind is not DISPATCH_RULE:
        yield from _check_headers(one)


def check_honoured(one: Desired, fields: Fields, era: Era) -> Iterator[Finding]:
    """Warnings for what servers of the old era store, return and never act on (SIP-SEMANTICS 40).

    `fields` are those the object will have, its agents included.
    """
    if era is not Era.OLD:
        return
    kind = KIND_BY_NAME[one.kind]
    for path in sorted(fields):
        value = fields[path]
        if kind.field(path).since is not None:
            yield _unhonoured(one, path, path)
        elif isinstance(value, AgentList):
            told = {
                name for agent in value.entries for name in _NEW_TO_AGENTS if getattr(agent, name)
            }
            for name in sorted(told):
                yield _unhonoured(one, path, f"{name} of an agent")


def _unhonoured(one: Desired, path: str, what: str) -> Finding:
    return Finding(
        "unhonoured-field",
        Severity.WARNING,
        f"sip.{KIND_BY_NAME[one.kind].section}.{one.name}.{path}",
        f"this server stores {what} and does not act on it",
        "it needs livekit-server 1.13 or newer; where yours is newer, say so in project.server",
        one.origin.mark(path),
    )


def _check_inbound(one: Desired) -> Iterator[Finding]:
    """SIP-SEMANTICS 34: something must tell calls apart; what stands in the lists is not looked at."""
    guards = ("auth.username", "auth.password", "allowed_addresses", "numbers")
    if not any(path in one.fields for path in guards):
        message = "LiveKit refuses a trunk that would take any call: it has no number, no address and no password"
        fix = "list numbers, allowed_addresses or auth"
        yield _error(one, "open-trunk", "numbers", message, fix)


def _check_outbound(one: Desired, era: Era) -> Iterator[Finding]:
    """SIP-SEMANTICS 35: a host is no URI. That there is one, and a number, is seen to when the file is read."""
    paths = ("address",) if era is Era.OLD else ("address", "from_host")
    for path in paths:
        text = one.fields.get(path)
        if not isinstance(text, str):
            continue
        found = next((part for part in _NOT_IN_ADDRESS if part in text), None)
        found = found or next((part for part in _NOT_AT_START if text.startswith(part)), None)
        if found is not None:
            message = f'LiveKit refuses "{found}" in {path}'
            fix = "write the host alone; the transport has a field of its own"
            yield _error(one, "bad-address", path, message, fix)


def _check_headers(one: Desired) -> Iterator[Finding]:
    """SIP-SEMANTICS 36 and 37: names of headers wherever they stand, values and forbidden names of those added."""
    for path, value in one.fields.items():
        group, _, rest = path.partition(".")
        if group == "headers":
            yield from _check_header_name(one, path, rest)
            if rest.lower() in RESERVED:
                message = f"LiveKit sets the header {rest} itself and refuses it here"
                yield _error(one, "bad-header", path, message, "remove it")
            text = value.reveal() if isinstance(value, Secret) else None
            if text is not None and not _is_header_value(text):
                fix = f"at most {_MAX_VALUE} bytes, and no control characters"
                yield _error(one, "bad-header", path, "LiveKit refuses the value", fix)
        elif group == "headers_to_attributes":
            yield from _check_header_name(one, path, rest)
        elif group == "attributes_to_headers" and isinstance(value, str):
            yield from _check_header_name(one, path, value)


def _is_header_value(text: str) -> bool:
    return _HEADER_VALUE.fullmatch(text) is not None and len(text.encode()) <= _MAX_VALUE


def _check_header_name(one: Desired, path: str, name: str) -> Iterator[Finding]:
    if not _HEADER_NAME.fullmatch(name):
        fix = "1-255 letters, digits or -.!%*_+`'~"
        shown = name if len(name) <= 60 else f"{name[:60]}…"
        message = f"LiveKit refuses the header name {shown!r}"
        yield _error(one, "bad-header", path, message, fix)


def _error(one: Desired, code: str, field: str, message: str, fix: str) -> Finding:
    path = f"sip.{KIND_BY_NAME[one.kind].section}.{one.name}.{field}"
    return Finding(code, Severity.ERROR, path, message, fix, one.origin.mark(field))
