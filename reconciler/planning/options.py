"""What a command asks of the planner."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.plan import Plane
from reconciler.sip.era import Era


@dataclass(frozen=True, slots=True)
class Options:
    """`only` leaves the other plane as it is. `write_secrets` names objects (by name or id) whose passwords are
    written although the server does not tell whether they differ. `era` is the server's behaviour;
    `by_from_host`: it compares addresses with the host in From (None: as its era does)."""

    only: Plane | None = None
    write_secrets: frozenset[str] = frozenset()
    era: Era = Era.NEW
    by_from_host: bool | None = None
