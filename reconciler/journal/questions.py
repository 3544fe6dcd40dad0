"""What is asked of the entries, as SELECT statements. They run on SQLite and PostgreSQL alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, true

from reconciler.journal.entries import Step
from reconciler.journal.storable import LONGEST_NAME, range_of, storable
from reconciler.journal.tables import entries


@dataclass(frozen=True, slots=True)
class Rooms:
    """One room, all whose names begin so, or (None) all rooms; of one project, or (None) of all."""

    name: str | None
    is_prefix: bool = False
    project: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """The condition on an entry."""
        if self.project is None:
            return self._named()
        return and_(self._named(), entries.c.project == storable(self.project, LONGEST_NAME))

    def _named(self) -> ColumnElement[bool]:
        if self.name is None:
            return true()
        name = storable(self.name, LONGEST_NAME)
        if not self.is_prefix:
            return entries.c.room == name
        first, end = range_of(name)
        begins = entries.c.room >= first
        return begins if end is None else and_(begins, entries.c.room < end)


def history(rooms: Rooms, since: float | None, limit: int) -> Select[Any]:
    """The latest entries of the newest sessions, in reverse."""
    wanted = rooms.condition()
    if since is not None:
        wanted = and_(wanted, entries.c.at >= since)
    sessions = (
        select(entries.c.room, entries.c.session, func.min(entries.c.at).label("started"))
        .where(wanted)
        .group_by(entries.c.room, entries.c.session)
        .subquery()
    )
    same = and_(entries.c.room == sessions.c.room, entries.c.session == sessions.c.session)
    return (
        select(entries)
        .join(sessions, same)
        .where(wanted)
        .order_by(
            sessions.c.started.desc(),
            entries.c.room.desc(),
            entries.c.session.desc(),
            entries.c.at.desc(),
            entries.c.id.desc(),
        )
        .limit(limit)
    )


def unfinished(project: str, since: float) -> Select[Any]:
    """Beginnings without an end."""
    end = entries.alias("end")
    has_end = exists().where(
        end.c.room == entries.c.room,
        end.c.session == entries.c.session,
        end.c.step == Step.FINISHED.value,
    )
    return select(entries.c.room, entries.c.session, entries.c.at).where(
        entries.c.at >= since,
        entries.c.step == Step.ROOM_STARTED.value,
        entries.c.project == project,
        ~has_end,
    )


def failures(rooms: Rooms, since: float, limit: int) -> Select[Any]:
    """The last failed entry of each session since then, with what frames it."""
    # Kept apart: SQLite would rather read all entries in the order of rooms than sort the few that failed.
    failed = (
        select(entries)
        .where(entries.c.failed, entries.c.at >= since, rooms.condition())
        .cte("failed")
        .prefix_with("MATERIALIZED")
    )
    one_session = (failed.c.room, failed.c.session)
    latest = (failed.c.at.desc(), failed.c.id.desc())
    ranked = select(
        *one_session,
        failed.c.at.label("failed_at"),
        failed.c.id,
        failed.c.step,
        failed.c.agent,
        failed.c.text,
        func.row_number().over(partition_by=one_session, order_by=latest).label("rank"),
        func.count().over(partition_by=one_session).label("failures"),
    ).subquery()
    within = entries.alias("within")
    of_session = and_(within.c.room == ranked.c.room, within.c.session == ranked.c.session)
    started = select(func.min(within.c.at)).where(of_session).scalar_subquery()
    is_end = within.c.step == Step.FINISHED.value
    finished = select(func.max(within.c.at)).where(of_session, is_end).scalar_subquery()
    return (
        select(ranked, started.label("started"), finished.label("finished"))
        .where(ranked.c.rank == 1)
        .order_by(ranked.c.failed_at.desc(), ranked.c.id.desc())
        .limit(limit)
    )
