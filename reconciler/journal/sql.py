"""The journal in a database: one statement for each thing that is asked, the same for SQLite and PostgreSQL.

`take` is one statement: it inserts the lease, or takes over one that has expired or is the owner's already, and returns
what was remembered; where it returns nothing, somebody else has it. No process can come in between.

**Whose clock.** Leases are made and judged by the database's clock. Several machines may share a PostgreSQL, and
their clocks differ; with SQLite all are on one machine, whose clock it is anyway.

**Tried again.** A write whose answer was lost may have been done. All writes can be repeated: entries have a key, a
take by the same owner succeeds, and a lease that is given back keeps its owner's name and has merely expired.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Delete, Engine, Row, delete, select

from reconciler.errors import JournalError
from reconciler.journal import questions
from reconciler.journal.entries import Entry, Memory, Session, Step, Unfinished
from reconciler.journal.failures import Place
from reconciler.journal.questions import Rooms
from reconciler.journal.storable import LONGEST_ID, LONGEST_NAME, LONGEST_TEXT, storable
from reconciler.journal.tables import entries, leases
from reconciler.journal.tries import Tries
from reconciler.journal.writes import Writes

READS = "journal_reads"
"""Execution option of connections that only read."""

_BATCH = 500
# Between two batches others get their turn: SQLite's lock has no queue.
_PAUSE = 0.01

Result = TypeVar("Result")


class SqlJournal:
    """A `Journal` by SQLAlchemy; its methods are explained there."""

    def __init__(self, engine: Engine, place: Place, patience: float) -> None:
        self._engine = engine
        self._place = place
        self._tries = Tries(place, patience)
        self._reads = engine.execution_options(**{READS: True})
        # On PostgreSQL a single statement needs no two messages around it. On SQLite they cost nothing.
        is_postgres = engine.dialect.name == "postgresql"
        self._single = (
            engine.execution_options(isolation_level="AUTOCOMMIT") if is_postgres else engine
        )
        self._writes = Writes(engine.dialect.name)

    def __repr__(self) -> str:
        """Where it is, without user and password."""
        return f"SqlJournal({self._place.name})"

    def write(self, entries: Sequence[Entry]) -> None:
        """Adds entries, all or none of them."""
        rows = [_row(entry) for entry in entries]
        if rows:
            self._write(self._engine, lambda connection: connection.execute(self._writes.add, rows))

    def history(
        self,
        room: str,
        *,
        is_prefix: bool = False,
        since: float | None = None,
        limit: int = 1000,
        project: str | None = None,
    ) -> list[Entry]:
        """Session by session, each by time."""
        statement = questions.history(Rooms(room, is_prefix, project), since, limit)
        rows = self._read(lambda connection: connection.execute(statement).all())
        return [self._entry(row) for row in reversed(rows)]

    def failures(
        self,
        since: float,
        *,
        room: str | None = None,
        is_prefix: bool = False,
        limit: int = 1000,
        project: str | None = None,
    ) -> list[Session]:
        """The session that failed last first."""
        statement = questions.failures(Rooms(room, is_prefix, project), since, limit)
        rows = self._read(lambda connection: connection.execute(statement).all())
        return [self._session(row) for row in rows]

    def unfinished(self, project: str, since: float) -> list[Unfinished]:
        """Sessions without an end."""
        statement = questions.unfinished(storable(project, LONGEST_NAME), since)
        rows = self._read(lambda connection: connection.execute(statement).all())
        return [Unfinished(row.room, row.session, row.at) for row in rows]

    def forget(self, before: float) -> int:
        """Entries from before then, and leases that nobody used since."""
        # Of two processes that clean up, the second leaves alone what the first is at. SQLite has one lock for all.
        old = select(entries.c.id).where(entries.c.at < before).limit(_BATCH)
        old = old.with_for_update(skip_locked=True)
        gone = self._delete(delete(entries).where(entries.c.id.in_(old)))
        idle = select(leases.c.session).where(
            leases.c.touched < before, leases.c.expires < self._writes.now
        )
        idle = idle.limit(_BATCH).with_for_update(skip_locked=True)
        self._delete(delete(leases).where(leases.c.session.in_(idle)))
        return gone

    def take(self, session: str, owner: str, seconds: float) -> Memory | None:
        """One statement, which is atomic on both databases."""
        values = {"session": storable(session, LONGEST_ID), "owner": owner, "seconds": seconds}
        row = self._write(
            self._single, lambda connection: connection.execute(self._writes.take, values).first()
        )
        return None if row is None else Memory(bytes(row.state))

    def give_back(self, session: str, owner: str, state: bytes) -> bool:
        """Stores and frees, unless another owner has it."""
        return self._store(session, owner, state, frees=True)

    def keep(self, session: str, owner: str, state: bytes) -> bool:
        """Stores and does not free."""
        return self._store(session, owner, state, frees=False)

    def close(self) -> None:
        """Closes all connections; SQLite then puts the log into the file."""
        self._engine.dispose()

    def _store(self, session: str, owner: str, state: bytes, *, frees: bool) -> bool:
        statement = self._writes.give_back if frees else self._writes.keep
        values = {
            "the_session": storable(session, LONGEST_ID),
            "the_owner": owner,
            "new_state": state,
        }
        count: int = self._write(
            self._single, lambda connection: connection.execute(statement, values).rowcount
        )
        return count == 1

    def _delete(self, batch: Delete) -> int:
        gone = 0
        while True:
            count: int = self._write(
                self._single, lambda connection: connection.execute(batch).rowcount
            )
            gone += count
            if count < _BATCH:
                return gone
            time.sleep(_PAUSE)

    def _write(self, engine: Engine, work: Callable[[Connection], Result]) -> Result:
        def once() -> Result:
            with engine.begin() as connection:
                return work(connection)

        return self._tries.run("written", once)

    def _read(self, work: Callable[[Connection], Result]) -> Result:
        def once() -> Result:
            with self._reads.connect() as connection:
                return work(connection)

        return self._tries.run("read", once)

    # -----------------------------------------------------------------------------------------------------------------
    # Rows
    # -----------------------------------------------------------------------------------------------------------------

    def _entry(self, row: Row[Any]) -> Entry:
        return Entry(
            at=row.at,
            room=row.room,
            session=row.session,
            step=self._step(row.step),
            agent=row.agent,
            attempt=row.attempt,
            milliseconds=row.milliseconds,
            text=row.text,
            failed=row.failed,
            key=row.key[1:] if row.key.startswith("=") else None,
            project=row.project,
        )

    def _session(self, row: Row[Any]) -> Session:
        return Session(
            room=row.room,
            session=row.session,
            started=row.started,
            finished=row.finished,
            failed_at=row.failed_at,
            step=self._step(row.step),
            agent=row.agent,
            text=row.text,
            failures=row.failures,
        )

    def _step(self, word: str) -> Step:
        try:
            return Step(word)
        except ValueError as error:
            raise self._newer() from error

    def _newer(self) -> JournalError:
        return self._place.error(
            "a newer version of this tool has written to it", "update livekit-reconciler"
        )


def _row(entry: Entry) -> dict[str, object]:
    key = f"~{uuid.uuid4().hex}" if entry.key is None else f"={entry.key}"
    return {
        "at": entry.at,
        "room": storable(entry.room, LONGEST_NAME),
        "session": storable(entry.session, LONGEST_ID),
        "step": entry.step.value,
        "agent": None if entry.agent is None else storable(entry.agent, LONGEST_NAME),
        "attempt": entry.attempt,
        "milliseconds": entry.milliseconds,
        "text": storable(entry.text, LONGEST_TEXT),
        "failed": entry.failed,
        "key": storable(key, LONGEST_NAME),
        "project": storable(entry.project, LONGEST_NAME),
    }
