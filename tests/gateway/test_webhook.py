"""Webhooks: who sent one is checked before anything in it is read, and no hostile one does more than be refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.controller.events import Occurrence, event_of
from reconciler.core.values import Secret
from reconciler.errors import EndpointError
from reconciler.gateway.endpoint import Endpoint, endpoint_from
from reconciler.gateway.webhook import OLDEST, Webhook, WebhookRefused, read_webhook

NOW = 1_700_000_000.0
SECRET = "a-secret-that-is-long-enough-for-every-algorithm-that-jwt-knows-of"
KEY = "devkey"
ENDPOINT = Endpoint("http://127.0.0.1:7880", "127.0.0.1", KEY, Secret(SECRET))
TURN = "canary-turn-password"

STARTED = {
    "event": "room_started",
    "id": "EV_1",
    "createdAt": str(int(NOW)),
    "room": {
        "sid": "RM_1",
        "name": "call-1",
        "creationTime": str(int(NOW)),
        "creationTimeMs": "1700000000250",
        "turnPassword": TURN,
        "enabledCodecs": [{"mime": "audio/opus"}],
    },
}


def claims(body: bytes, **other: Any) -> dict[str, Any]:
    """What LiveKit signs."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    known = {"iss": KEY, "exp": NOW + 300, "nbf": NOW, "sha256": digest, **other}
    return {name: value for name, value in known.items() if value is not None}


def token(body: bytes, secret: str = SECRET, algorithm: str = "HS256", **other: Any) -> str:
    """The token in the header."""
    return jwt.encode(claims(body, **other), secret, algorithm)


def read(content: Any, now: float = NOW) -> Webhook:
    """What is read of a body that is signed as it should be."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_webhook(ENDPOINT, token(body), body, now)


def refused(authorization: str, body: bytes, now: float = NOW) -> tuple[int, str]:
    """Why a request is refused; nothing secret may stand in the error."""
    with pytest.raises(WebhookRefused) as error:
        read_webhook(ENDPOINT, authorization, body, now)
    text = f"{error.value} {error.value!r}"
    assert SECRET not in text
    assert TURN not in text
    assert "\n" not in str(error.value)
    return error.value.status, error.value.reason


def test_what_is_read() -> None:
    """The fields that count, times to the millisecond, and nothing else: a password of the room is not kept."""
    found = read(STARTED)
    assert found == Webhook(
        event="room_started",
        id="EV_1",
        room="call-1",
        session="RM_1",
        created_at=NOW,
        room_created_at=NOW + 0.25,
        kind="STANDARD",
    )
    assert TURN not in repr(found)


def test_what_a_newer_livekit_adds_is_passed_over() -> None:
    """Keys that nobody knows, at any depth, of any type: the webhook means what it meant without them."""
    newer = {
        **STARTED,
        "region": {"name": "moon", "zones": [1, None, {"a": []}]},
        "room": {**STARTED["room"], "orbit": 1e9, "": None},  # type: ignore[dict-item]
    }
    assert read(newer) == read(STARTED)


def test_an_agent_that_joined() -> None:
    """Who it is stands in its attributes, under either name; that of an unnamed worker is empty."""
    for attributes, name in (
        ({"lk.agent.name": "a", "lk.agent_name": "a"}, "a"),
        ({"lk.agent_name": "a"}, "a"),
        ({"lk.agent.name": ""}, ""),
        ({}, None),
    ):
        participant = {
            "identity": "agent-1",
            "kind": "AGENT",
            "attributes": attributes,
            "joinedAtMs": "1700000001500",
        }
        body = {**STARTED, "event": "participant_joined", "participant": participant}
        event = event_of(read(body), NOW + 2)
        assert event is not None
        assert (event.occurrence, event.session) == (Occurrence.AGENT_JOINED, "RM_1")
        assert (event.at, event.received_at) == (NOW + 1.5, NOW + 2)
        assert (event.identity, event.agent_name) == ("agent-1", name)


BODY = json.dumps(STARTED).encode()


def unsigned(header: dict[str, Any]) -> str:
    """A token with a header of one's own and no signature."""
    parts = [json.dumps(part).encode() for part in (header, claims(BODY))]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer ",
        "garbage",
        "Bearer garbage",
        "a.b.c",
        "....",
        "\udcff\udcfe",
        "x" * 100_000,
        unsigned({"alg": "none", "typ": "JWT"}),
        unsigned({"alg": "HS256", "typ": "JWT"}),
        unsigned({"alg": "RS256", "typ": "JWT"}),
        unsigned({}),
        token(BODY, SECRET[::-1]),
        token(BODY, algorithm="HS384"),
        token(BODY, algorithm="HS512"),
        token(BODY, iss="other"),
        token(BODY, iss=None),
        token(BODY, exp=None),
        token(BODY, sha256=None),
        token(BODY, sha256=""),
        token(BODY, sha256=3),
        token(BODY, sha256="☎"),
        token(b"another body"),
        token(BODY, exp=NOW - 61),
        token(BODY, nbf=NOW + 61),
        token(BODY) + "x",
        token(BODY)[:-4],
    ],
)
def test_what_is_not_signed(authorization: str) -> None:
    """Without a valid signature of this very body, by this very key and for this time, it is 401."""
    assert refused(authorization, BODY)[0] == 401


def test_without_a_secret_nobody_is_let_in() -> None:
    """An empty secret is refused when the program starts; were it there, it would open nothing."""
    for secret in ("", None):
        bare = Endpoint("http://127.0.0.1:7880", "127.0.0.1", KEY, Secret(secret))
        with pytest.raises(WebhookRefused):
            read_webhook(bare, raw(json.dumps(claims(BODY)), ""), BODY, NOW)
    for variable in ("LIVEKIT_API_SECRET", "LIVEKIT_API_KEY"):
        environ = {"LIVEKIT_URL": "ws://h", "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}
        with pytest.raises(EndpointError, match=variable):
            endpoint_from({**environ, variable: " "})


def raw(claims_text: str, secret: str = SECRET) -> str:
    """A well signed token with claims that no library would write."""
    head, body = (
        base64.urlsafe_b64encode(part).rstrip(b"=")
        for part in (b'{"alg":"HS256"}', claims_text.encode())
    )
    signature = hmac.new(secret.encode(), head + b"." + body, hashlib.sha256).digest()
    return b".".join((head, body, base64.urlsafe_b64encode(signature).rstrip(b"="))).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"exp": "later"},
        {"exp": None},
        {"exp": True},
        {"exp": []},
        {"nbf": "now"},
        {"nbf": {}},
        {"exp": math.nan},
        {"exp": math.inf},
        {"nbf": math.nan},
        {"nbf": -math.inf, "exp": math.nan},
        {"exp": 10**400},
        {"sha256": None},
        {"sha256": ["x"]},
        {"iss": 1},
        {"iss": ["devkey"]},
        {"iss": None},
    ],
)
def test_claims_of_wrong_types(change: dict[str, Any]) -> None:
    """Who signs such claims is no LiveKit: a time that is no number, or no number at all, is no time."""
    assert refused(raw(json.dumps({**claims(BODY), **change})), BODY)[0] == 401


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "3",
        '"x"',
        "{",
        "[" * 100_000,
        "\ud800".encode("utf-8", "replace").decode(),
    ],
)
def test_claims_that_are_none(text: str) -> None:
    """Neither are things that are no claims at all."""
    assert refused(raw(text), BODY)[0] == 401


BAD_BODIES: list[Any] = [
    b"",
    b"null",
    b"[]",
    b"\xff\xfe",
    b'{"event": "\xff"}',
    b"[" * 100_000,
    b'{"room":' * 50_000 + b"1" + b"}" * 50_000,
    b'{"createdAt": NaN}',
    b'{"createdAt": 1e999}',
    {"event": 3},
    {"id": {}},
    {"room": []},
    {"room": {"name": 3}},
    {"room": {"sid": None}},
    {"participant": {"attributes": {"a": 1}}},
    {"participant": {"attributes": []}},
    {"createdAt": "soon"},
    {"createdAt": "nan"},
    {"createdAt": "inf"},
    {"createdAt": []},
    {"room": {"creationTimeMs": "-inf"}},
    {"room": {"creationTime": "NaN"}},
    {"participant": {"joinedAtMs": "1e400"}},
    {"createdAt": "1" * 5000},
    {"createdAt": "9" * 400},
    {"room": {"creationTimeMs": "9" * 350}},
]


@pytest.mark.parametrize("content", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_bodies_that_are_no_webhook(content: Any) -> None:
    """Signed as it should be, and still nothing: 400, whatever is in it."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    assert refused(token(body), body) == (400, "malformed")


def test_old_ones_are_refused() -> None:
    """Whoever kept one for later does not come through, by the token's time or by the event's."""
    assert read(STARTED, NOW + 299).id == "EV_1"
    body = json.dumps(STARTED).encode()
    assert refused(token(body), body, NOW + 361) == (401, "old")
    fresh = token(body, exp=NOW + 10_000)
    assert read_webhook(ENDPOINT, fresh, body, NOW + OLDEST).id == "EV_1"
    assert refused(fresh, body, NOW + OLDEST + 1) == (401, "old")


def test_the_header_may_say_bearer() -> None:
    """LiveKit sends the token alone, proxies and people write `Bearer` before it."""
    for before in ("", "Bearer ", " "):
        assert read_webhook(ENDPOINT, before + token(BODY), BODY, NOW).id == "EV_1"


@pytest.mark.parametrize(
    "body",
    [
        {"event": "track_published", "room": {"sid": "RM_1"}},
        {"event": "egress_started"},
        {"event": "something new", "room": {"sid": "RM_1", "name": "x"}},
        {"event": "", "room": {"sid": "RM_1"}},
        {"event": "room_started", "room": {"name": "x"}},
        {"event": "room_started"},
        {"event": "participant_joined", "room": {"sid": "R"}, "participant": {"kind": "EGRESS"}},
        {"event": "participant_left", "room": {"sid": "R"}, "participant": {"kind": 1}},
        {},
    ],
)
def test_what_no_agent_depends_on(body: dict[str, Any]) -> None:
    """Other events, new ones, rooms without an id: they are none of our business, and no error."""
    assert event_of(read(body), NOW) is None


def test_names_are_taken_as_they_are() -> None:
    """An empty name, and one that looks like a page."""
    for name in ("", "<script>", "\u202egnp", "a\nb", "x" * 5000):
        event = event_of(read({**STARTED, "room": {"sid": "RM_1", "name": name}}), NOW)
        assert event is not None
        assert event.room == name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "event",
        "id",
        "createdAt",
        "room",
        "participant",
        "sid",
        "name",
        "kind",
        "attributes",
        "joinedAt",
    ]
)


@settings(deadline=None)
@given(st.dictionaries(FIELDS, JSON | st.dictionaries(FIELDS, JSON, max_size=4), max_size=5))
def test_any_signed_body(content: dict[str, Any]) -> None:
    """It is read or refused with 400 or 401; whatever is read has times that are numbers."""
    try:
        found = read(content)
    except WebhookRefused as error:
        status = error.status
    else:
        event = event_of(found, NOW)
        assert event is None or math.isfinite(event.at + event.room_created_at)
        status = 400
    assert status in (400, 401)


@settings(deadline=None)
@given(st.text(), st.binary(max_size=200))
def test_any_header(authorization: str, body: bytes) -> None:
    """Nothing that is not signed is read."""
    assert refused(authorization, body)[0] == 401
