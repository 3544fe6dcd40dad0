"""What a backend learns about a room, and what loading a file needs of it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import FileError
from reconciler.tokens import Conventions, ConventionsInvalid, Mechanism, TokenError
from tests.project.repository import ROOT
from tests.tokens.projects import PLANE, conventions


def test_a_room_has_the_convention_of_its_longest_prefix_or_its_own_name() -> None:
    """An exact room beats a prefix, the longest prefix wins, and a room that nothing covers has none."""
    found = conventions()
    labels = {
        room: None if (one := found.for_room(room)) is None else one.label
        for room in ("ornina-1", "ornina-lobby", "call-1", "call-outbound-1", "lobby", "")
    }
    assert labels == {
        "ornina-1": "ornina-*",
        "ornina-lobby": "ornina-lobby",
        "call-1": "call-*",
        "call-outbound-1": "call-outbound-*",
        "lobby": None,
        "": None,
    }


def test_a_convention_tells_what_an_application_needs() -> None:
    """Agents, mechanisms, required keys and the time in which the agents are to come."""
    found = conventions().for_room("queue-7")
    assert found is not None
    assert [agent.agent_name for agent in found.agents] == [
        "SW Telephony Agent",
        "ornina-avatar-agent",
    ]
    assert found.dispatch == (Mechanism.APP, Mechanism.TOKEN)
    assert found.join_timeout == timedelta(seconds=90)
    assert found.token_agents == found.agents
    interview = conventions().for_room("interview-1")
    assert interview is not None
    assert interview.required_metadata == ("session_id", "participant")


@pytest.mark.parametrize("room", ["call-1", "call-outbound-1", "quiet-1", "line-1"])
def test_a_token_brings_only_what_the_convention_leaves_to_tokens(room: str) -> None:
    """A convention for SIP or the controller, without agents, or with agents for lines only has none for a token."""
    found = conventions().for_room(room)
    assert found is not None
    assert found.token_agents == ()


def test_nothing_in_it_can_be_changed() -> None:
    """Threads may share one object."""
    found = conventions()
    with pytest.raises(dataclasses.FrozenInstanceError):
        found._files = found.files  # type: ignore[misc]
    room = found.for_room("call-1")
    assert room is not None
    with pytest.raises(dataclasses.FrozenInstanceError):
        room.dispatch = ()  # type: ignore[misc]


def test_the_sip_section_does_not_matter(tmp_path: Path) -> None:
    """Neither a secret that is not set nor a mistake in another section keeps a backend from starting."""
    file = tmp_path / "dispatch.yaml"
    file.write_text(
        PLANE
        + """\
sip:
  inbound_trunks:
    carrier: {numbers: [], auth: {password: {env: NOT_SET}}, nonsense: 1}
    carrier: {}
tests: nonsense
lint: {ignore: [no-such-code]}
"""
    )
    assert Conventions.load(file).for_room("call-1") is not None


def test_all_findings_come_at_once_with_their_places(tmp_path: Path) -> None:
    """One error tells everything that is wrong with the agents, each with file, line and column."""
    file = tmp_path / "dispatch.yaml"
    file.write_text(
        """\
version: 1
agent: {}
agents:
  names: {a: {agent_name: a}}
  rooms:
    - {prefix: x-, agents: [b], dispatch: token}
    - {prefix: y-, agents: [a], dispatch: tokens}
    - {prefix: x-, agents: [a], dispatch: token}
"""
    )
    with pytest.raises(ConventionsInvalid) as caught:
        Conventions.load(file)
    lines = str(caught.value).splitlines()
    places = [line.split(": ")[0].removeprefix(f"{file}:") for line in lines]
    assert places == ["2:1", "6:29", "7:43", "8:8"]
    assert [one.code for one in caught.value.findings] == [
        "unknown-key",
        "unknown-agent",
        "unknown-word",
        "defined-twice",
    ]
    assert isinstance(caught.value, TokenError)


@pytest.mark.parametrize(
    "text", ["", "- 1", "version: 1\nagents: [", "\x00", "version: 1\nagents: 7"]
)
def test_a_file_that_is_none_is_an_error_of_ours(tmp_path: Path, text: str) -> None:
    """Whatever stands in the file, no foreign exception leaves the library."""
    file = tmp_path / "dispatch.yaml"
    file.write_text(text)
    with pytest.raises(ConventionsInvalid, match=r"dispatch\.yaml:\d+:\d+: error"):
        Conventions.load(file)


def test_a_file_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    """The path stands in the error."""
    with pytest.raises(FileError, match=r"none\.yaml: no such file"):
        Conventions.load(tmp_path / "none.yaml")


def test_several_files_and_folders_are_one_project(tmp_path: Path) -> None:
    """As on the command line: an agent may be named in one file and used in another."""
    (tmp_path / "names.yaml").write_text(
        "version: 1\nproject: {name: p, env_prefix: STAGING_}\nagents: {names: {a: {agent_name: a}}}\n"
    )
    (tmp_path / "rooms.yml").write_text(
        "version: 1\nagents: {rooms: [{prefix: '', agents: [a], dispatch: token}]}\n"
    )
    for found in (
        Conventions.load(tmp_path),
        Conventions.load(str(tmp_path / "names.yaml"), tmp_path / "rooms.yml"),
    ):
        assert (found.project, found.env_prefix) == ("p", "STAGING_")
        room = found.for_room("any room")
        assert room is not None
        assert room.label == "*"


def test_threads_may_share_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many threads ask for rooms and tokens at the same time, the first imports included, and all get the same."""
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "short")
    found = conventions()
    ready = threading.Barrier(8)
    answers: list[tuple[str, int]] = []

    def ask() -> None:
        ready.wait()
        for number in range(20):
            token = found.token(f"ornina-{number}", "u")
            config = found.room_config("queue-1")
            answers.append((token.split(".")[0], len(config.agents)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(answers) == 160
    assert len(set(answers)) == 1


def test_loading_imports_nothing_heavy(tmp_path: Path) -> None:
    """A backend pays for what it uses: no command line, no HTTP, no messages, no JWT until they are needed."""
    file = tmp_path / "dispatch.yaml"
    file.write_text(PLANE)
    code = (
        "import sys; from reconciler.tokens import Conventions; "
        f"Conventions.load({str(file)!r}).for_room('call-1'); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"click", "rich", "aiohttp", "jsonschema", "urllib3", "phonenumbers", "jwt", "livekit"}
    heavy |= {"google.protobuf", "tenacity", "deepdiff", "asyncio", "logging", "ssl"}
    assert heavy & set(done.stdout.split()) == set()
