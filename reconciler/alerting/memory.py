"""What alerts remember from one run to the next: values only; how they are kept is in `state.py`.

Times, counts and fingerprints: no value of the configuration, no URL, and no text of an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from reconciler.alerting.found import Count

_Time = Annotated[datetime, msgspec.Meta(tz=True)]
_Natural = Annotated[int, msgspec.Meta(ge=0, le=2**31)]


@dataclass(frozen=True, slots=True)
class Standing:
    """A drift that was found by the last look, when it was first seen, and in how many looks in a row."""

    fingerprint: str
    since: _Time
    runs: _Natural


@dataclass(frozen=True, slots=True)
class Blindness:
    """Runs in a row that could not look, and when the first of them was."""

    since: _Time
    runs: _Natural


@dataclass(frozen=True, slots=True)
class Heard:
    """What one target was really told.

    `drifts`: the fingerprints that it heard of since the last all-clear, and when, the latest at the end; `since`: when
    that drift began. `blind_at`: when it last heard that runs cannot look, unless it heard of a look since.
    """

    drifts: dict[str, _Time] = field(default_factory=dict)
    since: _Time | None = None
    blind_at: _Time | None = None
    spoken_at: _Time | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What one watch remembers. `looked_at` and `counts` are of the last run that could look."""

    project: str = ""
    host: str = ""
    looked_at: _Time | None = None
    counts: tuple[Count, ...] = ()
    drift: Standing | None = None
    clear_since: _Time | None = None
    blind: Blindness | None = None
    api_errors: dict[str, _Natural] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)


def moment(now: datetime) -> datetime:
    """A time as the file holds it: in UTC, in whole seconds."""
    return now.astimezone(UTC).replace(microsecond=0)


def of_this_host(memory: Memory, host: str) -> Memory:
    """The memory, if it is of this host; an empty one else. Without a host it is of runs that could not look."""
    if memory.host in ("", host):
        return replace(memory, host=host)
    return Memory(host=host)
