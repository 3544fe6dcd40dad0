"""`reconcile token inspect`: what it says of tokens that others made, and what it never shows."""

from __future__ import annotations

import base64
import io
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from livekit.protocol import room as room_messages

from tests.support.cli import Ran, Shell
from tests.support.raw_client import RawClient
from tests.support.schemas import problems
from tests.tokens.projects import PLANE

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator
    from tests.support.livekit_server import LiveKitServer

SECRET = "a-secret-of-32-characters-or-more"
MINT = ["token", "--room", "interview-1", "--identity", "user-7"]
KEYS = ["--metadata", "session_id=s-1", "--metadata", '{"participant": {"age": 7}}']


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A folder with conventions of every kind, and a key."""
    shell.write("config/dispatch.yaml", PLANE)
    shell.environ |= {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": SECRET}
    return shell


def inspect(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, token: str | bytes, *options: str
) -> Ran:
    """Passes a token on stdin, as the help recommends."""
    data = token if isinstance(token, bytes) else token.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    return shell.run("token", "inspect", "-", *options)


def signed(**changes: Any) -> str:
    """A token that somebody else made; it is good but for what is changed."""
    now = int(time.time())
    good = {
        "iss": "key",
        "sub": "user-7",
        "nbf": now - 10,
        "exp": now + 600,
        "video": {"roomJoin": True, "room": "call-1"},
    }
    return jwt.encode({**good, **changes}, SECRET, algorithm="HS256")


def test_our_own_tokens_are_good(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is minted passes the audit, as an argument and on stdin."""
    token = shell.run(*MINT, *KEYS).out
    for ran in (
        inspect(shell, monkeypatch, token),
        inspect(shell, monkeypatch, f"Bearer {token}"),
        shell.run("token", "inspect", token.strip(), "--room", "interview-1"),
    ):
        assert (ran.code, ran.err) == (0, "")
        assert "No problem was found." in ran.out


def test_a_problem_is_2(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning alone is not."""
    bad = signed(roomConfig={"agents": [{"agentName": "SW Telephony Agent"}]})
    ran = inspect(shell, monkeypatch, bad)
    assert ran.code == 0
    assert "warning[agents-of-others]" in ran.out
    ran = inspect(shell, monkeypatch, signed(exp=7))
    assert ran.code == 2
    assert "exp: error[expired] it expired " in ran.out
    assert ran.out.endswith("1 problem.\n")


def test_what_is_shown_is_the_same_in_all_formats(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON has the shape of the shipped schema; no format has the token, its signature or the application's values."""
    token = signed(
        metadata='{"own": "canary-1"}',
        attributes={"team": "canary-2"},
        roomConfig={"agents": [{"agentName": "x", "metadata": '{"session_id": "canary-3"}'}]},
        unknown="canary-4",
    )
    for form in ("text", "json", "markdown"):
        ran = inspect(shell, monkeypatch, token, "--format", form)
        assert ran.code == 0
        assert "agents-of-others" in ran.out
        assert "roomConfig.agents[0].metadata.session_id" in ran.out
        assert "canary" not in ran.out
        for part in token.split("."):
            assert part not in ran.out + ran.err
        assert SECRET not in ran.out + ran.err
        told = inspect(shell, monkeypatch, token, "--format", form, "-v").out
        assert all(f"canary-{number}" in told for number in (1, 2, 3))
        assert "canary-4" not in told
    document = json.loads(inspect(shell, monkeypatch, token, "--format", "json").out)
    assert problems("token-inspect", document) == []
    assert (document["room"], document["convention"], document["problems"]) == (
        "call-1",
        "call-*",
        0,
    )


@pytest.mark.parametrize(
    "token",
    [b"", b"garbage", b"\xff\xfe\x00", b"a.b.c", b"x" * 2_000_000, b"\n\n", b"e30.W10.", b"." * 50],
)
def test_what_is_no_token_is_1(shell: Shell, monkeypatch: pytest.MonkeyPatch, token: bytes) -> None:
    """One line, whatever came in."""
    ran = inspect(shell, monkeypatch, token)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert len(ran.err) < 200


def test_hostile_names_cannot_fake_a_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newlines, escapes and halves of characters in claims are shown as what they are."""
    name = "r\n0 problems.\x1b[2J\u202e\ud800`"
    head, rest = (
        "e30",
        json.dumps({"sub": name, "video": {"room": name}, "metadata": '{"a\\nb": 1}'}),
    )
    body = base64.urlsafe_b64encode(rest.encode()).decode().rstrip("=")
    for form in ("text", "json", "markdown"):
        ran = inspect(shell, monkeypatch, f"{head}.{body}.", "--format", form, "-v")
        assert ran.code == 2
        assert not {"\x1b", "\u202e", "\ud800"} & set(ran.out)
        assert "\n0 problems." not in ran.out


def test_without_a_file_nothing_is_said_about_agents(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default file need not be there, and a note says so; one that is named has to be."""
    (shell.folder / "config" / "dispatch.yaml").unlink()
    ran = inspect(shell, monkeypatch, signed(roomConfig={"agents": [{"agentName": "x"}]}))
    assert ran.code == 0
    assert "there is no configuration" in ran.err
    assert "agents-of-others" not in ran.out
    assert inspect(shell, monkeypatch, signed(), "-c", "none.yaml").code == 1


def test_a_token_of_another_file_prefix(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature is checked with the key of the file's own variables."""
    shell.write("config/dispatch.yaml", "version: 1\nproject: {env_prefix: EU_}\nagents: {}\n")
    ran = inspect(shell, monkeypatch, signed())
    assert "signature-unchecked" in ran.out
    shell.environ |= {"EU_LIVEKIT_API_KEY": "key", "EU_LIVEKIT_API_SECRET": "wrong"}
    ran = inspect(shell, monkeypatch, signed())
    assert (ran.code, "bad-signature" in ran.out) == (2, True)
    assert "wrong" not in ran.out.replace("wrong-room", "")


# --- the live room


def ask_about_a_live_room(shell: Shell, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that does not live, one that lives without the token's agents, and one that has them."""
    shell.connect(server)
    client = RawClient(server.url, server.api_key, server.api_secret)
    try:
        token = shell.run("token", "--room", "ornina-1", "--identity", "u").out
        ran = inspect(shell, monkeypatch, token, "--live")
        assert (ran.code, "room-exists" in ran.out) == (0, False)
        client.call("RoomService", "CreateRoom", room_messages.CreateRoomRequest(name="ornina-1"))
        ran = inspect(shell, monkeypatch, token, "--live")
        assert ran.code == 2
        assert "error[room-exists]" in ran.out
        request = room_messages.CreateRoomRequest(name="ornina-2")
        for name in ("ornina-avatar-agent", "recorder"):
            request.agents.add(agent_name=name)
        client.call("RoomService", "CreateRoom", request)
        token = shell.run("token", "--room", "ornina-2", "--identity", "u").out
        ran = inspect(shell, monkeypatch, token, "--live")
        assert ran.code == 0
        assert "note[room-exists]" in ran.out
    finally:
        client.close()


def test_a_room_that_lives_already(
    shell: Shell, livekit_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--live` tells that a configuration will be ignored."""
    ask_about_a_live_room(shell, livekit_emulator, monkeypatch)


@pytest.mark.real
def test_a_room_that_lives_on_a_real_server(
    shell: Shell, real_project: LiveKitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with the real one."""
    ask_about_a_live_room(shell, real_project, monkeypatch)


def test_the_server_is_asked_only_where_the_file_allows_it(
    shell: Shell, livekit_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host guard of the file holds here, too; and a server has to be known."""
    assert inspect(shell, monkeypatch, signed(), "--live").code == 1
    shell.connect(livekit_emulator)
    shell.write("config/dispatch.yaml", "version: 1\nproject: {host: other.example}\nagents: {}\n")
    ran = inspect(shell, monkeypatch, signed(), "--live")
    assert (ran.code, ran.out) == (3, "")


def test_the_interview_coach(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser project without telephones: a token with the unnamed agent is good, one without is not."""
    example = Path(__file__).parents[2] / "examples" / "hirecoach.yaml"
    shell.write("config/dispatch.yaml", example.read_text(encoding="utf-8"))
    good = shell.run(*MINT, *KEYS).out
    assert inspect(shell, monkeypatch, good, "--room", "interview-1").code == 0
    plain = signed(video={"roomJoin": True, "room": "interview-1"}, metadata='{"session_id": 1}')
    ran = inspect(shell, monkeypatch, plain)
    assert ran.code == 2
    assert "error[no-agents] it does not bring the unnamed agent" in ran.out
    assert "error[metadata-misplaced] session_id stands in metadata" in ran.out
