"""The agent plane of the file: agents by a readable key, and the conventions that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from reconciler.core.values import AgentDispatch
from reconciler.export.conventions import Agents, Derived
from reconciler.export.document import Map, Node, Word
from reconciler.export.keys import Unique, is_key, slug

_POLICIES = ("", "never")
AgentKeys: TypeAlias = Mapping[tuple[str, str], str]
"""The key of each agent, by agent name and deployment."""


def is_expressible(agents: Agents) -> bool:
    """Whether a convention can name these agents just as they live."""
    return all(
        one.restart_policy in _POLICIES and all(is_key(name) for name, _ in one.attributes)
        for one in agents
    )


def agent_keys(conventions: Iterable[Derived]) -> AgentKeys:
    """A key for each agent that some convention names."""
    used = {
        (agent.agent_name, agent.deployment)
        for convention in conventions
        for agents in (convention.agents or (), *convention.lines.values())
        for agent in agents
    }
    unique = Unique()
    return {agent: unique(_readable(*agent)) for agent in sorted(used)}


def _readable(agent_name: str, deployment: str) -> str:
    name = slug(agent_name) or ("agent" if agent_name else "unnamed")
    return f"{name}-{slug(deployment)}".rstrip("-") if deployment else name


def names_node(keys: AgentKeys) -> Map:
    """`agents.names`."""
    names = Map(open=bool(keys))
    for (agent_name, deployment), key in sorted(keys.items(), key=lambda item: item[1]):
        agent = Map({"agent_name": agent_name})
        if deployment:
            agent.entries["deployment"] = deployment
        names.entries[key] = agent
    return names


def rooms_node(conventions: Iterable[Derived], keys: AgentKeys) -> list[Node]:
    """`agents.rooms`."""
    return [
        convention_node(
            one, lambda agent: agent_node(agent, keys[agent.agent_name, agent.deployment])
        )
        for one in conventions
    ]


def convention_node(one: Derived, agent: Callable[[AgentDispatch], Node]) -> Map:
    """One convention; `agent` writes one agent of its lists."""
    node = Map({"room" if one.rooms.is_room else "prefix": one.rooms.text})
    if one.agents is not None:
        node.entries["agents"] = list(map(agent, one.agents))
    if one.lines:
        lines: dict[str, Node] = {
            label: Map({"agents": list(map(agent, agents))}) for label, agents in one.lines.items()
        }
        node.entries["lines"] = Map(lines, open=True)
        node.open = True
    node.entries["dispatch"] = Word("sip")
    return node


def agent_node(agent: AgentDispatch, key: str) -> Node:
    """One agent by its key, with what it is told."""
    told: dict[str, Node] = {}
    if agent.metadata.text:
        told["metadata"] = agent.metadata.text
    if agent.attributes:
        told["attributes"] = Map(dict(agent.attributes))
    if agent.restart_policy:
        told["restart_policy"] = Word(agent.restart_policy)
    return Map({"agent": key, **told}) if told else key
