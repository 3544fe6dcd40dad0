"""Random pairs of a live project and a file, hostile ones among them, and how many of them a test looks at.

`RECONCILE_PAIRS` sets how many pairs the slowest of the properties look at; what runs at each change is set here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from random import Random

from reconciler.config.model import Configuration
from reconciler.core.objects import Desired, Snapshot
from reconciler.core.ownership import UnlistedPolicy
from reconciler.planning import Options
from reconciler.sip.era import Era
from tests.support.simulation import (
    configuration_of,
    random_rules,
    random_trunks,
    snapshot_of,
)

SHARDS = 4
"""The slowest properties are cut into so many tests, which can run side by side."""

ASKED = int(os.environ.get("RECONCILE_PAIRS") or 0)


def pairs(usual: int) -> int:
    """How many pairs a property looks at: as many as somebody asked for, or the usual number."""
    return ASKED or usual


@dataclass(frozen=True)
class Pair:
    """A live project, a file, and the server that the plan is for."""

    live: Snapshot
    configuration: Configuration
    options: Options


def hostile_pair(random: Random, most: int, *, broken: bool = False, tied: bool = True) -> Pair:
    """Two projects of at most so many trunks and rules, which know nothing of each other but names and numbers.

    A `broken` one lives in conflicts that LiveKit should not have let in. In a `tied` one ids are pinned, and lists
    left to somebody else.
    """
    era = random.choice((Era.NEW, Era.OLD))
    unlisted = random.choice((UnlistedPolicy.DELETE, UnlistedPolicy.DELETE, UnlistedPolicy.REPORT))
    old = random_trunks(random, random.randint(0, most), hostile=True, broken=broken)
    old_rules = random_rules(random, random.randint(0, most), old, hostile=True, broken=broken)
    new = random_trunks(random, random.randint(0, most), hostile=True)
    new_rules = random_rules(random, random.randint(0, most), new, hostile=True)
    live, configuration = snapshot_of(old, old_rules), configuration_of(new, new_rules, unlisted)
    if tied:
        configuration = _tied(random, configuration, live)
    return Pair(live, configuration, Options(era=era))


def _tied(random: Random, configuration: Configuration, live: Snapshot) -> Configuration:
    """The file with a few objects that are pinned by their ids, or leave a list to somebody else."""
    ids = {(one.kind, one.name): one.id for one in live}

    def tied(one: Desired) -> Desired:
        identifier = ids.get((one.kind, one.name))
        if identifier is None or random.random() > 0.1:
            return one
        if one.kind == "dispatch_rule" and random.random() < 0.3:
            return replace(one, unmanaged=("trunks",))
        return replace(one, id=identifier)

    sip = {kind: tuple(map(tied, found)) for kind, found in configuration.sip.items()}
    return replace(configuration, sip=sip)
