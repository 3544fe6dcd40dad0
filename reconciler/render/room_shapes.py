"""The shapes of documents about live rooms: verdicts, what a plan does for rooms, what became of it, and probes.

Agents stand in them by their names, `(unnamed)` for one without. Times are seconds.
"""

from __future__ import annotations

from typing import TypedDict


class RoomWriteDocument(TypedDict):
    """One agent to be dispatched; `replaces` are dispatches that are deleted first."""

    action: str
    agent: str
    reason: str
    replaces: list[str]


class RoomPlanDocument(TypedDict):
    """A room that lacks an agent, or has one that nobody asked for; without writes nothing can be done about it now."""

    room: str
    convention: str
    agents: list[str]
    missing: list[str]
    writes: list[RoomWriteDocument]
    unasked: list[str]
    reason: str


class RoomCounts(TypedDict):
    """Rooms that lack an agent, and the dispatches by which an apply would bring them."""

    lacking: int
    dispatch: int
    retry: int
    replace: int


class RoomResultDocument(TypedDict):
    """One agent of one room and what became of it: `done`, `not_needed`, `failed` or `not_tried`, with the reason."""

    room: str
    convention: str
    agent: str
    action: str
    outcome: str
    id: str | None
    message: str


class RoomTally(TypedDict):
    """How many agents of rooms ended in which way."""

    done: int
    not_needed: int
    failed: int
    not_tried: int


class DispatchDocument(TypedDict):
    """An agent asked for; `taken` says whether a worker took the job, which is not whether the agent is there."""

    agent: str
    id: str
    taken: bool


class PresentDocument(TypedDict):
    """An agent in the room; its name is null where it does not tell."""

    agent: str | None
    identity: str


class JudgedRoomDocument(TypedDict):
    """A live room with its verdict. `dispatches` and `present` are null where nobody had to look."""

    room: str
    session: str
    convention: str | None
    verdict: str
    bad: bool
    reason: str
    expected: list[str]
    dispatches: list[DispatchDocument] | None
    present: list[PresentDocument] | None
    waiting: int
    age: float
    unread: bool


class RoomsDocument(TypedDict):
    """All live rooms at one moment; `bad` and `unread` count rooms."""

    format_version: int
    project: str
    host: str
    at: str
    counts: dict[str, int]
    bad: int
    unread: int
    rooms: list[JudgedRoomDocument]


class SpreadDocument(TypedDict):
    """How long answers took; `p50` and `p95` are quantiles."""

    p50: float
    p95: float
    max: float


class ProbedDocument(TypedDict):
    """One agent that was probed. `seconds` is null where nobody answered; `strangers` are agents that came as well."""

    agent: str
    ok: bool
    asked: int
    answered: int
    seconds: SpreadDocument | None
    strangers: list[str]
    problem: str
    hint: str


class ProbeDocument(TypedDict):
    """What a probe found; `timeout` is how long each agent had."""

    format_version: int
    project: str
    host: str
    timeout: float
    ok: bool
    agents: list[ProbedDocument]
    notes: list[str]
