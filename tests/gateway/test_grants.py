"""Tokens carry what their call needs, for ten minutes, and no more: who sees one has not got the key."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from reconciler.core.values import Secret
from reconciler.gateway.endpoint import Endpoint
from reconciler.gateway.token import LIFETIME, TokenSource

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "a-secret-of-32-characters-or-more"
ENDPOINT = Endpoint("https://a.example", "a.example", "devkey", Secret(SECRET))

TOKENS: dict[str, tuple[Callable[[TokenSource], str], dict[str, Any]]] = {
    "objects": (lambda source: source.header(), {"sip": {"admin": True}}),
    "all rooms": (
        lambda source: source.for_rooms(),
        {"video": {"roomList": True, "roomCreate": True}},
    ),
    "one room": (
        lambda source: source.for_room("call-1"),
        {"video": {"roomAdmin": True, "room": "call-1"}},
    ),
}


@pytest.mark.parametrize("what", TOKENS)
def test_a_token_has_the_grants_of_its_call_and_no_other(what: str) -> None:
    """Those for trunks and rules open no room, those for rooms no trunk, and those for one room no other."""
    made, grants = TOKENS[what]
    claims = jwt.decode(made(TokenSource(ENDPOINT)).removeprefix("Bearer "), SECRET, ["HS256"])
    assert {name: claims[name] for name in claims.keys() - {"iss", "sub", "nbf", "exp"}} == grants
    assert LIFETIME == 600
    assert claims["exp"] <= time.time() + LIFETIME
    assert SECRET not in str(claims)
