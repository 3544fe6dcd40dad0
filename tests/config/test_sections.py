"""The project and the agent plane: what a file that says everything becomes, and what one that says little does."""

from __future__ import annotations

import pytest

from reconciler.agents.conventions import Mechanism, WhenAgentLeaves
from reconciler.config.model import Project
from reconciler.core.ownership import UnlistedPolicy
from reconciler.core.values import AgentDispatch, Metadata
from tests.config.reading import convention, read, told


def test_a_project_has_all_its_keys() -> None:
    """Hosts are compared in lower case, as URLs are."""
    text = """\
version: 1
project:
  name: acme
  host: Acme.livekit.example:7880
  env_prefix: STAGING_
  unlisted: delete
  owns: [acme-*, "?x"]
  server: 1.10
  unmanaged: [metadata, headers.X-Site]
"""
    configuration = read(text)
    assert told(configuration) == []
    assert configuration.project == Project(
        name="acme",
        host="acme.livekit.example:7880",
        env_prefix="STAGING_",
        unlisted=UnlistedPolicy.DELETE,
        owns=("acme-*", "?x"),
        server="1.10",
        unmanaged=("metadata", "headers.X-Site"),
    )


def test_a_project_needs_nothing() -> None:
    """Everything has a default; unlisted objects are reported."""
    assert read("version: 1").project == Project(unlisted=UnlistedPolicy.REPORT)


@pytest.mark.parametrize("version", ["1.9", '"1.9"', "1.9.12", "newest", "1.13.11"])
def test_a_server_version_may_stand_without_quotes(version: str) -> None:
    """YAML would make 1.10 the number 1.1; it is read as written."""
    configuration = read(f"version: 1\nproject: {{server: {version}}}")
    assert told(configuration) == []
    assert configuration.project.server == version.strip('"')


def test_a_convention_has_all_its_keys() -> None:
    """Agents are named by key, and their worker's name, deployment and what they are told go along."""
    text = """\
version: 1
agents:
  names:
    avatar: {agent_name: ornina-avatar-agent, deployment: blue}
    interviewer: {agent_name: ""}
  rooms:
    - prefix: ornina-
      agents:
        - interviewer
        - {agent: avatar, metadata: {lang: ar}, attributes: {b: "2", a: "1"}, restart_policy: never}
      lines: {sales: {agents: [{agent: avatar, metadata: text, restart_policy: on_failure}]}, none: {agents: []}}
      dispatch: [token, app, token]
      required_metadata: [session_id]
      join_timeout: 20s
      when_agent_leaves: replace
    - {room: lobby, agents: [], dispatch: automatic}
"""
    configuration = read(text)
    assert told(configuration) == []
    assert configuration.agents is not None
    full, lobby = configuration.agents.conventions.all
    told_avatar = AgentDispatch(
        "ornina-avatar-agent",
        Metadata('{"lang":"ar"}', is_json=True),
        (("a", "1"), ("b", "2")),
        "never",
        "blue",
    )
    assert full.agents == (AgentDispatch(""), told_avatar)
    assert full.lines == {
        "sales": (AgentDispatch("ornina-avatar-agent", Metadata("text"), deployment="blue"),),
        "none": (),
    }
    assert (full.prefix, full.room, full.label) == ("ornina-", None, "ornina-*")
    assert full.dispatch == (Mechanism.TOKEN, Mechanism.APP)
    assert full.required_metadata == ("session_id",)
    assert full.join_timeout == 20_000_000_000
    assert full.when_agent_leaves is WhenAgentLeaves.REPLACE
    assert (lobby.room, lobby.prefix, lobby.agents) == ("lobby", None, ())
    assert (lobby.join_timeout, lobby.when_agent_leaves) == (10_000_000_000, WhenAgentLeaves.IGNORE)
    assert str(full.origin.mark("agents[1].metadata")) == "dispatch.yaml:10:27"


def test_a_convention_with_lines_needs_no_agents_of_its_own() -> None:
    """Rooms without a line then have no agents that the file knows of."""
    configuration = read(convention("{prefix: p, lines: {sales: {agents: [a]}}, dispatch: sip}"))
    assert told(configuration) == []
    assert configuration.agents is not None
    (found,) = configuration.agents.conventions.all
    assert found.agents is None
    assert found.agents_of("sales") is not None
    assert found.agents_of(None) is None


def test_the_empty_prefix_is_every_room() -> None:
    """A project may have one agent for everything."""
    configuration = read(convention('{prefix: "", agents: [a], dispatch: app}'))
    assert told(configuration) == []
    assert configuration.agents is not None
    assert configuration.agents.conventions.of_room("any room") is not None


@pytest.mark.parametrize("section", ["agents: {}", "agents: {names: {}, rooms: []}"])
def test_an_empty_agent_plane_is_managed(section: str) -> None:
    """Left out, it is not."""
    configuration = read(f"version: 1\n{section}\n")
    assert told(configuration) == []
    assert configuration.agents is not None
    assert configuration.agents.conventions.all == ()
    assert read("version: 1").agents is None


def test_keys_and_agent_names_may_look_like_flags() -> None:
    """An agent called `on` is an agent, with a word about how others read it."""
    text = "version: 1\nagents: {names: {on: {agent_name: 007}}, rooms: [{room: r, agents: [on], dispatch: app}]}"
    configuration = read(text)
    assert [one.code for one in configuration.findings] == ["yaml-ambiguous"]
    assert configuration.agents is not None
    assert configuration.agents.conventions.all[0].agents == (AgentDispatch("007"),)
