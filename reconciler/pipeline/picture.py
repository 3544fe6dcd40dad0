"""What a map is drawn from: the file alone, the live project alone, or a plan with both."""

from __future__ import annotations

from reconciler.config.load import load, read_files
from reconciler.gateway.endpoint import endpoint_from
from reconciler.graph import graph_of_configuration, graph_of_live, graph_of_plan
from reconciler.graph.model import Graph
from reconciler.pipeline.guards import endpoint_of, guard_host
from reconciler.pipeline.prepare import era_of, open_server, prepare
from reconciler.pipeline.request import Request
from reconciler.planning import check


def picture_of_file(request: Request) -> Graph:
    """The map of the file, whatever is wrong with it: findings stand at what they are about."""
    configuration = load(read_files(request.paths), request.environ)
    era = era_of(request, configuration)
    return graph_of_configuration(configuration, check(configuration, era), era)


def picture_of_live(request: Request) -> Graph:
    """The map of the live project, or of a snapshot file; a configuration, if any, says which server is meant."""
    paths = [path for path in request.paths if path.exists()]
    configuration = load(read_files(paths), request.environ) if paths else None
    name = configuration.project.name if configuration is not None else ""
    if request.live_file is not None:
        from reconciler.gateway.snapshot_file import load_snapshot

        stored = load_snapshot(request.live_file)
        if configuration is not None:
            guard_host(configuration, stored.host)
        era = era_of(request, configuration, stored.era)
        return graph_of_live(stored.snapshot(era), era, name)
    endpoint = (
        endpoint_of(configuration, request.environ)
        if configuration is not None
        else endpoint_from(request.environ)
    )
    server = open_server(request, endpoint)
    observed = server.observe(find_era=request.server_version is None)
    server.era = era_of(request, configuration, observed.found_era)
    return graph_of_live(server.snapshot(observed), server.era, name)


def picture_of_plan(request: Request) -> Graph:
    """The map of what a plan changes, in everything that stays."""
    prepared = prepare(request)
    return graph_of_plan(prepared.plan, prepared.configuration, prepared.era, prepared.live)
