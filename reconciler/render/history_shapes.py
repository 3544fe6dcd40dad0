"""The shape of what the journal tells: sessions of rooms, and what happened in them.

Times are ISO 8601 in UTC. Agents stand in it by their names, `(unnamed)` for one without, null where none is meant.
"""

from __future__ import annotations

from typing import TypedDict


class HistoryEntryDocument(TypedDict):
    """One step of a session."""

    at: str
    step: str
    agent: str | None
    attempt: int | None
    milliseconds: float | None
    text: str
    failed: bool


class HistoryFailureDocument(TypedDict):
    """The last entry of a session by which somebody was not served."""

    at: str
    step: str
    agent: str | None
    text: str


class HistorySessionDocument(TypedDict):
    """A session of a room; `entries` are left out where only failures were asked for."""

    room: str
    session: str
    started: str
    finished: str | None
    failures: int
    failure: HistoryFailureDocument | None
    entries: list[HistoryEntryDocument]


class HistoryDocument(TypedDict):
    """The answer to one question; `truncated` where the limit left something out."""

    format_version: int
    room: str | None
    is_prefix: bool
    only_failed: bool
    since: str | None
    truncated: bool
    sessions: list[HistorySessionDocument]
