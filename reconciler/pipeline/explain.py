"""Where calls go: in the file, in the live project, and in what an apply would make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.agents.arrival import Arrival, arrival, arrival_by_rules
from reconciler.agents.conventions import Convention, Mechanism
from reconciler.config.load import load, read_files
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding
from reconciler.core.objects import Snapshot
from reconciler.core.values import AgentDispatch, AgentList
from reconciler.errors import SecretMissing
from reconciler.pipeline.guards import ConfigError, is_readable
from reconciler.pipeline.observed import observe, optional_configuration
from reconciler.pipeline.prepare import era_of, normalised, options_of
from reconciler.pipeline.request import Request
from reconciler.planning import matches, project_after
from reconciler.planning.routes import (
    UNNAMED,
    Routes,
    convention_of,
    conventions_in,
    routes_of_file,
    routes_of_live,
)
from reconciler.planning.targets import AGENTS_PATH
from reconciler.sip.rooms import room_names
from reconciler.sip.routing.call import RANDOM, Answer, Call, PinUnknown
from reconciler.sip.routing.pins import source_of
from reconciler.sip.routing.rules import Rule
from reconciler.sip.spec import DISPATCH_RULE

_ANY_LETTERS = "0" * 12


@dataclass(frozen=True, slots=True)
class AskedProject:
    """A project that can be called, and the file that says who joins its rooms, where there is one.

    `lines` are the labels of its rules by their ids. `is_live`: its rules bring what they bring, whatever the file
    says.
    """

    routes: Routes
    configuration: Configuration | None
    lines: Mapping[str, str] = field(default_factory=dict)
    is_live: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the file but does not keep questions from being answered."""
        return self.configuration.findings if self.configuration is not None else ()


@dataclass(frozen=True, slots=True)
class Sides:
    """The project as it lives and as it will be, both ready to be called, and what is wrong with the file."""

    live: Routes
    after: Routes
    findings: tuple[Finding, ...]


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

    label: str
    line: str | None
    agents: tuple[AgentDispatch, ...]


def project_in_file(request: Request) -> AskedProject:
    """The project as the file has it."""
    configuration = _readable(request)
    era = era_of(request, configuration)
    options = options_of(request, configuration, era)
    routes = routes_of_file(configuration, era, by_from_host=options.by_from_host)
    names = {rule.label: rule.id for rule in routes.router.rules.all}
    return AskedProject(routes, configuration, _lines(configuration, names))


def live_project(request: Request) -> AskedProject:
    """The live project, or one in a snapshot file; a configuration, if there is one, adds its conventions."""
    configuration = optional_configuration(request)
    live, era = observe(request, configuration)
    options = options_of(request, configuration, era)
    routes = routes_of_live(live, configuration, era, by_from_host=options.by_from_host)
    lines = _lines(configuration, _ids(configuration, live)) if configuration is not None else {}
    return AskedProject(routes, configuration, lines, is_live=True)


def routes_on_both_sides(request: Request) -> Sides:
    """The live project, and what an apply of the file would make of it."""
    configuration = normalised(_readable(request))
    live, era = observe(request, configuration)
    options = options_of(request, configuration, era)
    by_from_host = options.by_from_host
    after = project_after(configuration, live, options)
    return Sides(
        routes_of_live(live, configuration, era, by_from_host=by_from_host),
        Routes(after, conventions_in(configuration), era, by_from_host=by_from_host),
        configuration.findings,
    )


def answer(routes: Routes, call: Call) -> Answer:
    """What becomes of a call. Raises `SecretMissing` where that depends on a PIN which is not known here."""
    try:
        return routes.answer(call)
    except PinUnknown as unknown:
        ref = source_of(unknown.rule.fields)
        where = f" ({ref})" if ref is not None else ""
        raise SecretMissing(
            f'the PIN of rule "{unknown.rule.label}"{where} is not known here, so the one given cannot be compared '
            "with it: set the variable, or leave the PIN out"
        ) from unknown


def explain_room(project: AskedProject, room: str) -> RoomExplained:
    """How the agents of a room arrive, and which rules make it."""
    conventions = conventions_in(project.configuration)
    convention = None if conventions is None else convention_of(room, conventions)
    makers = tuple(_makers(project, room))
    rules = tuple(maker.label for maker in makers)
    if convention is None:
        found = arrival_by_rules([maker.agents for maker in makers])
        dispatch = (Mechanism.SIP,) if found.agents else ()
        return RoomExplained(room, None, dispatch, found, rules)
    found = arrival(convention, *dict.fromkeys(maker.line for maker in makers))
    if project.is_live:
        found = found.hindered_by(_contradictions(convention, makers))
    return RoomExplained(room, convention, convention.dispatch, found, rules)


def _makers(project: AskedProject, room: str) -> Iterator[_Maker]:
    name = room.replace(RANDOM, _ANY_LETTERS)
    trunks = project.routes.router.trunks.by_id
    for rule in project.routes.router.rules.all:
        own = [trunks[one].fields for one in rule.trunks if one in trunks]
        names = room_names(rule.fields, own or None, project.routes.router.era)
        if names is not None and names.can_be(name):
            yield _Maker(rule.label, project.lines.get(rule.id), _agents_of(rule))


def _agents_of(rule: Rule) -> tuple[AgentDispatch, ...]:
    agents = rule.fields.get(AGENTS_PATH)
    return agents.entries if isinstance(agents, AgentList) else ()


def _contradictions(convention: Convention, makers: tuple[_Maker, ...]) -> Iterator[str]:
    """Rules that bring others than the convention says, as they live."""
    for maker in makers:
        wanted = convention.agents_of(maker.line)
        if Mechanism.SIP not in convention.dispatch:
            wanted = AgentList(())
        if wanted is not None and _names(wanted.entries) != _names(maker.agents):
            yield (
                f'dispatch rule "{maker.label}" as it lives brings {_told(maker.agents)}, and by the convention '
                f"it would bring {_told(wanted.entries)}: `reconcile apply` puts it right"
            )


def _names(agents: tuple[AgentDispatch, ...]) -> list[str]:
    return sorted(agent.agent_name for agent in agents)


def _told(agents: tuple[AgentDispatch, ...]) -> str:
    return ", ".join(agent.agent_name or UNNAMED for agent in agents) or "no agent"


def _ids(configuration: Configuration, live: Snapshot) -> dict[str, str]:
    """The ids of the live rules by the names that the file has for them."""
    matched = matches(configuration, live).get(DISPATCH_RULE.name)
    pairs = matched.pairs if matched is not None else ()
    return {pair.desired.name: pair.live.id for pair in pairs if pair.live is not None}


def _lines(configuration: Configuration, ids: Mapping[str, str]) -> dict[str, str]:
    return {ids[name]: line for name, line in configuration.lines.items() if name in ids}


def _readable(request: Request) -> Configuration:
    """The configuration, unless something in it could not be read: half a rule would be another rule."""
    configuration = load(read_files(request.paths), request.environ)
    if not is_readable(configuration):
        raise ConfigError(configuration.findings)
    return configuration
