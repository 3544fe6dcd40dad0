"""Calls as lines of JSON: `{"from": …, "to": …}` and what else is known, one call a line.

A line is read by msgspec in one go; only one that it refuses is looked at again, for a message that says what to do.
"""

from __future__ import annotations

import json

import msgspec

from reconciler.config.suggest import closest, listing
from reconciler.render.escape import escape, shorten
from reconciler.sip.routing.call import Call, well_formed


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    caller: str = msgspec.field(name="from")
    called: str = msgspec.field(name="to")
    source_ip: str | None = None
    from_host: str | None = None
    pin: str | None = None
    no_pin: bool | None = None


KEYS = ("from", "to", "source_ip", "from_host", "pin", "no_pin")
_NEEDED = ("from", "to")
_LINE = msgspec.json.Decoder(_Line)


class BadLine(Exception):
    """A line that is no call; says in one sentence why."""


def read_call(line: bytes) -> Call:
    """The call in a line. Raises `BadLine`."""
    try:
        read = _LINE.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        read = _read_again(line)
    return call_of(
        read.caller,
        read.called,
        read.source_ip or "",
        read.from_host or "",
        read.pin or "",
        read.no_pin or False,
    )


def call_of(
    caller: str, called: str, source_ip: str, from_host: str, pin: str, no_pin: bool
) -> Call:
    """A call of texts from outside; what is no character arrives as U+FFFD, as it does at a server."""
    return Call(
        well_formed(caller),
        well_formed(called),
        well_formed(source_ip),
        well_formed(from_host),
        well_formed(pin),
        no_pin,
    )


def _read_again(line: bytes) -> _Line:
    """What msgspec refuses: half a surrogate pair is read all the same, the rest gets its sentence."""
    try:
        # No key takes a number: one of thousands of digits is refused as any other is.
        found = json.loads(line.strip(), parse_int=float)
    except json.JSONDecodeError as error:
        raise BadLine(f"not JSON: {error.msg} (column {error.colno})") from error
    except UnicodeDecodeError as error:
        raise BadLine(f"not JSON: not UTF-8 (byte {error.start + 1})") from error
    except RecursionError as error:
        raise BadLine("not JSON that anybody can read: too many brackets in each other") from error
    if not isinstance(found, dict):
        raise BadLine('not a call: write {"from": "+15550100099", "to": "+15550100001"}')
    for key, value in found.items():
        if key not in KEYS:
            fix = closest(key, KEYS) or listing(KEYS)
            raise BadLine(f'a call has no "{_shown(key)}" - {fix}')
        wanted = bool if key == "no_pin" else str
        if not (isinstance(value, wanted) or (value is None and key not in _NEEDED)):
            what = "true or false" if wanted is bool else "a text in quotes"
            raise BadLine(f'"{key}" must be {what}')
    missing = [key for key in _NEEDED if key not in found]
    if missing:
        raise BadLine(f'a call needs "{missing[0]}"; "" is a call without one')
    return msgspec.convert(found, _Line)


def _shown(key: str) -> str:
    return shorten(escape(key), 60)
