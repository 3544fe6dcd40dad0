"""`apply --require-agents`: nobody is sent to an agent that does not answer.

Asked are the agents that an apply newly brings: those of rules that it creates or changes, and those that live rooms
lack. Agents that were there before are not asked, so that a worker which is down does not keep anything else from
being put right.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.plan import Action, Plan
from reconciler.core.values import AgentList, PlainValue
from reconciler.errors import Refused
from reconciler.pipeline.event_loop import run
from reconciler.pipeline.probe import Probe, Probed, knows_unnamed, probe_project
from reconciler.pipeline.request import Prepared, Request
from reconciler.pipeline.rooms import Project
from reconciler.planning.targets import AGENTS_PATH

_SHOWN = 3


def agents_brought(prepared: Prepared) -> dict[str, list[str]]:
    """The agents that an apply newly brings, by their names, and what brings each, in words."""
    found: dict[str, list[str]] = {}
    for name, place in _by_rules(prepared.plan):
        found.setdefault(name, []).append(f'dispatch rule "{place}"')
    for name, place in prepared.rooms.agents_brought() if prepared.rooms is not None else ():
        found.setdefault(name, []).append(f'room "{place}"')
    return found


def _by_rules(plan: Plan) -> Iterator[tuple[str, str]]:
    for change in plan.changes:
        if change.action is Action.DELETE:
            continue
        for one in change.fields:
            if one.path == AGENTS_PATH:
                for name in _names(one.after) - _names(one.before):
                    yield name, change.name


def _names(value: PlainValue | None) -> set[str]:
    return {one.agent_name for one in value.entries} if isinstance(value, AgentList) else set()


def require_agents(request: Request, prepared: Prepared, timeout: float) -> None:
    """Probes every agent that the apply newly brings, `timeout` seconds each.

    Raises `Refused` where no worker answers to one, and names what would have brought it.
    """
    brought = agents_brought(prepared)
    if not brought or prepared.server is None:
        return
    project = Project(prepared.configuration, prepared.server.endpoint)
    asked = Probe(tuple(sorted(brought)), timeout, knows_unnamed=knows_unnamed(project))
    probed = run(probe_project(request, project, asked))
    # A job that gets lost is no missing worker.
    silent = [one for one in probed if not (one.is_ok or one.answers_later)]
    if silent:
        told = [_told(one, brought[one.agent_name]) for one in silent]
        raise Refused(
            f"nothing was written: no worker answers in {timeout:g} s to {'; to '.join(told)}: "
            "start it, or leave out --require-agents"
        )


def _told(one: Probed, places: list[str]) -> str:
    shown = ", ".join(places[:_SHOWN])
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    reason = f" - {one.problem or one.hint}" if one.problem or one.hint else ""
    return f"{one.agent_name or '(unnamed)'} ({shown}{more}){reason}"
