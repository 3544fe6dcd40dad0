"""How a room gets its agents: its convention, the rules that can make it, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.agents.arrival import Arrival, arrival, arrival_by_rules
from reconciler.agents.conventions import Convention, Mechanism
from reconciler.core.values import AgentDispatch, AgentList
from reconciler.pipeline.explain import AskedProject
from reconciler.planning.routes import UNNAMED, convention_of, conventions_in
from reconciler.planning.targets import AGENTS_PATH
from reconciler.sip.rooms import room_names
from reconciler.sip.routing.call import RANDOM
from reconciler.sip.routing.rules import Failure, Rule

_ANY_LETTERS = "0" * 12


@dataclass(frozen=True, slots=True)
class RoomExplained:
    """A room: its convention, who brings its agents, how they arrive, and the rules that can make it."""

    room: str
    convention: Convention | None
    dispatch: tuple[Mechanism, ...]
    arrival: Arrival
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Maker:
    """A rule that can make a room, its line, and the agents that it brings."""

    rule: Rule
    line: str | None
    agents: tuple[AgentDispatch, ...]

    @property
    def label(self) -> str:
        """The name of the rule, or its id."""
        return self.rule.label


def explain_room(project: AskedProject, room: str) -> RoomExplained:
    """How the agents of a room arrive, and which rules make it."""
    conventions = conventions_in(project.configuration)
    convention = None if conventions is None else convention_of(room, conventions)
    makers = tuple(_makers(project, room))
    rules = tuple(maker.label for maker in makers)
    if convention is None:
        found = arrival_by_rules([maker.agents for maker in makers])
        dispatch: tuple[Mechanism, ...] = (Mechanism.SIP,) if found.agents else ()
    else:
        found = arrival(convention, *dict.fromkeys(maker.line for maker in makers))
        dispatch = convention.dispatch
        if project.is_live:
            found = found.hindered_by(_contradictions(project, convention, makers))
    if convention is None or Mechanism.SIP in dispatch:
        found = found.hindered_by(_failing(project, makers))
    return RoomExplained(room, convention, dispatch, found, rules)


def _makers(project: AskedProject, room: str) -> Iterator[_Maker]:
    name = room.replace(RANDOM, _ANY_LETTERS)
    trunks = project.routes.router.trunks.by_id
    for rule in project.routes.router.rules.all:
        own = [trunks[one].fields for one in rule.trunks if one in trunks]
        names = room_names(rule.fields, own or None, project.routes.router.era)
        if names is not None and names.can_be(name):
            yield _Maker(rule, project.line_of(rule), _agents_of(rule))


def _agents_of(rule: Rule) -> tuple[AgentDispatch, ...]:
    agents = rule.fields.get(AGENTS_PATH)
    return agents.entries if isinstance(agents, AgentList) else ()


def _failing(project: AskedProject, makers: tuple[_Maker, ...]) -> Iterator[str]:
    """Conflicts that fail the calls by which the room would be made, each once."""
    trunks = dict.fromkeys(trunk for maker in makers for trunk in maker.rule.trunks or (None,))
    failures = (project.routes.router.rules.failure(trunk) for trunk in trunks)
    yield from dict.fromkeys(_failed(one) for one in failures if one is not None)


def _failed(failure: Failure) -> str:
    names, why = f'dispatch rule "{failure.rule.label}"', "it conflicts with itself"
    if failure.other is None:
        why = "it names no kind of room"
    elif failure.other is not failure.rule:
        names, why = (
            f'dispatch rules "{failure.other.label}" and "{failure.rule.label}"',
            "they conflict",
        )
    return f"LiveKit fails every call that reads the {names}: {why}"


def _contradictions(
    project: AskedProject, convention: Convention, makers: tuple[_Maker, ...]
) -> Iterator[str]:
    """Rules that bring others than the convention says, as they live."""
    for maker in makers:
        wanted = convention.agents_of(maker.line)
        if Mechanism.SIP not in convention.dispatch:
            wanted = AgentList(())
        if wanted is None or _names(wanted.entries) == _names(maker.agents):
            continue
        is_listed = maker.rule.id in project.names
        remedy = "`reconcile apply` puts it right" if is_listed else "the file does not list it"
        yield (
            f'dispatch rule "{maker.label}" as it lives brings {_told(maker.agents)}, and by the convention '
            f"it would bring {_told(wanted.entries)}: {remedy}"
        )


def _names(agents: tuple[AgentDispatch, ...]) -> list[str]:
    return sorted(agent.agent_name for agent in agents)


def _told(agents: tuple[AgentDispatch, ...]) -> str:
    return ", ".join(agent.agent_name or UNNAMED for agent in agents) or "no agent"
