"""What tokens do on a real server: just the convention's agents come, and what the audit calls a problem is one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
import pytest
from livekit import api

from tests.support.raw_client import RawClient
from tests.tokens.joining import dispatched, joined, refusal
from tests.tokens.projects import conventions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.livekit_server import LiveKitServer

pytestmark = pytest.mark.real

WANTED = [
    (
        "ornina-1",
        {"lang": "de"},
        [("ornina-avatar-agent", '{"lang":"de","level":1}'), ("recorder", '{"lang":"de"}')],
    ),
    ("ornina-2", None, [("ornina-avatar-agent", '{"lang":"ar","level":1}'), ("recorder", "")]),
    ("ornina-lobby", "good morning", [("ornina-avatar-agent", "good morning")]),
    (
        "interview-1",
        {"session_id": "s", "participant": "ä😀"},
        [("", '{"session_id":"s","participant":"ä😀"}')],
    ),
    ("queue-1", None, [("SW Telephony Agent", ""), ("ornina-avatar-agent", "")]),
    # Where no token brings an agent a plain join makes the room, which is open to the unnamed agent.
    ("call-outbound-1", None, [("", "")]),
    ("lobby", None, [("", "")]),
]


@pytest.fixture
def client(real_project: LiveKitServer) -> Iterator[RawClient]:
    """A client of an empty 1.9.12 project."""
    made = RawClient(real_project.url, real_project.api_key, real_project.api_secret)
    yield made
    made.close()


@pytest.mark.parametrize(("room", "metadata", "agents"), WANTED)
async def test_a_room_that_a_token_creates_has_the_agents_of_its_convention(
    real_project: LiveKitServer, client: RawClient, room: str, metadata: Any, agents: Any
) -> None:
    """Each agent once, with the merged metadata, the unnamed one included; others' tokens add nobody."""
    key: Any = {"api_key": real_project.api_key, "api_secret": real_project.api_secret}
    first, second = (conventions().token(room, who, metadata=metadata, **key) for who in "ab")
    async with joined(real_project, first) as join, joined(real_project, second):
        assert (join.room.name, join.participant.identity) == (room, "a")
        assert dispatched(client, room) == agents


async def test_the_configuration_works_in_the_sdks_token(
    real_project: LiveKitServer, client: RawClient
) -> None:
    """A backend that makes tokens with LiveKit's SDK only adds `with_room_config`."""
    token = (
        api.AccessToken(real_project.api_key, real_project.api_secret)
        .with_identity("a")
        .with_grants(api.VideoGrants(room_join=True, room="interview-9"))
        .with_room_config(
            conventions().room_config("interview-9", metadata={"session_id": 1, "participant": 2})
        )
        .to_jwt()
    )
    async with joined(real_project, token):
        assert dispatched(client, "interview-9") == [("", '{"session_id":1,"participant":2}')]


async def test_the_participants_own_part_arrives(real_project: LiveKitServer) -> None:
    """Name, metadata and attributes of the participant are those of the token."""
    token = conventions().token(
        "lobby",
        "user-7",
        name="Zoë",
        participant_metadata="vip",
        attributes={"team": "red"},
        api_key=real_project.api_key,
        api_secret=real_project.api_secret,
    )
    async with joined(real_project, token) as join:
        me = join.participant
        assert (me.name, me.metadata, dict(me.attributes)) == ("Zoë", "vip", {"team": "red"})


NEWER = """\
version: 1
project: {{server: "{server}"}}
agents:
  names: {{a: {{agent_name: a}}}}
  rooms: [{{prefix: x-, agents: [{{agent: a, attributes: {{k: v}}}}], dispatch: token}}]
"""


async def test_an_old_server_refuses_what_it_does_not_know(
    real_project: LiveKitServer, client: RawClient
) -> None:
    """1.9.12 answers a token with an agent's attributes with 401; with `project.server` they are left out."""
    key: Any = {"api_key": real_project.api_key, "api_secret": real_project.api_secret}
    token = conventions(NEWER.format(server="newest")).token("x-1", "u", **key)
    status, text = await refusal(real_project, token)
    assert status == 401
    assert "unknown field" in text
    token = conventions(NEWER.format(server="1.9.12")).token("x-1", "u", **key)
    async with joined(real_project, token):
        assert dispatched(client, "x-1") == [("a", "")]


NEW_KEYS: list[dict[str, Any]] = [
    {"tags": {}},
    {"agents": [{"agentName": "x", "attributes": {}}]},
    {"agents": [{"agentName": "x", "restartPolicy": "JRP_ON_FAILURE"}]},
    {"agents": [{"agentName": "x", "deployment": ""}]},
]


@pytest.mark.parametrize("configuration", NEW_KEYS)
async def test_old_servers_refuse_a_new_key_whatever_its_value(
    livekit_server: LiveKitServer, livekit_server_184: LiveKitServer, configuration: dict[str, Any]
) -> None:
    """LiveKit's SDK for Node writes such keys with their defaults; the audit warns of the key alone."""
    for server in (livekit_server, livekit_server_184):
        status, text = await refusal(server, signed(server, roomConfig=configuration))
        assert (status, "unknown field" in text) == (401, True), server.version
        assert (await refusal(server, signed(server)))[0] == 200


def signed(server: LiveKitServer, algorithm: str = "HS256", **changes: Any) -> str:
    """A token that is good but for what is changed; None leaves a claim out."""
    now = int(time.time())
    claims = {
        "iss": server.api_key,
        "sub": "u",
        "nbf": now - 10,
        "exp": now + 600,
        "video": {"roomJoin": True, "room": "r"},
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    key = None if algorithm == "none" else server.api_secret
    return jwt.encode(claims, key, algorithm=algorithm)


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"algorithm": "none"}, 401),
    ({"sub": None}, 400),
    ({"video": {"room": "r"}}, 401),
    ({"video": {"roomJoin": True}}, 400),
    ({"metadata": {"a": 1}}, 401),
    ({"attributes": {"a": 1}}, 401),
    ({"exp": "tomorrow"}, 401),
    ({"roomConfig": {"agents": "x"}}, 401),
    ({"roomConfig": {"agents": [{"agentName": "x", "metadata": {"a": 1}}]}}, 401),
    ({"roomConfig": {"agents": [{"agentName": "x", "bogus": 1}]}}, 401),
    ({"nbf": int(time.time()) + 3600}, 401),
    ({"exp": int(time.time()) - 3600}, 401),
]


@pytest.mark.parametrize(("changes", "status"), REFUSED)
async def test_the_server_refuses(
    real_project: LiveKitServer, changes: dict[str, Any], status: int
) -> None:
    """What the audit calls a problem keeps somebody from joining."""
    token = signed(real_project, **changes)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with joined(real_project, token):
            pass
    assert caught.value.status == status


ACCEPTED: list[Any] = [
    pytest.param(
        {"algorithm": "HS384"},
        [""],
        marks=pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning"),
    ),
    ({"exp": None}, [""]),
    ({"nbf": int(time.time()) + 30}, [""]),
    ({"exp": int(time.time()) + 400 * 86_400}, [""]),
    ({"room_config": {"agents": [{"agentName": "x"}]}}, [""]),
    ({"roomConfig": {}}, [""]),
    ({"roomConfig": {"agents": [{}]}}, [""]),
    ({"roomConfig": {"agents": [{"agent_name": "x"}]}}, ["x"]),
    ({"roomConfig": {"agents": [{"agentName": "x"}, {"agentName": "x"}]}}, ["x", "x"]),
    ({"roomConfig": {"agents": [{"agentName": ""}, {"agentName": "x"}]}}, ["", "x"]),
]


@pytest.mark.parametrize(("changes", "agents"), ACCEPTED)
async def test_the_server_accepts(
    real_project: LiveKitServer, client: RawClient, changes: dict[str, Any], agents: list[str]
) -> None:
    """And brings these agents: a claim under another name is ignored, an agent that stands twice comes twice."""
    async with joined(real_project, signed(real_project, **changes)):
        assert [name for name, _ in dispatched(client, "r")] == agents
