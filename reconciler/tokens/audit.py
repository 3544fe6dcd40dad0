"""What is wrong with a token: findings, each with a code, a sentence and a remedy. Pure: the clock is an argument.

Everything here was tried on a real server (`tests/tokens/test_real_server.py`): a problem keeps somebody from joining,
or an agent from coming; a warning may; a note is good to know. The codes are explained in docs/tokens.md and are never
renamed. What a token says about agents is judged in `audit_agents`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.core.finding import Severity
from reconciler.core.values import Secret
from reconciler.sip.era import Era
from reconciler.tokens.audit_agents import judge_agents, names_in
from reconciler.tokens.conventions import RoomConvention
from reconciler.tokens.judgement import TokenFinding, note, problem, warn
from reconciler.tokens.metadata import quoted
from reconciler.tokens.reading import ReadToken, time_of
from reconciler.tokens.signing import ALGORITHM, ALGORITHMS, is_signed_with

LEEWAY: Final = 60
"""Seconds by which LiveKit forgives a clock."""
LONG: Final = 24 * 3600
_LONGEST_NAME = 256
_LONG_TEXT = 8000
_ADMIN = {
    "video": ("roomCreate", "roomList", "roomRecord", "ingressAdmin"),
    "sip": ("admin", "call"),
}
_TYPES: Final[dict[str, tuple[type, str]]] = {
    "iss": (str, "a text"),
    "sub": (str, "a text"),
    "name": (str, "a text"),
    "metadata": (str, "a text: write a mapping as JSON"),
    "attributes": (dict, "a mapping of texts"),
    "video": (dict, "a mapping"),
    "roomConfig": (dict, "a mapping"),
    "roomPreset": (str, "a text"),
}


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """What the server says of the room: whether it lives, and the names of the agents asked for in it."""

    exists: bool
    dispatched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Against:
    """What a token is held against. None: not known, so nothing is said about it.

    `now` is in seconds since the epoch. `has_file`: whether a configuration was read at all.
    """

    now: float
    room: str | None = None
    convention: RoomConvention | None = None
    has_file: bool = False
    era: Era | None = None
    api_key: str | None = None
    api_secret: Secret | None = None
    live: LiveFacts | None = None


def audit(token: ReadToken, against: Against) -> tuple[TokenFinding, ...]:
    """All findings: problems first, and among them in the order in which LiveKit would stumble over them."""
    found = [
        *_signature(token, against),
        *_form(token),
        *_times(token, against.now),
        *_grants(token, against),
        *_names(token),
        *judge_agents(
            token,
            against.convention,
            has_file=against.has_file,
            era=against.era,
        ),
        *_live(token, against),
    ]
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: rank[finding.severity]))


def _signature(token: ReadToken, against: Against) -> Iterator[TokenFinding]:
    if token.algorithm not in ALGORITHMS:
        yield problem(
            "bad-algorithm",
            f"it is signed by {quoted(token.algorithm)}, which LiveKit refuses",
            f"sign it with {ALGORITHM} and the API secret",
        )
        return
    if token.algorithm != ALGORITHM:
        yield note(
            "unusual-algorithm",
            f"it is signed by {token.algorithm}, which servers take and nobody promises",
            f"sign it with {ALGORITHM}, as LiveKit's own libraries do",
        )
    if not token.issuer:
        yield problem(
            "no-issuer", "it does not say whose key signed it (iss)", "put the API key into iss"
        )
    elif against.api_key is None or against.api_secret is None:
        yield note(
            "signature-unchecked",
            "the signature was not checked: no key is known",
            "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
        )
    elif token.issuer != against.api_key:
        yield warn(
            "other-key",
            f"it was signed for the key {quoted(token.issuer)}, which is not the one of LIVEKIT_API_KEY: the "
            "signature was not checked",
            "see whether both keys belong to one project: a server refuses a key that it does not know",
        )
    elif not is_signed_with(token.text, against.api_secret):
        yield problem(
            "bad-signature",
            "the signature does not match LIVEKIT_API_SECRET: LiveKit answers 401",
            "sign it with the secret that belongs to this key, and change nothing in it afterwards",
        )


def _form(token: ReadToken) -> Iterator[TokenFinding]:
    """Claims of another type than LiveKit reads: it refuses the whole token."""
    for name, (kind, expected) in _TYPES.items():
        value = token.claims.get(name)
        if value is not None and not isinstance(value, kind):
            yield _bad_claim(name, expected)
    attributes = token.claims.get("attributes")
    if isinstance(attributes, dict) and not all(
        isinstance(one, str) for one in attributes.values()
    ):
        yield _bad_claim("attributes", "a mapping of texts")
    if "room_config" in token.claims:
        yield warn(
            "ignored-claim",
            "the claim room_config means nothing to LiveKit",
            "call it roomConfig",
        )
    if text := token.claims.get("roomPreset"):
        yield note(
            "room-preset",
            f"the room preset {quoted(str(text))} can bring agents that no API shows",
            "look into it in the dashboard: the hosted product has presets, other servers refuse the token",
        )


def _bad_claim(name: str, expected: str) -> TokenFinding:
    return problem(
        "bad-claim", f"the claim {name} is not {expected}: LiveKit refuses the token", "correct it"
    )


def _times(token: ReadToken, now: float) -> Iterator[TokenFinding]:
    for name in ("exp", "nbf", "iat"):
        value = token.claims.get(name)
        if value is not None and time_of(value) is None:
            yield _bad_claim(name, "a number of seconds since 1970")
    expires, begins = token.expires, token.begins
    if token.claims.get("exp") is None:
        yield warn(
            "no-expiry",
            "it is good for ever (no exp), and newer servers refuse such a token",
            "give it an hour: it is needed for joining only",
        )
    elif expires is not None and expires <= now:
        yield problem("expired", f"it expired {_ago(now - expires)} ago", "mint a new one")
    if begins is not None and begins > now + LEEWAY:
        yield problem(
            "not-yet-valid",
            f"it is not valid for another {_ago(begins - now)} (nbf)",
            "set nbf a minute back, or the clock of the machine that mints tokens right",
        )
    if expires is not None and expires - (begins if begins is not None else now) > LONG + LEEWAY:
        yield note(
            "long-lived",
            f"it can be used for {_ago(expires - (begins if begins is not None else now))}",
            "give it an hour: it is needed for joining only, not for staying",
        )


def _ago(seconds: float) -> str:
    """A length of time in the largest unit that fits."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count = round(seconds / size)
        if count >= 1 or unit == "second":
            return f"{count:,} {unit}" + ("" if count == 1 else "s")
    raise AssertionError("a second is the last unit")


def _grants(token: ReadToken, against: Against) -> Iterator[TokenFinding]:
    if token.video.get("roomJoin") is not True:
        yield problem(
            "no-room-join",
            "it does not let anybody join (video.roomJoin is not true)",
            "grant roomJoin",
        )
    if not token.room:
        yield problem("no-room", "it names no room (video.room)", "grant roomJoin for one room")
    elif against.room is not None and token.room != against.room:
        yield problem(
            "wrong-room",
            f"it is for the room {quoted(token.room)}, not for {quoted(against.room)}",
            "mint it for the room in which the participant is to be; names are compared letter by letter",
        )
    if not token.identity:
        yield problem("no-identity", "it does not say who joins (sub)", "put the identity into sub")
    for claim, grants in _ADMIN.items():
        own = token.claims.get(claim)
        granted = [one for one in grants if isinstance(own, dict) and own.get(one) is True]
        if granted:
            yield warn(
                "too-powerful",
                f"it grants {', '.join(f'{claim}.{one}' for one in granted)}, which reaches beyond one room",
                "leave that to the backend: whoever holds a participant's token can use it",
            )


def _names(token: ReadToken) -> Iterator[TokenFinding]:
    for what, text in (("identity", token.identity), ("room", token.room)):
        if len(text.encode(errors="replace")) > _LONGEST_NAME:
            yield problem(
                "name-too-long",
                f"the {what} is longer than {_LONGEST_NAME} bytes, which LiveKit refuses",
                "shorten it",
            )
    if len(token.text) > _LONG_TEXT:
        yield note(
            "long-token",
            f"it has {len(token.text):,} characters, and it travels in a URL: proxies cut off at 8 or 16 thousand",
            "pass a key in the metadata, and let the agent look the rest up",
        )


def _live(token: ReadToken, against: Against) -> Iterator[TokenFinding]:
    """The room exists already: a configuration counts only for whoever creates the room."""
    if against.live is None or not against.live.exists:
        return
    absent = sorted(set(names_in(token)) - set(against.live.dispatched))
    if absent:
        yield problem(
            "room-exists",
            f"the room exists already, so that this configuration is ignored: nobody asked for {_listed(absent)} in it",
            "make sure that whoever creates the room has the configuration, or end the room first",
        )
    elif token.config:
        yield note(
            "room-exists",
            "the room exists already, so that this configuration is ignored; its agents were asked for",
            "nothing: that is how it is for every participant but the first",
        )


def _listed(names: list[str]) -> str:
    return ", ".join(quoted(name) if name else "(unnamed)" for name in names)
