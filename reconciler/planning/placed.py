"""The objects of a project as they take part in routing: of the file alone, or of the live project alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.compose import compile_rule
from reconciler.config.model import Configuration
from reconciler.core.objects import Fields, Snapshot
from reconciler.planning.targets import AGENTS_PATH, offline, trunk_fields
from reconciler.sip.era import Era
from reconciler.sip.occupancy import PENDING
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK


@dataclass(frozen=True, slots=True)
class Placed:
    """An object as it takes part in routing: `id` is the server's, or stands for the one that it will give."""

    kind: str
    id: str
    label: str
    fields: Fields


def placed_in_file(configuration: Configuration, era: Era) -> Iterator[Placed]:
    """The objects of a file. No id is known, so names stand for ids, also where ties are settled by the id."""
    for trunk in configuration.sip.get(INBOUND_TRUNK.name, ()):
        yield Placed(trunk.kind, f"{PENDING}{trunk.name}", trunk.name, trunk.fields)
    plane = configuration.agents
    trunks = trunk_fields(configuration)
    for rule in configuration.sip.get(DISPATCH_RULE.name, ()):
        fields = offline(rule)
        if plane is not None:
            line = configuration.lines.get(rule.name)
            compiled = compile_rule(rule, line, plane.conventions, trunks, era)
            if compiled.agents is not None:
                fields = {**fields, AGENTS_PATH: compiled.agents}
        yield Placed(rule.kind, f"{PENDING}{rule.name}", rule.name, fields)


def placed_live(live: Snapshot) -> Iterator[Placed]:
    """The objects of a live project."""
    for kind in (INBOUND_TRUNK, DISPATCH_RULE):
        for one in live.of(kind.name):
            yield Placed(one.kind, one.id, one.label, one.fields)
