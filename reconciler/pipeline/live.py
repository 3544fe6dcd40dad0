"""The live project alone: its ids, a snapshot of it, an export. No configuration is needed.

Where there is one, it says which variables hold the key and which host is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.objects import Snapshot
from reconciler.gateway.endpoint import Endpoint, endpoint_from
from reconciler.gateway.server import LiveServer, Observed
from reconciler.pipeline.artefacts import now
from reconciler.pipeline.configuration import configuration_of
from reconciler.pipeline.guards import endpoint_of, require_known_project
from reconciler.pipeline.prepare import era_of, observe_server
from reconciler.pipeline.request import Request

if TYPE_CHECKING:
    from reconciler.export import Exported


def look(request: Request) -> Snapshot:
    """The live project in normal form."""
    server, observed = _observe(request)
    return server.snapshot(observed)


def take_snapshot(request: Request) -> dict[str, Any]:
    """The content of a snapshot file."""
    from reconciler.gateway.snapshot_file import snapshot_document

    server, observed = _observe(request)
    return snapshot_document(server.endpoint.host, now(), observed.messages, observed.found_era)


def export_live(request: Request, *, comments: bool, name: str = "") -> Exported:
    """The live project as a configuration."""
    from reconciler.export import export_project

    server, observed = _observe(request)
    live = server.snapshot(observed)
    first = live.host.split(":")[0].split(".")[0]
    label = name or (first if first[:1].isalpha() else "my-project")
    return export_project(
        live, name=label, era=server.era, server=request.server_version, comments=comments
    )


def _observe(request: Request) -> tuple[LiveServer, Observed]:
    server, observed = observe_server(request, _endpoint(request))
    server.era = era_of(request, None, observed.found_era)
    return server, observed


def _endpoint(request: Request) -> Endpoint:
    """The server of the file, where there is one.

    Only the file of the default place may be missing: one that was named and is not there, or cannot be read as far as
    its guard stands in it, must not end in a conversation with another project.
    """
    if request.names_no_file:
        return endpoint_from(request.environ)
    configuration = configuration_of(request)
    require_known_project(configuration)
    return endpoint_of(configuration, request.environ)
