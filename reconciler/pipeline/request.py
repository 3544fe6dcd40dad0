"""What a command was asked, and the plan that it got."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.core.plan import Plan, Plane
from reconciler.sip.era import Era

if TYPE_CHECKING:
    from reconciler.config.model import Configuration
    from reconciler.core.objects import Snapshot
    from reconciler.gateway.server import LiveServer
    from reconciler.pipeline.pace import Pace
    from reconciler.pipeline.room_writes import RoomPlans
    from reconciler.planfile import SavedPlan
    from reconciler.planning import Draft


DEFAULT_PATHS = (Path("config/dispatch.yaml"),)


@dataclass(frozen=True, slots=True)
class Request:
    """What a command was asked, as far as the flow needs it. `timeout` is in seconds and covers all tries of a call.

    `overlays` are laid over the files of `paths`, one after the other. `rooms`: live rooms are read as well.
    `max_requests_per_minute`: None is what is usual for the host, 0 any number. `tell_pace` hears of it before reading
    takes noticeably long because of that.
    """

    paths: tuple[Path, ...] = DEFAULT_PATHS
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    only: Plane | None = None
    write_secrets: frozenset[str] = frozenset()
    server_version: str | None = None
    live_file: Path | None = None
    timeout: float = 30.0
    concurrency: int = 8
    rooms: bool = False
    overlays: tuple[Path, ...] = ()
    max_requests_per_minute: int | None = None
    tell_pace: Callable[[Pace], None] | None = field(default=None, compare=False)

    @property
    def names_no_file(self) -> bool:
        """Whether there is no configuration: none was named, and none is in the default place."""
        if self.overlays:
            return False
        is_default = self.paths == DEFAULT_PATHS
        return not self.paths or (is_default and not any(path.exists() for path in self.paths))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan and what it was made of. `server` is None where it was made against a file.

    `rooms` are None where they were not asked for. They are no part of the plan: rooms come and go. `draft` is what the
    plan was made from, None for a saved one. `saved` is
    the file of a saved one. `messages` are LiveKit's own of the live objects, by kind, which a backup
    is made of.
    """

    configuration: Configuration
    live: Snapshot
    plan: Plan
    era: Era
    server: LiveServer | None
    saved: tuple[Path, SavedPlan] | None = None
    rooms: RoomPlans | None = None
    draft: Draft | None = None
    messages: Mapping[str, Sequence[Any]] = field(default_factory=dict)
