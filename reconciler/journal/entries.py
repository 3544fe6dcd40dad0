"""What the journal holds: entries of live rooms, the sessions they belong to, and what is remembered about a session.

Only data stand here. Neither SQLAlchemy nor alembic is imported, so that whoever makes entries needs no database.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Step(enum.StrEnum):
    """What happened to a room or to one of its agents; the values are shown to people."""

    ROOM_STARTED = "room started"
    CONVENTION = "convention"
    DISPATCHED = "dispatched"
    JOB_TAKEN = "job taken"
    JOINED = "joined"
    LEFT = "left"
    RETRIED = "retried"
    REPLACED = "replaced"
    FAILED = "dispatch failed"
    ANSWER_LOST = "answer lost"
    GAVE_UP = "gave up"
    NOBODY_CAME = "nobody came"
    ALERT = "alert"
    FINISHED = "room finished"


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of one room session."""

    at: float
    """Seconds since the epoch."""
    room: str
    session: str
    """LiveKit's id of this session of the room, `RM_…`."""
    step: Step
    agent: str | None = None
    """Name of the agent, "" for the unnamed worker, None where no agent is meant."""
    attempt: int | None = None
    milliseconds: float | None = None
    """What the step took, for instance from the dispatch to the joining."""
    text: str = ""
    """One sentence for people: which convention, why a retry, which dispatch."""
    failed: bool = False
    """Somebody was not served."""
    key: str | None = None
    """Of entries with one key only the first is kept: webhooks come twice, and several processes see the same."""
    project: str = ""
    """Whose room it is, where several projects share a journal."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session in which somebody was not served."""

    room: str
    session: str
    started: float
    """Time of its first entry, in seconds since the epoch."""
    finished: float | None
    """When the room finished, in seconds since the epoch; None while it lives, or where nobody noticed."""
    failed_at: float
    """Time of its last failed entry; `step`, `agent` and `text` are that entry's."""
    step: Step
    agent: str | None
    text: str
    failures: int
    """How many failed entries it has since the time that was asked for."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A session whose end nobody told."""

    room: str
    session: str
    started: float
    """When the room came to be, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was remembered about a session when it was taken: `b""` at first."""

    state: bytes
