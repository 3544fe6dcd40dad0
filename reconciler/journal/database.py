"""The journal as its users see it: how one is opened, and what can be asked of it.

SQLAlchemy, alembic and the drivers are optional, and slow to import. They are imported when a journal is opened, and
where one is missing that is told in one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.errors import JournalError
from reconciler.journal.entries import Entry, Memory, Session, Unfinished

PATIENCE = 10.0
"""Seconds for which a failure that may pass (a lock, a lost connection) is tried again."""


class Journal(Protocol):
    """A journal that is open. Every method may be called by any thread, and raises `JournalError`."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Adds entries, all or none of them. Those whose key is there already are skipped."""

    def history(
        self,
        room: str,
        *,
        is_prefix: bool = False,
        since: float | None = None,
        limit: int = 1000,
        project: str | None = None,
    ) -> list[Entry]:
        """The entries of a room, or of all rooms that begin so: session by session, each by time.

        Sessions stand in the order of their first entries. Where there are more than `limit`, the newest sessions'
        latest entries are returned. `since`: seconds since the epoch. Without a `project`, of all of them.
        """

    def failures(
        self,
        since: float,
        *,
        room: str | None = None,
        is_prefix: bool = False,
        limit: int = 1000,
        project: str | None = None,
    ) -> list[Session]:
        """Sessions with a failed entry since then (seconds since the epoch), the one that failed last first.

        Without a `project`, of all of them.
        """

    def unfinished(self, project: str, since: float) -> list[Unfinished]:
        """Sessions of a project's rooms that started since then (seconds since the epoch) and have no end."""

    def forget(self, before: float) -> int:
        """Removes entries from before then (seconds since the epoch), and leases that nobody used since.

        Returns how many entries. It goes in small steps, so that writers are not held up.
        """

    def take(self, session: str, owner: str, seconds: float) -> Memory | None:
        """Takes a session for some time; None where another owner has it and that time has not run out.

        It is the database's clock that counts: the one clock that all who share a journal have in common. An owner
        that has the session may take it again, which prolongs it.
        """

    def give_back(self, session: str, owner: str, state: bytes) -> bool:
        """Stores the state and frees the session. False where another owner has it by now: nothing is stored then."""

    def keep(self, session: str, owner: str, state: bytes) -> bool:
        """Stores the state and lets the time run out. False where another owner has it by now."""

    def close(self) -> None:
        """Closes all connections."""


def open_journal(url: str, *, readonly: bool = False, patience: float = PATIENCE) -> Journal:
    """Opens the journal at `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`.

    The file, its folder and the tables are made where they are missing, and tables of an older version are brought up
    to date, unless `readonly`. Raises `JournalError`: for a URL that is none, a database that is not there or not
    a journal, a missing right or library, tables of a newer version. No message holds the password.
    """
    try:
        from reconciler.journal.connect import connect

        return connect(url, readonly=readonly, patience=patience)
    except ImportError as error:
        # psycopg without its C library is there and cannot be imported, and then says no name.
        library = (error.name or "psycopg").partition(".")[0]
        if library == "reconciler":
            raise
        extra = "postgresql" if library.startswith("psycopg") else "serve"
        raise JournalError(
            f"the journal needs {library}, which is not installed: "
            f"pip install 'livekit-reconciler[{extra}]'"
        ) from error
