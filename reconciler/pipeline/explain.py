"""What can be asked where a call goes: the file, the live project, and what an apply would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.config.model import Configuration
from reconciler.core.finding import Finding
from reconciler.core.objects import Snapshot
from reconciler.errors import SecretMissing
from reconciler.pipeline.configuration import configuration_of
from reconciler.pipeline.guards import ConfigError, is_readable
from reconciler.pipeline.observed import observe, optional_configuration
from reconciler.pipeline.prepare import era_of, normalised, options_of
from reconciler.pipeline.request import Request
from reconciler.planning import Draft, matches
from reconciler.planning.routes import Routes, routes_of_file, routes_of_live
from reconciler.sip.routing.call import Answer, Call, PinUnknown
from reconciler.sip.routing.pins import source_of
from reconciler.sip.routing.rules import Rule
from reconciler.sip.spec import DISPATCH_RULE


@dataclass(frozen=True, slots=True)
class AskedProject:
    """A project that can be called, and the file that says who joins its rooms, where there is one.

    `names` are those that the file has for its rules, by their ids. `is_live`: its rules bring what they bring,
    whatever the file says.
    """

    routes: Routes
    configuration: Configuration | None
    names: Mapping[str, str] = field(default_factory=dict)
    is_live: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the file but does not keep questions from being answered."""
        return self.configuration.findings if self.configuration is not None else ()

    def line_of(self, rule: Rule) -> str | None:
        """The label that the file gives a rule."""
        name = self.names.get(rule.id)
        return self.configuration.lines.get(name) if self.configuration and name else None


@dataclass(frozen=True, slots=True)
class Sides:
    """The project as it lives and as it will be, both ready to be called, and what is wrong with the file."""

    live: Routes
    after: Routes
    findings: tuple[Finding, ...]


def project_in_file(request: Request) -> AskedProject:
    """The project as the file has it."""
    configuration = _readable(request)
    era = era_of(request, configuration)
    options = options_of(request, configuration, era)
    routes = routes_of_file(configuration, era, by_from_host=options.by_from_host)
    names = {rule.id: rule.label for rule in routes.router.rules.all}
    return AskedProject(routes, configuration, names)


def live_project(request: Request) -> AskedProject:
    """The live project, or one in a snapshot file; a configuration, if there is one, adds its conventions."""
    configuration = optional_configuration(request)
    live, era = observe(request, configuration)
    options = options_of(request, configuration, era)
    routes = routes_of_live(live, configuration, era, by_from_host=options.by_from_host)
    names = _names(configuration, live) if configuration is not None else {}
    return AskedProject(routes, configuration, names, is_live=True)


def routes_on_both_sides(request: Request) -> Sides:
    """The live project, and what an apply of the file would make of it."""
    configuration = normalised(_readable(request))
    live, era = observe(request, configuration)
    before, after = Draft(configuration, live, options_of(request, configuration, era)).sides()
    return Sides(before, after, configuration.findings)


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


def _names(configuration: Configuration, live: Snapshot) -> dict[str, str]:
    """The names that the file has for live rules, by their ids."""
    matched = matches(configuration, live).get(DISPATCH_RULE.name)
    pairs = matched.pairs if matched is not None else ()
    return {pair.live.id: pair.desired.name for pair in pairs if pair.live is not None}


def _readable(request: Request) -> Configuration:
    """The configuration, unless something in it could not be read: half a rule would be another rule."""
    configuration = configuration_of(request)
    if not is_readable(configuration):
        raise ConfigError(configuration.findings)
    return configuration
