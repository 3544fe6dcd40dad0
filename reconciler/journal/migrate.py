"""Brings the tables of a journal up to date, or says why they cannot be used.

Several processes may start at once. On SQLite the transaction begins with the write lock, on PostgreSQL with an
advisory lock that ends with it: the first one migrates, the others wait and find nothing to do. A migration that is
interrupted leaves the tables as they were, because both databases undo changes of tables with their transaction.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from reconciler.journal.failures import Place

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0001"
"""The newest revision, written down so that a journal that is up to date is opened without alembic."""
FOLDER = Path(__file__).with_name("migrations")
VERSION_TABLE = "journal_version"
# Any number will do that nobody else in the database uses.
_ADVISORY_LOCK = 5_063_550_100_001


def migrate(engine: Engine, place: Place, folder: Path = FOLDER, head: str = HEAD) -> None:
    """Makes or alters tables as far as needed. Raises `JournalError` for those of a newer version."""
    with engine.connect() as connection:
        if revision_of(connection) == head:
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        revision = revision_of(connection)
        if revision == head:
            return
        _require_known(revision, place, folder)
        from alembic import command

        config = _config(folder)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_current(engine: Engine, place: Place) -> None:
    """Raises `JournalError` unless the tables are those of this version. Nothing is written."""
    with engine.connect() as connection:
        revision = revision_of(connection)
    if revision is None:
        raise place.error("there is no journal in it", "`reconcile serve` writes one")
    if revision != HEAD:
        _require_known(revision, place, FOLDER)
        raise place.error(
            "its tables are those of an older version",
            "start `reconcile serve`, which updates them",
        )


def revision_of(connection: Connection) -> str | None:
    """The revision that the tables have; None where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  # a constant of this file
    revision: str | None = connection.scalar(query)
    return revision


def _require_known(revision: str | None, place: Place, folder: Path) -> None:
    from alembic.script import ScriptDirectory

    known = {one.revision for one in ScriptDirectory.from_config(_config(folder)).walk_revisions()}
    if revision is not None and revision not in known:
        raise place.error(
            "a newer version of this tool has written it", "update livekit-reconciler"
        )


def _config(folder: Path) -> Config:
    from alembic.config import Config

    config = Config()
    # It is read as a template, in which a percent sign means something.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
