"""What lives, on a server or in a snapshot file, for commands that ask about it with or without a configuration.

Where there is a configuration, it says which server is meant, and how it behaves.
"""

from __future__ import annotations

from reconciler.config.model import Configuration
from reconciler.core.objects import Snapshot
from reconciler.gateway.endpoint import endpoint_from
from reconciler.pipeline.configuration import configuration_of
from reconciler.pipeline.guards import endpoint_of, guard_host, require_known_project
from reconciler.pipeline.prepare import era_of, observe_server
from reconciler.pipeline.request import Request
from reconciler.sip.era import Era


def optional_configuration(request: Request) -> Configuration | None:
    """The configuration, if there is one.

    Only the file of the default place may be missing: one that was named and is not there, or cannot be read as far
    as it says which project it is for, must not end in an answer about another project.
    """
    if request.names_no_file:
        return None
    configuration = configuration_of(request)
    require_known_project(configuration)
    return configuration


def observe(request: Request, configuration: Configuration | None) -> tuple[Snapshot, Era]:
    """The live project, and the behaviour of its server that counts."""
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
    server, observed = observe_server(request, endpoint)
    server.era = era_of(request, configuration, observed.found_era)
    return server.snapshot(observed), server.era
