"""Metadata that looks like JSON and is none: applications that parse it fail in the middle of a call."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from reconciler.agents.conventions import Convention
from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.core.values import AgentDispatch, Metadata
from reconciler.lint.facts import Facts
from reconciler.lint.report import report, report_convention

_FIELDS = ("metadata", "room.metadata")
# What JSON starts with, and with slips in it. `[VIP] callers`, `[1] desk` and `{name}` are no JSON and mean to be none.
_LIKE_JSON = re.compile(
    r"""\s*(?:\{\s*(?:["'}]|\w+["']?\s*:)|\[\s*(?:["'{\[]|(?:-?[0-9.]+|true|false|null)\s*(?:,|$)))"""
)
_FIX = "write it as a mapping, {lang: en}: it is sent as JSON"


def check_metadata(one: Desired, _: Facts) -> Iterator[Finding]:
    """That of a trunk, a rule or its rooms."""
    for path in _FIELDS:
        value = one.fields.get(path)
        if isinstance(value, Metadata) and (why := problem(value)):
            yield report("metadata-not-json", one, path, why, _FIX)


def check_agents(facts: Facts) -> Iterator[Finding]:
    """That of the agents of a convention."""
    for one in facts.plane.conventions.all if facts.plane is not None else ():
        yield from _check_list(one, "agents", one.agents or ())
        for line, agents in one.lines.items():
            yield from _check_list(one, f"lines.{line}.agents", agents)


def _check_list(one: Convention, path: str, agents: tuple[AgentDispatch, ...]) -> Iterator[Finding]:
    for index, agent in enumerate(agents):
        if why := problem(agent.metadata):
            where = f"{path}[{index}].metadata"
            yield report_convention("metadata-not-json", one, where, why, _FIX)


def problem(value: Metadata) -> str:
    """Why this is no JSON although it starts so, or nothing."""
    if value.is_json or not _LIKE_JSON.match(value.text):
        return ""
    try:
        json.loads(value.text, parse_constant=_refused)
    except ValueError as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        return f"this looks like JSON and is none: {why}"
    except RecursionError:
        return "this looks like JSON and is none: nested too deeply"
    return ""


def _refused(name: str) -> None:
    """NaN and the like are Python's own."""
    raise ValueError(f"{name} is no value of JSON")
