"""The claims of a token as they may be shown: a line for each value, without the signature.

What applications put into a token for their agents and participants is theirs: keys are shown, values only to somebody
who asks for them. What is written to a recording's destination may hold a password, and is never shown, nor is a claim
that nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.tokens.metadata import json_object, quoted
from reconciler.tokens.reading import Json, ReadToken

_MOST = 200
_LONGEST_KEY = 120
# Values that are LiveKit's own, and those that are the application's; all others stay hidden.
_OPEN = re.compile(
    r"iss|sub|name|kind|exp|nbf|iat|roomPreset|video\..*|sip\.(?:admin|call)"
    r"|roomConfig\.(?:name|emptyTimeout|departureTimeout|maxParticipants|minPlayoutDelay|maxPlayoutDelay|syncStreams)"
    r"|roomConfig\.agents\[\d+\]\.(?:agentName|agent_name|restartPolicy|restart_policy|deployment)"
)
_OF_APPLICATION = re.compile(
    r"(?:metadata|attributes|roomConfig\.(?:metadata|tags)|roomConfig\.agents\[\d+\]\.(?:metadata|attributes))"
    r"(?:[.\[].*)?",
    re.DOTALL,
)
_WORD = re.compile(r"[\w-]+")
_METADATA = re.compile(r"metadata|roomConfig\.(?:agents\[\d+\]\.)?metadata")


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """A value and where it stands; None where it is hidden."""

    path: str
    value: Json
    is_hidden: bool = False


def shown_claims(token: ReadToken, *, values: bool = False) -> tuple[ShownClaim, ...]:
    """The claims in the order of the token, at most 200 of them. `values`: those of the application as well."""
    found: list[ShownClaim] = []
    for path, value in _leaves("", dict(token.claims)):
        is_shown = bool(_OPEN.fullmatch(path)) or (
            values and _OF_APPLICATION.fullmatch(path) is not None
        )
        found.append(ShownClaim(path, value if is_shown else None, not is_shown))
        if len(found) == _MOST:
            break
    return tuple(found)


def _leaves(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    """Values that hold no others, with their paths; metadata that is a JSON object is opened."""
    if isinstance(value, str) and _METADATA.fullmatch(path):
        value = json_object(value) or value
        if isinstance(value, dict):
            yield from ((_below(path, key), one) for key, one in value.items())
            return
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _leaves(_below(path, key), one)
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            yield from _leaves(f"{path}[{index}]", one)
    else:
        yield path, value


def _below(path: str, key: str) -> str:
    """The path of a key. One that is no plain word is quoted, so that it cannot pass for another path."""
    key = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}…"
    if not _WORD.fullmatch(key):
        return f"{path}[{quoted(key)}]"
    return f"{path}.{key}" if path else key
