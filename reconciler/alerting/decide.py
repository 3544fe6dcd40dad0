"""Who is to be told what, now: from what is remembered, what this run found, the policy, and the time, without a clock.

    remember  (memory, found, now) → memory     what the look changes: the standing drift, runs that could not look
    needs     (memory, policy, now) → needs     for each target the one message that it lacks
    heard     (memory, need, now) → memory      what a target really got

What a target needs follows from what it *heard*, not from what happened in this run. So a message that could not be
sent is needed again by the next run, a drift that came and went unheard needs no all-clear, and each target has at
most one message a run. A run that could not look changes neither the standing drift nor the count of looks that found
it: it is no drift and no all-clear.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.alerting.found import Looked, NotLooked
from reconciler.alerting.memory import Blindness, Heard, Memory, Standing

EARLY: Final = timedelta(minutes=10)
"""A run that comes early by this much, or by a hundredth of the period if that is less, counts as on time: a cron of
every 24 hours is never exact, and would otherwise speak every 48."""

_REMEMBERED: Final = 32
"""Drifts that took turns since the last all-clear: one that comes back within the period is not told again."""


class Kind(enum.StrEnum):
    """What a message says."""

    DRIFT = "drift"  # something differs that did not
    CHANGED = "changed"  # still a drift, and another one
    REMINDER = "reminder"  # the same one, a period later
    CLEAR = "clear"  # the drift that was told is over
    BLIND = "blind"  # runs could not look
    SEEING = "seeing"  # they can again
    HEARTBEAT = "heartbeat"  # nothing new


@dataclass(frozen=True, slots=True)
class Policy:
    """When to speak.

    `after`: looks in a row that find drift, before the first word. `after_errors`: runs in a row that cannot look.
    `repeat`: a drift, or being blind, is told again after this. `heartbeat`: a sign of life after so much silence;
    None for never.
    """

    after: int = 1
    after_errors: int = 3
    repeat: timedelta = timedelta(hours=24)
    heartbeat: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """A message that a target lacks."""

    target: str
    kind: Kind


def remember(memory: Memory, found: Looked | NotLooked, now: datetime) -> Memory:
    """The memory after a run."""
    if isinstance(found, NotLooked):
        blind = memory.blind or Blindness(now, 0)
        errors = dict(memory.api_errors)
        if found.error:
            errors[found.error] = errors.get(found.error, 0) + 1
        return replace(
            memory,
            project=memory.project or found.project,
            blind=replace(blind, runs=blind.runs + 1),
            api_errors=errors,
        )
    return replace(
        memory,
        project=found.project,
        host=found.host,
        looked_at=now,
        counts=found.counts,
        drift=_standing(memory.drift, found.fingerprint, now),
        clear_since=None if found.fingerprint else memory.clear_since or now,
        blind=None,
    )


def _standing(before: Standing | None, fingerprint: str, now: datetime) -> Standing | None:
    """Another drift is still the one that began then: what differs may change every minute, and is told anyhow."""
    if not fingerprint:
        return None
    if before is None:
        return Standing(fingerprint, now, 1)
    return Standing(fingerprint, before.since, before.runs + 1)


def needs(
    memory: Memory, policy: Policy, targets: Iterable[str], now: datetime
) -> tuple[Need, ...]:
    """What each target lacks, in the order of the targets; most of the time nothing."""
    found = (
        (target, _kind(memory, memory.heard.get(target, Heard()), policy, now))
        for target in targets
    )
    return tuple(Need(target, kind) for target, kind in found if kind is not None)


def _kind(memory: Memory, heard: Heard, policy: Policy, now: datetime) -> Kind | None:
    if memory.blind is not None:
        is_due = memory.blind.runs >= policy.after_errors and (
            heard.blind_at is None or is_over(heard.blind_at, policy.repeat, now)
        )
        return Kind.BLIND if is_due else None
    return (
        _about_drift(memory.drift, heard, policy, now)
        or (Kind.SEEING if heard.blind_at is not None else None)
        or (Kind.HEARTBEAT if _is_silent(heard, policy, now) else None)
    )


def _about_drift(
    drift: Standing | None, heard: Heard, policy: Policy, now: datetime
) -> Kind | None:
    if drift is None:
        return Kind.CLEAR if heard.drifts else None
    if drift.runs < policy.after:
        return None
    if not heard.drifts:
        return Kind.DRIFT
    told_at = heard.drifts.get(drift.fingerprint)
    if told_at is not None and not is_over(told_at, policy.repeat, now):
        return None
    is_latest = drift.fingerprint == next(reversed(heard.drifts))
    return Kind.REMINDER if is_latest else Kind.CHANGED


def _is_silent(heard: Heard, policy: Policy, now: datetime) -> bool:
    if policy.heartbeat is None:
        return False
    return heard.spoken_at is None or is_over(heard.spoken_at, policy.heartbeat, now)


def is_over(since: datetime, period: timedelta, now: datetime) -> bool:
    """Whether a period is over, or as good as. A time that is a period ahead was written by a clock that was wrong."""
    return abs(now - since) >= period - min(EARLY, period / 100)


def heard(memory: Memory, need: Need, now: datetime) -> Memory:
    """The memory after a message was really delivered."""
    before = memory.heard.get(need.target, Heard())
    if need.kind is Kind.BLIND:
        after = replace(before, blind_at=now, spoken_at=now)
    elif need.kind in (Kind.DRIFT, Kind.CHANGED, Kind.REMINDER) and memory.drift is not None:
        after = Heard(
            _told(before.drifts, memory.drift.fingerprint, now), memory.drift.since, None, now
        )
    elif need.kind is Kind.CLEAR:
        after = Heard(spoken_at=now)
    else:
        after = replace(before, blind_at=None, spoken_at=now)
    return replace(memory, heard={**memory.heard, need.target: after})


def _told(drifts: dict[str, datetime], fingerprint: str, now: datetime) -> dict[str, datetime]:
    """The drifts that were told, this one last; of very many the latest."""
    others = [one for one in drifts.items() if one[0] != fingerprint]
    return dict([*others[-(_REMEMBERED - 1) :], (fingerprint, now)])
