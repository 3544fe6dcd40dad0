"""`reconcile token`: what it mints, and what goes wrong."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from tests.support.cli import Shell
from tests.support.schemas import problems
from tests.tokens.projects import PLANE

if TYPE_CHECKING:
    pass

SECRET = "a-secret-of-32-characters-or-more"
MINT = ["token", "--room", "interview-1", "--identity", "user-7"]
KEYS = ["--metadata", "session_id=s-1", "--metadata", '{"participant": {"age": 7}}']


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A folder with conventions of every kind, and a key."""
    shell.write("config/dispatch.yaml", PLANE)
    shell.environ |= {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": SECRET}
    return shell


def claims(token: str) -> dict[str, Any]:
    """What is in a token that is signed with the secret."""
    read: dict[str, Any] = jwt.decode(token.strip(), SECRET, algorithms=["HS256"])
    return read


def test_a_token_brings_the_agents_of_its_rooms_convention(shell: Shell) -> None:
    """The JWT stands alone on stdout, with the merged metadata in it, and there is nothing to be noted."""
    ran = shell.run(*MINT, *KEYS, "--name", "Zoë", "--attribute", "team=red", "--ttl", "5m")
    assert (ran.code, ran.err) == (0, "")
    read = claims(ran.out)
    assert read["roomConfig"]["agents"] == [
        {"agentName": "", "metadata": '{"session_id":"s-1","participant":{"age":7}}'}
    ]
    assert (read["name"], read["attributes"]) == ("Zoë", {"team": "red"})
    assert abs(read["exp"] - time.time() - 300) < 60


def test_grants_in_both_spellings(shell: Shell) -> None:
    """As the SDK calls them, or as they stand in the token; without a value they are granted."""
    grants = ["can_publish=false", "canSubscribe=true", "hidden"]
    grants += ["can_publish_sources=camera,microphone"]
    options = [word for one in grants for word in ("--grant", one)]
    ran = shell.run("token", "--room", "lobby", "--identity", "u", *options)
    assert claims(ran.out)["video"] == {
        "roomJoin": True,
        "room": "lobby",
        "canPublish": False,
        "canSubscribe": True,
        "canPublishSources": ["camera", "microphone"],
        "hidden": True,
    }


@pytest.mark.parametrize(
    ("room", "told"),
    [
        ("call-outbound-1", "`controller`: the token brings no agent; `reconcile serve` does"),
        ("call-1", "`sip`: the token brings no agent; the SIP dispatch rule does"),
        ("lobby", "no convention covers this room"),
        ("quiet-1", "has no agents for rooms of tokens"),
        ("line-1", "has no agents for rooms of tokens"),
    ],
)
def test_a_note_says_who_brings_the_agents_otherwise(shell: Shell, room: str, told: str) -> None:
    """It stands on stderr, so that the token can be used as it comes; -q leaves it out."""
    ran = shell.run("token", "--room", room, "--identity", "u")
    assert ran.code == 0
    assert told in ran.err
    assert "roomConfig" not in claims(ran.out)
    assert shell.run("token", "--room", room, "--identity", "u", "-q").err == ""


def test_a_minted_token_as_json(shell: Shell) -> None:
    """Its shape is the shipped schema's."""
    ran = shell.run("token", "--room", "ornina-1", "--identity", "u", "--format", "json")
    document = json.loads(ran.out)
    assert problems("token", document) == []
    assert document["agents"] == ["ornina-avatar-agent", "recorder"]
    assert document["convention"] == "ornina-*"
    assert claims(document["token"])["sub"] == "u"
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(claims(document["token"])["exp"]))
    assert document["expires_at"] == expires


def test_a_text_as_metadata(shell: Shell) -> None:
    """A JSON text is one; words that are no pair are a slip."""
    ran = shell.run("token", "--room", "ornina-lobby", "--identity", "u", "--metadata", '"hi = ho"')
    assert claims(ran.out)["roomConfig"]["agents"][0]["metadata"] == "hi = ho"


ERRORS: list[tuple[list[str], int, str]] = [
    (MINT, 1, 'lacks session_id, participant, which the convention "interview-*" requires'),
    (["token", "--room", "call-1", "--identity", "u", "--metadata", "a=b"], 1, "nobody would get"),
    (["token", "--room", "ornina-1", "--identity", "u", "--metadata", '"t"'], 1, "a mapping as metadata"),
    (["token", "--room", "r", "--identity", "u", "-c", "none.yaml"], 1, "none.yaml: no such file"),
    (["token", "--room", "r"], 64, "--identity is needed"),
    (["token", "--identity", "u"], 64, "--room is needed"),
    (["token"], 64, "--room is needed"),
    (["token", "mint"], 64, 'there is no "mint"'),
    (["token", "inspect"], 64, "inspect takes one token"),
    (["token", "inspect", "a", "b"], 64, "inspect takes one token"),
    ([*MINT, "--live"], 64, "--live is not for minting"),
    (["token", "inspect", "-", "--identity", "u"], 64, "--identity is not for inspect"),
    ([*MINT, "--format", "markdown"], 64, "--format markdown is for inspect"),
    ([*MINT, "--ttl", "0s"], 64, "write a duration"),
    ([*MINT, "--ttl", "9000h"], 64, "write a duration"),
    ([*MINT, "--ttl", "99999999999999999999h"], 64, "write a duration"),
    ([*MINT, *KEYS, "--ttl", "1ms"], 1, "ttl is out of range"),
    ([*MINT, "--metadata", "a"], 64, "write KEY=TEXT or a JSON object"),
    ([*MINT, "--metadata", "{"], 64, "this is no JSON"),
    ([*MINT, "--metadata", "{" * 9000], 64, "this is no JSON"),
    ([*MINT, "--metadata", '{"a":NaN}'], 1, "cannot be written as JSON"),
    ([*MINT, "--metadata", '"a"', "--metadata", "b=c"], 64, "a text stands alone"),
    ([*MINT, "--attribute", "a"], 64, "--attribute: write KEY=TEXT"),
    ([*MINT, "--grant", "roomCreate"], 64, "roomCreate is none of can_publish"),
    ([*MINT, "--grant", "hidden=yes"], 64, "write true or false"),
    ([*MINT, *KEYS, "--grant", "can_publish_sources=kamera"], 1, "no source"),
    (["token", "--room", "r\udcff", "--identity", "u"], 1, "half a character"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "code", "told"), ERRORS)
def test_what_goes_wrong_is_one_line(
    shell: Shell, arguments: list[str], code: int, told: str
) -> None:
    """With the exit code that it deserves, and nothing on stdout."""
    ran = shell.run(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err
    assert ran.err.count("\n") == 1


def test_without_a_key_there_is_no_token(shell: Shell) -> None:
    """The error names the variables with the file's prefix."""
    shell.environ = {"LIVEKIT_API_KEY": "key"}
    shell.write("config/dispatch.yaml", "version: 1\nproject: {env_prefix: EU_}\nagents: {}\n")
    ran = shell.run("token", "--room", "r", "--identity", "u")
    assert (ran.code, ran.out) == (1, "")
    assert "EU_LIVEKIT_API_KEY, EU_LIVEKIT_API_SECRET not set" in ran.err


def test_a_broken_sip_plane_does_not_matter(shell: Shell) -> None:
    """A broken agent plane does, and its findings are told in the format that was asked for."""
    shell.write("config/dispatch.yaml", PLANE + "sip: {inbound_trunks: 7}\n")
    assert shell.run("token", "--room", "lobby", "--identity", "u").code == 0
    shell.write(
        "config/dispatch.yaml", PLANE.replace("agents: [telephony], dispatch: sip", "agents: [x]")
    )
    ran = shell.run("token", "--room", "lobby", "--identity", "u", "--format", "json")
    assert ran.code == 1
    assert [one["code"] for one in json.loads(ran.out)["findings"]] == [
        "missing-key",
        "unknown-agent",
    ]
    assert "dispatch.yaml:13:" in ran.err
