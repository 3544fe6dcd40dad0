"""What LiveKit would refuse about one object, found before it is sent (SIP-SEMANTICS 34-38), and conflicts of many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Live
from reconciler.core.values import Secret
from reconciler.sip.conflicts import find_conflicts
from reconciler.sip.era import Era
from reconciler.sip.occupancy import describe_slot, slots_of
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, OUTBOUND_TRUNK

_HEADER_NAME = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]{1,255}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
_FORBIDDEN_HEADERS = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-language",
        "allow",
        "allow-events",
        "call-id",
        "contact",
        "content-encoding",
        "content-length",
        "content-type",
        "cseq",
        "event",
        "expires",
        "from",
        "max-forwards",
        "record-route",
        "refer-to",
        "reply-to",
        "k",
        "l",
        "m",
        "o",
        "r",
        "t",
        "u",
        "v",
    ]
)
_NOT_IN_ADDRESS = ("transport=", "@", ";", "sip:", "sips:")


def check_object(one: Desired, era: Era) -> Iterator[Finding]:
    """Errors for which the server would refuse the object, each at the field that is to blame."""
    kind = KIND_BY_NAME[one.kind]
    if kind is INBOUND_TRUNK:
        yield from _check_inbound(one)
    elif kind is OUTBOUND_TRUNK:
        yield from _check_outbound(one, era)
    if kind is not DISPATCH_RULE:
        yield from _check_headers(one)


def check_self_conflict(one: Desired, era: Era) -> Iterator[Finding]:
    """An object that occupies a slot twice (SIP-SEMANTICS 8, 11)."""
    for conflict in find_conflicts([(one.name, slots_of(one.kind, one.fields, era))])[:1]:
        yield _error(
            one,
            "self-conflict",
            "trunks" if one.kind == DISPATCH_RULE.name else "numbers",
            f"one entry stands twice, perhaps in two spellings: LiveKit takes this as a conflict over "
            f"{describe_slot(conflict.slot)}",
            "remove one of the two",
        )


def _check_inbound(one: Desired) -> Iterator[Finding]:
    guards = ("auth.username", "auth.password", "allowed_addresses", "numbers")
    if not any(path in one.fields for path in guards):
        yield _error(
            one,
            "open-trunk",
            "numbers",
            "LiveKit refuses a trunk that would take any call: it has no number, no address and no password",
            "list numbers, allowed_addresses or auth",
        )


def _check_outbound(one: Desired, era: Era) -> Iterator[Finding]:
    paths = ("address",) if era is Era.OLD else ("address", "from_host")
    for path in paths:
        text = one.fields.get(path)
        found = next(
            (part for part in _NOT_IN_ADDRESS if isinstance(text, str) and part in text), None
        )
        if found is not None:
            fix = "write the host alone; the transport has a field of its own"
            yield _error(one, "bad-address", path, f'LiveKit refuses "{found}" in {path}', fix)


def _check_headers(one: Desired) -> Iterator[Finding]:
    for path, value in one.fields.items():
        group, _, rest = path.partition(".")
        if group == "headers":
            if rest.lower() in _FORBIDDEN_HEADERS:
                yield _error(
                    one, "bad-header", path, f"LiveKit sets the header {rest} itself", "remove it"
                )
            yield from _check_header_name(one, path, rest)
            text = value.reveal() if isinstance(value, Secret) else None
            if text is not None and (
                len(text.encode()) > 1024 or not _HEADER_VALUE.fullmatch(text)
            ):
                yield _error(
                    one,
                    "bad-header",
                    path,
                    "LiveKit refuses the value",
                    "at most 1024 bytes, no control characters",
                )
        elif group == "headers_to_attributes":
            yield from _check_header_name(one, path, rest)
        elif group == "attributes_to_headers" and isinstance(value, str):
            yield from _check_header_name(one, path, value)


def _check_header_name(one: Desired, path: str, name: str) -> Iterator[Finding]:
    if not _HEADER_NAME.fullmatch(name):
        fix = "1-255 letters, digits or -.!%*_+`'~"
        yield _error(one, "bad-header", path, f'LiveKit refuses the header name "{name}"', fix)


def _error(one: Desired, code: str, field: str, message: str, fix: str) -> Finding:
    path = f"sip.{KIND_BY_NAME[one.kind].section}.{one.name}.{field}"
    return Finding(code, Severity.ERROR, path, message, fix, one.origin.mark(field))


def check_conflicts(
    objects: Iterable[Desired | Live], era: Era, names: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Conflicts between objects that would all be live, a finding for each pair.

    One of the two is in the file wherever that is so for any of them: the finding stands there.
    """
    trunk_names = dict(names or {})
    seen: set[tuple[int, int]] = set()
    for conflict in find_conflicts((one, slots_of(one.kind, one.fields, era)) for one in objects):
        first, second = conflict.first, conflict.second
        pair = (id(first), id(second))
        if first is second or pair in seen:
            continue  # what conflicts with itself has a finding of its own
        seen.add(pair)
        here, other = (second, first) if isinstance(second, Desired) else (first, second)
        yield _conflict(here, other, describe_slot(conflict.slot, trunk_names))


def _conflict(here: Desired | Live, other: Desired | Live, slot: str) -> Finding:
    kind = KIND_BY_NAME[here.kind]
    what = "this trunk" if kind is INBOUND_TRUNK else "this rule"
    if isinstance(here, Live):
        return Finding(
            "live-conflict",
            Severity.ERROR,
            f"{kind.section}.{here.label}",
            f"the live {kind.title}s {here.label} ({here.id}) and {other.name or _id(other)} both take {slot}: "
            f"LiveKit fails such calls, and refuses changes near them",
            "list one of them with other numbers, or delete one",
        )
    if isinstance(other, Desired):
        where = f" ({other.origin.mark()})"
        fix = "tell them apart by numbers, callers or PIN, or remove one"
    else:
        where = f" ({other.id}, live and not in the file)"
        fix = "list it as well, give its name in renamed_from or its id in id, or delete it"
    return Finding(
        "conflict",
        Severity.ERROR,
        f"sip.{kind.section}.{here.name}",
        f"{what} and {other.name or _id(other)}{where} both take {slot}",
        fix,
        here.origin.mark(),
    )


def _id(one: Desired | Live) -> str:
    return one.id or one.name
