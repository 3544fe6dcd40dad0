"""Everything that can be said about a configuration without a server."""

from __future__ import annotations

from reconciler.config.model import Configuration
from reconciler.core.finding import Finding
from reconciler.core.plan import RoutingTest
from reconciler.pipeline.guards import is_readable
from reconciler.pipeline.prepare import era_of, options_of
from reconciler.pipeline.request import Request
from reconciler.planning import check, check_routes


def validated(
    request: Request, configuration: Configuration
) -> tuple[tuple[Finding, ...], tuple[RoutingTest, ...]]:
    """All findings, and the routing tests where every trunk and rule could be read."""
    options = options_of(request, configuration, era_of(request, configuration))
    findings = check(configuration, options.era)
    if not is_readable(configuration):
        return findings, ()
    tests, untested = check_routes(configuration, options)
    return tuple(sorted((*findings, *untested), key=lambda finding: finding.sort_key)), tests
