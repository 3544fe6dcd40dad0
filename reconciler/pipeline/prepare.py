"""Loads, observes and plans.

Files are parsed while the live project is being read, as far as it is certain which project that is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.background import background
from reconciler.config.load import load, read_files, read_overlays
from reconciler.config.model import Configuration, Project
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Snapshot
from reconciler.core.plan import Call
from reconciler.core.values import Secret
from reconciler.errors import Refused, SecretMissing
from reconciler.pipeline.configuration import configuration_of
from reconciler.pipeline.guards import (
    ConfigError,
    certain_endpoint,
    endpoint_of,
    guard_host,
    require_listed,
    require_readable,
    require_secrets,
)
from reconciler.pipeline.request import Prepared, Request
from reconciler.planning import Draft, Options
from reconciler.sip.era import Era, matches_from_host
from reconciler.sip.spec import DISPATCH_RULE

if TYPE_CHECKING:
    from reconciler.gateway.endpoint import Endpoint
    from reconciler.gateway.neighbours import Neighbours
    from reconciler.gateway.server import LiveServer, Observed
    from reconciler.pipeline.room_writes import RoomPlans


def prepare(request: Request) -> Prepared:
    """Loads, observes and plans. Raises `ReconcileError` where there is nothing to plan with or against."""
    if request.live_file is not None:
        return _prepare_offline(request)
    files, overlays = read_files(request.paths), read_overlays(request.overlays)
    with background(3, "observe") as pool:
        # An overlay may take away what a file says of its project, so with one nothing is certain before all is read.
        guess = certain_endpoint(files, request.environ) if not overlays else None
        observing = pool.submit(observe_server, request, guess) if guess is not None else None
        configuration = load(files, request.environ, overlays)
        endpoint = endpoint_for_plan(request, configuration)
        if observing is None or endpoint != guess:
            observing = pool.submit(observe_server, request, endpoint)
        reading = pool.submit(_rooms, request, configuration, endpoint) if request.rooms else None
        server, observed = observing.result()
        rooms = reading.result() if reading is not None else None
    return _planned(request, configuration, server, observed, rooms)


def prepare_read(
    request: Request, configuration: Configuration, neighbours: Neighbours
) -> Prepared:
    """The same for a configuration that was read before, as one of several projects that are looked at together.

    It tells nobody what it has to wait for: that is the business of whoever looks at all of them.
    """
    request = replace(request, tell_pace=None)
    endpoint = endpoint_for_plan(request, configuration)
    server, observed = observe_server(request, endpoint, neighbours)
    rooms = _rooms(request, configuration, endpoint) if request.rooms else None
    return _planned(request, configuration, server, observed, rooms)


def endpoint_for_plan(request: Request, configuration: Configuration) -> Endpoint:
    """The server of a configuration, once all is right with it that must be before a server is asked for a plan."""
    require_readable(configuration)
    endpoint = endpoint_of(configuration, request.environ)
    require_secrets(configuration)
    require_listed(configuration, request.write_secrets)
    return endpoint


def _planned(
    request: Request,
    configuration: Configuration,
    server: LiveServer,
    observed: Observed,
    rooms: RoomPlans | None,
) -> Prepared:
    server.era = era_of(request, configuration, observed.found_era)
    server.use_secrets(secrets_of(configuration))
    live = server.snapshot(observed)
    draft = draft_against(request, configuration, live, server.era)
    return Prepared(
        configuration,
        live,
        draft.plan(),
        server.era,
        server,
        rooms=rooms,
        draft=draft,
        messages=observed.messages,
    )


def _rooms(request: Request, configuration: Configuration, endpoint: Endpoint) -> RoomPlans:
    from reconciler.pipeline.room_writes import read_rooms
    from reconciler.pipeline.rooms import Project as RoomsProject

    return read_rooms(request, RoomsProject(configuration, endpoint))


def _prepare_offline(request: Request) -> Prepared:
    from reconciler.gateway.snapshot_file import load_snapshot

    assert request.live_file is not None  # noqa: S101  # the caller looked
    configuration = configuration_of(request)
    require_readable(configuration)
    stored = load_snapshot(request.live_file)
    guard_host(configuration, stored.host)
    era = era_of(request, configuration, stored.era)
    live = stored.snapshot(era)
    draft = draft_against(request, configuration, live, era)
    return Prepared(configuration, live, draft.plan(), era, None, draft=draft)


def draft_against(
    request: Request, configuration: Configuration, live: Snapshot, era: Era
) -> Draft:
    """A configuration held against one snapshot."""
    return Draft(normalised(configuration), live, options_of(request, configuration, era))


def options_of(request: Request, configuration: Configuration | None, era: Era) -> Options:
    """What a command asks of the planner; a server is known by its era, and where it was named by its version."""
    version = request.server_version or (
        configuration.project.server if configuration is not None else None
    )
    by_from_host = matches_from_host(version) if version else None
    return Options(request.only, request.write_secrets, era, by_from_host)


def normalised(configuration: Configuration) -> Configuration:
    """The configuration with LiveKit's own JSON in it spelt as LiveKit spells it.

    Raises `ConfigError` where LiveKit does not know what stands there.
    """
    path = "room.egress"
    rules = configuration.sip.get(DISPATCH_RULE.name, ())
    if not any(path in rule.fields for rule in rules):
        return configuration
    from reconciler.gateway.egress import canonical_egress

    findings: list[Finding] = []
    spelt = []
    for rule in rules:
        secret = rule.fields.get(path)
        text = secret.reveal() if isinstance(secret, Secret) else None
        if isinstance(secret, Secret) and text is not None:
            try:
                canonical = Secret(canonical_egress(text), secret.ref)
                rule = replace(rule, fields={**rule.fields, path: canonical})
            except ValueError as error:
                place = f"sip.dispatch_rules.{rule.name}.{path}"
                fix = "see RoomEgress in LiveKit's API"
                mark = rule.origin.mark(path)
                findings.append(
                    Finding(
                        "bad-egress",
                        Severity.ERROR,
                        place,
                        f"LiveKit does not know this: {error}",
                        fix,
                        mark,
                    )
                )
        spelt.append(rule)
    if findings:
        raise ConfigError((*configuration.findings, *findings))
    return replace(configuration, sip={**configuration.sip, DISPATCH_RULE.name: tuple(spelt)})


def observe_server(
    request: Request,
    endpoint: Endpoint,
    neighbours: Neighbours | None = None,
    *,
    find_era: bool = True,
) -> tuple[LiveServer, Observed]:
    """Opens a project and reads it, as the request wants it.

    How long that takes where only so many requests a minute are allowed is told before it. `find_era`: what the objects
    tell of the server's age counts, unless the request knows it.
    """
    from reconciler.gateway.rate import limit_of
    from reconciler.gateway.read import ALL_KINDS
    from reconciler.gateway.server import LiveServer
    from reconciler.pipeline.pace import forewarn

    forewarn(request, endpoint.host, len(ALL_KINDS))
    server = LiveServer(
        endpoint,
        era=Era.of(request.server_version) if request.server_version else Era.NEW,
        timeout=request.timeout,
        concurrency=request.concurrency,
        limit=limit_of(endpoint.host, request.max_requests_per_minute),
        neighbours=neighbours,
    )
    return server, server.observe(find_era=find_era and request.server_version is None)


def era_of(request: Request, configuration: Configuration | None, found: Era | None = None) -> Era:
    """Which behaviour counts: the option, else the file, else what was found out, else the newest."""
    version = request.server_version or (
        configuration.project.server if configuration is not None else None
    )
    return Era.of(version) if version else found or Era.NEW


def prepare_saved(request: Request, path: Path) -> Prepared:
    """A saved plan, ready to be applied. Raises `Refused` where it is damaged, overtaken or for another project."""
    from reconciler.fingerprint import Fingerprints
    from reconciler.gateway.endpoint import endpoint_from
    from reconciler.planfile import read_plan, require_fresh, require_intact, secrets_from

    saved = read_plan(path)
    endpoint = endpoint_from(request.environ, saved.env_prefix)
    if endpoint.host != saved.plan.host:
        raise Refused(
            f"{path}: the plan is for {saved.plan.host}, the environment names {endpoint.host}: nothing was read"
        )
    prints = Fingerprints(endpoint.api_secret)
    require_intact(path, saved, prints)
    rooms = _rooms_of_file(request, path, endpoint) if request.rooms else None
    server, observed = observe_server(request, endpoint, find_era=False)
    server.era = saved.era
    live = server.snapshot(observed)
    require_fresh(path, saved, live, prints if saved.keyed else None)
    server.use_secrets(secrets_from(saved, request.environ))
    configuration = Configuration(
        files=saved.files, project=Project(saved.plan.project, env_prefix=saved.env_prefix)
    )
    return Prepared(
        configuration,
        live,
        saved.plan,
        saved.era,
        server,
        saved=(path, saved),
        rooms=rooms,
        messages=observed.messages,
    )


def _rooms_of_file(request: Request, path: Path, endpoint: Endpoint) -> RoomPlans:
    """Live rooms beside a saved plan, which holds no conventions: those are the file's as it is now."""
    from reconciler.pipeline.rooms import open_project

    project = open_project(request)
    if project.endpoint != endpoint:
        raise Refused(
            f"{path}: the plan is for {endpoint.host}, the file for {project.endpoint.host}: nothing was read"
        )
    return _rooms(request, project.configuration, endpoint)


def secrets_of(configuration: Configuration) -> Callable[[Call, str], str]:
    """Looks up the text of a sensitive field among the objects of a configuration."""
    objects = {(one.kind, one.name): one for kind in configuration.sip.values() for one in kind}

    def look_up(call: Call, path: str) -> str:
        name = call.new_name or call.name
        value = objects[(call.kind, name)].fields.get(path)
        text = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(text, str):
            raise SecretMissing(f"{path} of {name} has no value")
        return text

    return look_up
