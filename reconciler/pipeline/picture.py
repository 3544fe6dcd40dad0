"""What a map is drawn from: the file alone, the live project alone, or a plan with both."""

from __future__ import annotations

from reconciler.core.finding import has_errors
from reconciler.graph import graph_of_configuration, graph_of_live, graph_of_plan, only_changes
from reconciler.graph.model import Graph
from reconciler.pipeline.configuration import configuration_of
from reconciler.pipeline.guards import ConfigError
from reconciler.pipeline.observed import observe, optional_configuration
from reconciler.pipeline.prepare import era_of, prepare
from reconciler.pipeline.request import Prepared, Request
from reconciler.planning import check


def picture_of_file(request: Request) -> Graph:
    """The map of the file, findings at what they are about. Raises `ConfigError` where nothing can be read."""
    configuration = configuration_of(request)
    is_empty = not configuration.sip and configuration.agents is None
    if is_empty and has_errors(configuration.findings):
        raise ConfigError(configuration.findings)
    era = era_of(request, configuration)
    return graph_of_configuration(configuration, check(configuration, era), era)


def picture_of_live(request: Request) -> Graph:
    """The map of the live project, or of a snapshot file; a configuration, if any, says which server is meant."""
    configuration = optional_configuration(request)
    live, era = observe(request, configuration)
    return graph_of_live(live, era, configuration.project.name if configuration else "")


def picture_of_plan(request: Request) -> Graph:
    """The map of what a plan changes, in everything that stays."""
    return _planned(prepare(request))


def picture_of_changes(request: Request) -> Graph:
    """The map of what a plan changes, with what stands beside it and who answers."""
    return only_changes(picture_of_plan(request))


def drawn_changes(prepared: Prepared, limit: int) -> str:
    """The same for a plan that is there already, as Mermaid of at most `limit` bytes; "" where nothing changes.

    That of a saved plan was drawn when it was made.
    """
    if prepared.saved is not None:
        from reconciler.pipeline.documents import context_of_saved

        return context_of_saved(*prepared.saved).drawing
    if prepared.draft is None or not prepared.plan.changes:
        return ""
    from reconciler.graph.mermaid import mermaid

    return mermaid(only_changes(_planned(prepared)), limit)


def _planned(prepared: Prepared) -> Graph:
    return graph_of_plan(prepared.plan, prepared.configuration, prepared.era, prepared.live)
