"""Tables come to be by migrations: once, wholly or not at all, and never by an older version over a newer one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from reconciler.errors import JournalError
from reconciler.journal.connect import connect
from reconciler.journal.database import open_journal
from reconciler.journal.entries import Entry, Step
from reconciler.journal.failures import Place
from reconciler.journal.migrate import FOLDER, HEAD, VERSION_TABLE, migrate, revision_of
from reconciler.journal.tables import metadata
from tests.support.parties import Party

PARTY = "tests.journal.party"
ENTRY = Entry(1.0, "call-1", "RM_1", Step.JOINED, agent="a")
NEXT = '''"""A made-up revision: entries get a colour."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.add_column("journal_entry", sa.Column("colour", sa.Text, server_default="blue"))
    {more}
'''


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The connections of a journal that holds an entry."""
    journal = connect(url, readonly=False, patience=5)
    journal.write([ENTRY])
    yield journal._engine
    journal.close()


def with_another(folder: Path, more: str = "pass") -> Path:
    """The migrations with one more behind them."""
    made = folder / "migrations"
    shutil.copytree(FOLDER, made)
    (made / "versions" / "r9999.py").write_text(NEXT.format(head=HEAD, more=more))
    return made


def test_the_newest_revision_is_written_down() -> None:
    """`HEAD` is the revision that alembic finds, and there is one line of revisions."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_tables_are_those_that_are_used(engine: Engine) -> None:
    """What the migrations make is what `tables.py` says, index by index."""
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert revision_of(connection) == HEAD


def test_an_older_journal_is_brought_up_to_date(engine: Engine, tmp_path: Path) -> None:
    """A later revision runs on what the first one made, and what was written stays."""
    folder = with_another(tmp_path)
    for _ in range(2):  # and only once
        migrate(engine, Place("j"), folder, "9999")
    with engine.connect() as connection:
        assert revision_of(connection) == "9999"
        rows = connection.execute(text("SELECT room, colour FROM journal_entry")).all()
    assert [tuple(row) for row in rows] == [("call-1", "blue")]


def test_a_migration_that_fails_leaves_all_as_it_was(engine: Engine, tmp_path: Path) -> None:
    """Half of a revision is none: the next start finds the tables that it knows."""
    folder = with_another(tmp_path, "raise RuntimeError('in the middle')")
    with pytest.raises(RuntimeError, match="in the middle"):
        migrate(engine, Place("j"), folder, "9999")
    with engine.connect() as connection:
        assert revision_of(connection) == HEAD
        columns = {one["name"] for one in inspect(connection).get_columns("journal_entry")}
    assert "colour" not in columns


def test_a_newer_journal_is_left_alone(url: str, engine: Engine, tmp_path: Path) -> None:
    """An older version neither writes to tables that it does not know nor reads them, and says what to do."""
    migrate(engine, Place("j"), with_another(tmp_path), "9999")
    for readonly in (False, True):
        with pytest.raises(JournalError, match=r"newer version.*update livekit-reconciler"):
            open_journal(url, readonly=readonly)


def test_reading_does_not_migrate(
    url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal of an older version is brought up to date by who writes it."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE journal_version SET version_num = '0000'"))
    monkeypatch.setattr("reconciler.journal.migrate._require_known", lambda *_: None)
    with pytest.raises(JournalError, match=re.escape("`reconcile serve`")):
        open_journal(url, readonly=True)


def test_several_processes_start_at_once(url: str) -> None:
    """One of them makes the tables, and all of them can write."""
    started = [Party(PARTY, url, "write_on") for _ in range(4)]
    try:
        assert [party.hear() for party in started] == ["ready"] * 4
        for party in started:
            party.go()
        assert [party.hear() for party in started] == [0] * 4
    finally:
        for party in started:
            party.close()
    journal = open_journal(url)
    assert len(journal.history("busy")) >= 40
    journal.close()


def test_a_database_may_hold_other_things(url: str) -> None:
    """Tables of somebody else's, and their own alembic, are not touched."""
    first = connect(url, readonly=False, patience=5)
    with first._engine.begin() as connection:
        for table in ("journal_entry", "journal_lease", VERSION_TABLE):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
        connection.execute(text("CREATE TABLE entries (id INTEGER)"))
    first.close()
    journal = connect(url, readonly=False, patience=5)
    journal.write([ENTRY])
    assert journal.history("call-1") == [ENTRY]
    with journal._engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "theirs"
    journal.close()
