"""Where calls go: in the file, in the live project, and in what an apply would make of it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.agents.arrival import Arrival, arrival
from reconciler.agents.conventions import Convention
from reconciler.config.load import load, read_files
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding
from reconciler.core.objects import Snapshot
from reconciler.errors import SecretMissing
from reconciler.gateway.endpoint import endpoint_from
from reconciler.pipeline.guards import ConfigError, endpoint_of, guard_host, is_readable
from reconciler.pipeline.prepare import era_of, normalised, open_server, options_of
from reconciler.pipeline.request import Request
from reconciler.planning import project_after
from reconciler.planning.routes import (
    Routes,
    convention_of,
    conventions_in,
    routes_of_file,
    routes_of_live,
)
from reconciler.sip.era import Era
from reconciler.sip.rooms import room_names
from reconciler.sip.routing.call import RANDOM, Answer, Call, PinUnknown
from reconciler.sip.routing.pins import source_of

_ANY_LETTERS = "0" * 12


@dataclass(frozen=True, slots=True)
class Sides:
    """The project as it lives and as it will be, both ready to be called."""

    live: Routes
    after: Routes


@dataclass(frozen=True, slots=True)
class RoomExplained:
    """What the file says of a room, and the rules that can make it."""

    room: str
    convention: Convention | None
    arrival: Arrival
    rules: tuple[str, ...]


def routes_in_file(request: Request) -> tuple[Routes, tuple[Finding, ...]]:
    """The file, and what is wrong with it but does not keep calls from being answered."""
    configuration = _readable(request)
    era = era_of(request, configuration)
    options = options_of(request, configuration, era)
    routes = routes_of_file(configuration, era, by_from_host=options.by_from_host)
    return routes, configuration.findings


def routes_in_live(request: Request) -> Routes:
    """The live project, or one in a snapshot file; a configuration, if there is one, adds its conventions."""
    configuration = _optional(request)
    live, era = _observed(request, configuration)
    options = options_of(request, configuration, era)
    return routes_of_live(live, configuration, era, by_from_host=options.by_from_host)


def routes_on_both_sides(request: Request) -> Sides:
    """The live project, and what an apply of the file would make of it."""
    configuration = normalised(_readable(request))
    live, era = _observed(request, configuration)
    options = options_of(request, configuration, era)
    by_from_host = options.by_from_host
    after = project_after(configuration, live, options)
    return Sides(
        routes_of_live(live, configuration, era, by_from_host=by_from_host),
        Routes(after, conventions_in(configuration), era, by_from_host=by_from_host),
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


def explain_room(request: Request, room: str, *, live: bool) -> RoomExplained:
    """How the agents of a room arrive, and which rules make it: those of the file, or with `live` the live ones."""
    configuration = _optional(request) if live else _readable(request)
    routes = routes_in_live(request) if live else routes_in_file(request)[0]
    conventions = conventions_in(configuration)
    convention = None if conventions is None else convention_of(room, conventions)
    return RoomExplained(room, convention, arrival(convention), tuple(_makers(routes, room)))


def _makers(routes: Routes, room: str) -> list[str]:
    name = room.replace(RANDOM, _ANY_LETTERS)
    trunks = routes.router.trunks.by_id
    found = []
    for rule in routes.router.rules.all:
        own = [trunks[one].fields for one in rule.trunks if one in trunks]
        names = room_names(rule.fields, own or None, routes.router.era)
        if names is not None and names.can_be(name):
            found.append(rule.label)
    return found


def _readable(request: Request) -> Configuration:
    """The configuration, unless something in it could not be read: half a rule would be another rule."""
    configuration = load(read_files(request.paths), request.environ)
    if not is_readable(configuration):
        raise ConfigError(configuration.findings)
    return configuration


def _optional(request: Request) -> Configuration | None:
    paths = [path for path in request.paths if path.exists()]
    return load(read_files(paths), request.environ) if paths else None


def _observed(request: Request, configuration: Configuration | None) -> tuple[Snapshot, Era]:
    if request.live_file is not None:
        from reconciler.gateway.snapshot_file import load_snapshot

        stored = load_snapshot(request.live_file)
        if configuration is not None:
            guard_host(configuration, stored.host)
        era = era_of(request, configuration, stored.era)
        return stored.snapshot(era), era
    endpoint = (
        endpoint_of(configuration, request.environ)
        if configuration is not None
        else endpoint_from(request.environ)
    )
    server = open_server(request, endpoint)
    observed = server.observe(find_era=request.server_version is None)
    server.era = era_of(request, configuration, observed.found_era)
    return server.snapshot(observed), server.era
