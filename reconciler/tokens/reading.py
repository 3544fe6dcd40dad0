"""Takes a JWT apart without trusting it: its header, its claims, and what it says about a room.

The signature is not looked at here, and nothing here has a view on what a token should say. Whatever the text is, the
outcome is a `ReadToken` or `NotAToken`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from reconciler.tokens.errors import NotAToken

Json: TypeAlias = Any
"""What JSON can hold: it comes from outside, and is looked at before it is used."""

LONGEST = 1_000_000
_DEEPEST = 50
_PART = re.compile(r"[A-Za-z0-9_-]*")
_BEARER = re.compile(r"(?:authorization:\s*)?bearer\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReadToken:
    """A token in parts. `text` is the token itself, which is never to be shown."""

    text: str
    header: Mapping[str, Json]
    claims: Mapping[str, Json]

    def __repr__(self) -> str:
        return f"ReadToken({len(self.text)} characters)"

    @property
    def algorithm(self) -> str:
        """How it says that it is signed."""
        return text_of(self.header.get("alg"))

    @property
    def video(self) -> Mapping[str, Json]:
        """The grants, none where they are no mapping."""
        return mapping_of(self.claims.get("video"))

    @property
    def room(self) -> str:
        """The room that it is for, "" where it names none."""
        return text_of(self.video.get("room"))

    @property
    def identity(self) -> str:
        """Who joins with it."""
        return text_of(self.claims.get("sub"))

    @property
    def issuer(self) -> str:
        """The API key that it was signed for."""
        return text_of(self.claims.get("iss"))

    @property
    def expires(self) -> float | None:
        """Until when it is good, in seconds since the epoch; None where it does not say so."""
        return time_of(self.claims.get("exp"))

    @property
    def begins(self) -> float | None:
        """From when it is good on."""
        return time_of(self.claims.get("nbf"))

    @property
    def config(self) -> Mapping[str, Json]:
        """The room configuration as it stands there."""
        return mapping_of(self.claims.get("roomConfig"))


def read_token(text: str) -> ReadToken:
    """The parts of a token; white space around it and a `Bearer` in front are taken off. Raises `NotAToken`."""
    text = text.strip()
    if found := _BEARER.match(text):
        text = text[found.end() :]
    if not text:
        raise NotAToken("there is no token: the text is empty; pass the whole JWT")
    if len(text) > LONGEST:
        raise NotAToken(
            f"this is no token: it has more than {LONGEST:,} characters; pass the JWT alone"
        )
    parts = text.split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise NotAToken(
            "this is no JWT: one has three parts of letters, digits, - and _ between dots; pass the whole of it"
        )
    header, claims = (
        _decoded(part, name) for part, name in zip(parts, ("header", "claims"), strict=False)
    )
    return ReadToken(text, header, claims)


def _decoded(part: str, name: str) -> Mapping[str, Json]:
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        value = json.loads(data.decode(), parse_constant=_no_constant)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise NotAToken(
            f"this is no JWT: its {name} cannot be read; pass the whole of it"
        ) from error
    if not isinstance(value, dict):
        raise NotAToken(f"this is no JWT: its {name} are no JSON object; pass the whole of it")
    if _depth(value) > _DEEPEST:
        raise NotAToken(f"this is no token of LiveKit's: its {name} are nested too deep to be read")
    return value


def _no_constant(name: str) -> Json:
    raise ValueError(name)


def _depth(value: Json) -> int:
    """How deep a value is nested, found without recursion."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        depth += 1
        level = [below for one in level for below in _inside(one)]
    return depth


def _inside(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def text_of(value: Json) -> str:
    """A text, "" for anything else."""
    return value if isinstance(value, str) else ""


def mapping_of(value: Json) -> Mapping[str, Json]:
    """A mapping, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def time_of(value: Json) -> float | None:
    """A moment that a clock can show, in seconds since the epoch."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Up to the year 9999, which is as far as anybody can write a date.
    return float(value) if 0 <= value < 253_402_300_800 else None
