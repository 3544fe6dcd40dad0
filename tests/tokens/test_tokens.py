"""Tokens as LiveKit's own SDK would make them, and what keeps a token from being made."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from google.protobuf.json_format import ParseDict
from livekit import api
from livekit.protocol.room import RoomConfiguration

from reconciler.errors import EndpointError
from reconciler.tokens import Grants, MetadataMissing, TokenError
from tests.tokens.projects import conventions

SECRET = "a-secret-of-32-characters-or-more"
KEY: Any = {"api_key": "key", "api_secret": SECRET}


def claims(token: str) -> dict[str, Any]:
    """What is in a token that is signed with the secret."""
    read: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"])
    return read


def test_a_token_is_what_the_sdk_makes() -> None:
    """The same claims with the same values: only the defaults that the SDK writes out are left out."""
    found = conventions()
    metadata = {"session_id": "s-1", "participant": "Zoë"}
    ours = claims(
        found.token(
            "interview-1",
            "user-7",
            metadata=metadata,
            name="Zoë",
            attributes={"team": "red"},
            participant_metadata="vip",
            ttl=timedelta(minutes=5),
            grants=Grants(
                can_publish=False, can_publish_sources=("camera",), hidden=True, room_admin=True
            ),
            **KEY,
        )
    )
    grants = api.VideoGrants(
        room_join=True,
        room="interview-1",
        can_publish=False,
        can_publish_sources=["camera"],
        hidden=True,
        room_admin=True,
    )
    made = (
        api.AccessToken("key", SECRET)
        .with_identity("user-7")
        .with_name("Zoë")
        .with_metadata("vip")
        .with_attributes({"team": "red"})
        .with_ttl(timedelta(minutes=5))
        .with_grants(grants)
        .with_room_config(found.room_config("interview-1", metadata=metadata))
    )
    theirs = claims(made.to_jwt())
    # Written out by the SDK, and LiveKit's default where they are not.
    assert theirs["video"].pop("canSubscribe") is True
    assert theirs["video"].pop("canPublishData") is True
    # The SDK repeats nothing in it but leaves out an empty name, which LiveKit reads as the same.
    assert ours["roomConfig"]["agents"][0].pop("agentName") == ""
    for one in (ours, theirs):
        assert abs(one.pop("exp") - time.time() - 300) < 60
    assert 50 < theirs.pop("nbf") - ours.pop("nbf") < 120
    assert ours == theirs


def test_the_claim_says_what_the_message_says() -> None:
    """Written by hand or by the message: both are the same room configuration."""
    text = """\
version: 1
agents:
  names: {a: {agent_name: a, deployment: blue}, b: {agent_name: ""}}
  rooms:
    - prefix: ''
      dispatch: token
      agents: [{agent: a, attributes: {x: y, k: v}, restart_policy: never, metadata: {n: 1}}, b]
"""
    found = conventions(text)
    read = claims(found.token("r", "u", **KEY))["roomConfig"]
    assert ParseDict(read, RoomConfiguration()) == found.room_config("r")
    assert read == {
        "agents": [
            {
                "agentName": "a",
                "metadata": '{"n":1}',
                "attributes": {"k": "v", "x": "y"},
                "restartPolicy": "JRP_NEVER",
                "deployment": "blue",
            },
            {"agentName": ""},
        ]
    }


def test_a_room_configuration_is_a_new_one_each_time() -> None:
    """Whoever adds to it does not change what the next one gets."""
    found = conventions()
    found.room_config("queue-1").metadata = "mine"
    assert found.room_config("queue-1").metadata == ""


@pytest.mark.parametrize("room", ["call-1", "call-outbound-1", "quiet-1", "line-1", "lobby"])
def test_a_token_without_agents_has_no_configuration(room: str) -> None:
    """An agent that somebody else brings must not come by the token as well."""
    assert "roomConfig" not in claims(conventions().token(room, "u", **KEY))
    assert conventions().room_config(room) == RoomConfiguration()


def test_a_token_is_for_one_room_and_one_participant() -> None:
    """Without further grants it lets somebody join, and that is all."""
    read = claims(conventions().token("call-1", "user-7", **KEY))
    assert read["video"] == {"roomJoin": True, "room": "call-1"}
    assert (read["iss"], read["sub"]) == ("key", "user-7")
    assert set(read) == {"iss", "sub", "nbf", "exp", "video"}


def test_the_key_comes_from_the_environment_with_the_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A project with `env_prefix` has variables of its own, and an argument beats the variable."""
    found = conventions("version: 1\nproject: {env_prefix: STAGING_}\nagents: {}\n")
    monkeypatch.setenv("LIVEKIT_API_KEY", "production")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "production")
    monkeypatch.delenv("STAGING_LIVEKIT_API_KEY", raising=False)
    monkeypatch.delenv("STAGING_LIVEKIT_API_SECRET", raising=False)
    with pytest.raises(
        EndpointError, match="STAGING_LIVEKIT_API_KEY, STAGING_LIVEKIT_API_SECRET not set"
    ):
        found.token("r", "u")
    monkeypatch.setenv("STAGING_LIVEKIT_API_KEY", " staging ")
    monkeypatch.setenv("STAGING_LIVEKIT_API_SECRET", SECRET)
    assert claims(found.token("r", "u"))["iss"] == "staging"
    assert claims(found.token("r", "u", api_key="mine"))["iss"] == "mine"


@pytest.mark.parametrize("secret", ["secret", "s"])
def test_a_short_secret_signs_without_a_warning(secret: str) -> None:
    """`livekit-server --dev` has six characters; warnings are errors in this test."""
    assert conventions().token("r", "u", api_key="devkey", api_secret=secret)


def test_a_secret_that_is_another_kind_of_key_is_not_shown() -> None:
    """A private key in the variable is refused by the JWT library; the error is ours and holds none of it."""
    pem = "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----"
    for secret in (pem, "canary\ud800"):
        with pytest.raises(EndpointError, match="cannot sign") as caught:
            conventions().token("r", "u", api_key="k", api_secret=secret)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("ttl", [0, -1, 0.5, timedelta(days=366), float("nan"), float("inf")])
def test_a_lifetime_out_of_range_is_an_error(ttl: Any) -> None:
    """A token that nobody can use, or that is good for ever, is a mistake."""
    with pytest.raises(TokenError, match="ttl is out of range"):
        conventions().token("r", "u", ttl=ttl, **KEY)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"room": ""}, "the room is empty"),
        ({"identity": ""}, "the identity is empty"),
        ({"room": "\ud800"}, "video has half a character"),
        ({"identity": "\ud800"}, "sub has half a character"),
        ({"attributes": {"a": 1}}, "attributes: keys and values are texts"),
        ({"name": "\udfff"}, "name has half a character"),
    ],
)
def test_what_livekit_would_refuse_is_an_error(arguments: dict[str, Any], error: str) -> None:
    """Where the backend makes the token, not where somebody's browser fails to join."""
    with pytest.raises(TokenError, match=error):
        conventions().token(**{"room": "r", "identity": "u", **KEY, **arguments})


def test_an_unknown_source_is_an_error() -> None:
    """LiveKit would ignore it and let nothing be published."""
    with pytest.raises(TokenError, match="no source 'kamera'"):
        Grants(can_publish_sources=("kamera",))


def test_no_token_without_what_the_convention_requires() -> None:
    """The backend hears of it, and no room is created in which an agent waits for its session."""
    with pytest.raises(MetadataMissing):
        conventions().token("interview-1", "u", metadata={"session_id": 1}, **KEY)
