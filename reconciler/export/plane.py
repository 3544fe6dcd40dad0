"""The agent plane as a document for applications in other languages: conventions, agents, what they are told.

It is made to be committed: small, sorted where the order of the file means nothing, and the same bytes for the same
meaning. What servers before 1.13 refuse in a token is left out where the file is for one of those.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypedDict

from reconciler.agents.conventions import AgentPlane, Convention
from reconciler.core.values import AgentDispatch, JsonValue
from reconciler.sip.era import Era

FORMAT_VERSION = 1


class NameDocument(TypedDict):
    """An agent of the project."""

    agent_name: str
    deployment: str


class AgentDocument(TypedDict):
    """An agent as a convention asks for it; metadata is a text, a mapping, or null for none."""

    agent_name: str
    metadata: JsonValue
    attributes: dict[str, str]
    restart_policy: str
    deployment: str


class ConventionDocument(TypedDict):
    """A convention: just one of `prefix` and `room` is a text. `agents` are those of rooms without a line."""

    prefix: str | None
    room: str | None
    dispatch: list[str]
    agents: list[AgentDocument]
    lines: dict[str, list[AgentDocument]]
    required_metadata: list[str]
    join_timeout_seconds: float
    when_agent_leaves: str


class PlaneDocument(TypedDict):
    """All of it. Agents by their keys in the file."""

    format_version: int
    project: str
    agents: dict[str, NameDocument]
    conventions: list[ConventionDocument]


def plane_document(project: str, plane: AgentPlane, era: Era | None) -> PlaneDocument:
    """The document. Exact rooms come first, each kind by its text."""
    is_old = era is Era.OLD
    names = sorted(plane.names.values(), key=lambda name: name.key)
    return {
        "format_version": FORMAT_VERSION,
        "project": project,
        "agents": {
            name.key: {
                "agent_name": name.agent_name,
                "deployment": "" if is_old else name.deployment,
            }
            for name in names
        },
        "conventions": [_convention(one, is_old) for one in sorted_conventions(plane)],
    }


def sorted_conventions(plane: AgentPlane) -> list[Convention]:
    """The conventions in an order of their own: moving one in the file changes nothing."""
    return sorted(
        plane.conventions.all, key=lambda one: (one.room is None, one.room or one.prefix or "")
    )


def plane_json(document: PlaneDocument) -> str:
    """The document as it is committed: indented, in ASCII, so that no editor or diff can be misled by it."""
    return json.dumps(document, indent=2) + "\n"


def _convention(one: Convention, is_old: bool) -> ConventionDocument:
    seconds = one.join_timeout / 1_000_000_000
    return {
        "prefix": one.prefix,
        "room": one.room,
        "dispatch": [mechanism.value for mechanism in one.dispatch],
        "agents": _agents(one.agents or (), is_old),
        "lines": {label: _agents(one.lines[label], is_old) for label in sorted(one.lines)},
        "required_metadata": list(one.required_metadata),
        "join_timeout_seconds": int(seconds) if seconds.is_integer() else seconds,
        "when_agent_leaves": one.when_agent_leaves.value,
    }


def _agents(agents: Iterable[AgentDispatch], is_old: bool) -> list[AgentDocument]:
    return [_agent(agent, is_old) for agent in agents]


def _agent(agent: AgentDispatch, is_old: bool) -> AgentDocument:
    metadata: JsonValue = agent.metadata.text or None
    if agent.metadata.is_json:
        metadata = json.loads(agent.metadata.text)
    return {
        "agent_name": agent.agent_name,
        "metadata": metadata,
        "attributes": {} if is_old else dict(agent.attributes),
        "restart_policy": "on_failure" if is_old else agent.restart_policy or "on_failure",
        "deployment": "" if is_old else agent.deployment,
    }
