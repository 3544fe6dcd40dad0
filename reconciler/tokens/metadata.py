"""What an application says to the agents of a room, merged over what the convention says to them.

A mapping is merged key by key, and the application's keys win; a text replaces a text. A mapping over a text, or the
other way round, is an error: nobody could tell what the agent would read. `reconciler.export.typescript` has the same
rules, and the same sentences, in TypeScript.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from reconciler.core.values import AgentDispatch, Metadata
from reconciler.tokens.errors import MetadataInvalid, MetadataMissing

Given: TypeAlias = Mapping[str, object] | str | None
"""What an application passes: a mapping, a text, or nothing."""


def quoted(text: str) -> str:
    """A name in an error: in quotation marks, in one line, as JSON spells it."""
    return json.dumps(text, ensure_ascii=False)


def merged_agents(
    agents: Sequence[AgentDispatch], given: Given, room: str
) -> tuple[AgentDispatch, ...]:
    """The agents with the metadata that they are to get. Raises `MetadataInvalid`."""
    if given is None:
        return tuple(agents)
    return tuple(
        AgentDispatch(
            agent.agent_name,
            Metadata(_merged(agent, given, room), isinstance(given, Mapping)),
            agent.attributes,
            agent.restart_policy,
            agent.deployment,
        )
        for agent in agents
    )


def require_keys(
    agents: Sequence[AgentDispatch], keys: Sequence[str], room: str, convention: str
) -> None:
    """Raises `MetadataMissing` unless the metadata of every agent is a JSON object with all these keys."""
    for agent in agents if keys else ():
        found = json_object(agent.metadata.text) or {}
        missing = tuple(key for key in keys if key not in found)
        if missing:
            raise MetadataMissing(
                f"room {quoted(room)}: the metadata of {named(agent)} lacks {', '.join(missing)}, which the convention "
                f"{quoted(convention)} requires: pass every such key in the metadata",
                keys=missing,
                room=room,
                convention=convention,
            )


def named(agent: AgentDispatch) -> str:
    """An agent in a sentence."""
    return f"agent {quoted(agent.agent_name)}" if agent.agent_name else "the unnamed agent"


def json_object(text: str) -> dict[str, object] | None:
    """The JSON object that a text is, or None where it is something else."""
    if not text.lstrip(" \t\r\n").startswith("{"):
        return None
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def encoded(value: Mapping[str, object], room: str) -> str:
    """A mapping as compact JSON. Raises `MetadataInvalid` for what JSON cannot hold."""
    where = f"room {quoted(room)}: this metadata cannot be written as JSON"
    advice = "pass texts, finite numbers, flags, None, lists and mappings of these"
    if not all(isinstance(key, str) for key in value):
        raise MetadataInvalid(f"{where}: a key is no text: {advice}")
    try:
        text = json.dumps(dict(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        # What was passed is not repeated: it is the application's data.
        raise MetadataInvalid(f"{where} ({type(error).__name__}): {advice}") from error
    return text


def _merged(agent: AgentDispatch, given: Mapping[str, object] | str, room: str) -> str:
    own = agent.metadata
    is_text = isinstance(given, str)
    if own.text and is_text is own.is_json:
        has, passed = ("a mapping", "a text") if own.is_json else ("a text", "a mapping")
        raise MetadataInvalid(
            f"room {quoted(room)}: the convention gives {named(agent)} {has} as metadata, and {passed} was passed: "
            f"pass {has}, or change the file"
        )
    if isinstance(given, str):
        _require_characters(given, room)
        return given
    return encoded({**(json.loads(own.text) if own.text else {}), **given}, room)


def _require_characters(text: str, room: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MetadataInvalid(
            f"room {quoted(room)}: the metadata has half a character in it, which cannot be sent: pass whole ones"
        ) from error


def _no_constant(name: str) -> object:
    raise ValueError(name)
