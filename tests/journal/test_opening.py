"""Opening a journal: what is made, and the one line for everything that can be wrong with a URL or a database."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.errors import JournalError
from reconciler.journal.database import open_journal
from reconciler.journal.entries import Entry, Step
from tests.support.parties import Party
from tests.support.ports import free_port
from tests.support.postgres import PASSWORD, PostgresServer

PARTY = "tests.journal.party"

SECRET = "hush-hush"


def refusal(url: str, *, readonly: bool = False) -> str:
    """What is said about a URL that cannot be opened: one line, without the password."""
    with pytest.raises(JournalError) as caught:
        open_journal(url, readonly=readonly, patience=0.2)
    text = str(caught.value)
    assert "\n" not in text
    for password in (SECRET, PASSWORD):
        assert password not in text
        assert password not in repr(caught.value)
    return text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "none"),
        ("journal.db", "sqlite:///FILE"),
        (f"postgresql://u:{SECRET}:x/y:z", "postgresql://USER"),
        (f"postgresql://u:a@{SECRET}@h/db", "%40"),
        (f"mysql://u:{SECRET}@h/db", "mysql"),
        (f"postgresql+asyncpg://u:{SECRET}@h/db", "postgresql"),
        ("sqlite://", "file"),
        ("sqlite:///:memory:", "file"),
        ("sqlite:///file:x?mode=memory&uri=true", "file"),
        ("sqlite:///x.db?mode=ro", "options"),
        ("sqlite://home/journal.db", "three slashes"),
        ("sqlite:////", "folder"),
        ("sqlite:////proc/x/journal.db", "cannot be opened"),
        ("sqlite:///a\0b", "cannot be opened"),
        (f"postgresql://u:{SECRET}@127.0.0.1:1/db?nonsense=1", "nonsense"),
    ],
)
def test_a_url_that_is_none(url: str, words: str) -> None:
    """A form that cannot be meant is told, with the forms that can."""
    assert words in refusal(url)


# ---------------------------------------------------------------------------------------------------------------------
# SQLite
# ---------------------------------------------------------------------------------------------------------------------


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """The folder is made; the file and what SQLite puts beside it can be read by nobody else."""
    path = tmp_path / "new" / "folder" / "journal.db"
    journal = open_journal(f"sqlite:///{path}")
    journal.write([Entry(1.0, "call-1", "RM_1", Step.JOINED)])
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    journal.close()


def test_any_file_name_will_do(tmp_path: Path) -> None:
    """Signs that mean something in a URI are part of the name."""
    for name in ("a #b é@x.db", "100%.db", "%20 ?"):
        path = tmp_path / name
        open_journal(
            f"sqlite:///{tmp_path}/{name.replace('%2', '%252').replace('?', '%3F')}"
        ).close()
        assert path.exists()


def test_reading_makes_nothing(tmp_path: Path) -> None:
    """A journal that is to be read is not made by looking for it."""
    assert "no such file" in refusal(f"sqlite:///{tmp_path / 'a' / 'b.db'}", readonly=True)
    empty = tmp_path / "empty.db"
    empty.touch()
    assert "no journal in it" in refusal(f"sqlite:///{empty}", readonly=True)
    assert list(tmp_path.iterdir()) == [empty]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Its text is not touched."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 1000)
    for readonly in (False, True):
        assert "file is not a database" in refusal(f"sqlite:///{path}", readonly=readonly)
    assert path.read_text() == "not a database " * 1000


def test_a_torn_file(sqlite_url: str) -> None:
    """A file that lost its second half is told, and not by a traceback."""
    journal = open_journal(sqlite_url)
    entries = [Entry(1.0, f"call-{number}", "RM_1", Step.JOINED) for number in range(2000)]
    journal.write(entries)
    journal.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for readonly in (False, True):
        assert "malformed" in refusal(sqlite_url, readonly=readonly)


def test_writing_to_a_journal_that_is_open_for_reading(sqlite_url: str) -> None:
    """SQLite refuses it, and so do we."""
    open_journal(sqlite_url).close()
    journal = open_journal(sqlite_url, readonly=True)
    with pytest.raises(JournalError, match="readonly"):
        journal.write([Entry(1.0, "call-1", "RM_1", Step.JOINED)])
    journal.close()


def test_without_rights(stranger: str, shared_folder: Path) -> None:
    """A user who may not write the file, the folder, or read the file is told so."""
    path = shared_folder / "journal.db"
    open_journal(f"sqlite:///{path}").close()
    for mode, words in ((0o600, "unable to open"), (0o644, "readonly")):
        path.chmod(mode)
        said = said_to(stranger, f"sqlite:///{path}")
        assert words in said
        assert "let this user" in said
    said = said_to(stranger, f"sqlite:///{shared_folder / 'new.db'}")
    assert "Permission denied" in said


def said_to(user: str, url: str) -> str:
    """What a process of another user is told when it opens a journal."""
    party = Party(PARTY, url, "write_on", "as", user)
    try:
        said = party.hear()
        if said == "ready":
            party.go()
            said = party.hear()
    finally:
        party.close()
    assert isinstance(said, str)
    return said


# ---------------------------------------------------------------------------------------------------------------------
# PostgreSQL
# ---------------------------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there() -> None:
    """The address is told without user and password."""
    port = free_port()
    text = refusal(f"postgresql://somebody:{SECRET}@127.0.0.1:{port}/journal")
    assert f"postgresql://127.0.0.1:{port}/journal" in text
    assert "refused" in text.lower()


def test_a_host_without_an_address() -> None:
    """The name is told."""
    assert "nosuch.invalid" in refusal(f"postgresql://u:{SECRET}@nosuch.invalid/journal")


def test_a_wrong_password(postgres: PostgresServer) -> None:
    """Neither the right password nor the wrong one is told; one in the options of the URL is none, too."""
    url = f"postgresql://reconcile:{SECRET}@127.0.0.1:{postgres.port}/postgres"
    assert "password authentication failed" in refusal(url)
    url = f"postgresql://reconcile@127.0.0.1:{postgres.port}/postgres?password={SECRET}"
    assert "password authentication failed" in refusal(url)


def test_a_database_that_is_not_there(postgres: PostgresServer) -> None:
    """Making a database is its administrator's business."""
    assert 'database "nowhere" does not exist' in refusal(postgres.url("nowhere"))


def test_a_database_without_a_journal(postgres_url: str) -> None:
    """Reading makes no tables."""
    for _ in range(2):
        assert "no journal in it" in refusal(postgres_url, readonly=True)


def test_a_user_without_rights(postgres: PostgresServer, postgres_url: str) -> None:
    """A user who may connect and nothing else is told what is missing."""
    name = postgres_url.rpartition("/")[2]
    with postgres.connection(name) as connection:
        connection.execute(f"CREATE ROLE guest_{name} LOGIN PASSWORD '{SECRET}'".encode())
    url = f"postgresql://guest_{name}:{SECRET}@127.0.0.1:{postgres.port}/{name}"
    text = refusal(url)
    assert "permission denied" in text
    assert "right to create tables" in text
    open_journal(postgres_url).close()
    assert "permission denied" in refusal(url, readonly=True)


def test_a_database_for_western_letters_only(postgres: PostgresServer) -> None:
    """A name in another script would stop a batch of entries one night: it is refused when it is opened."""
    name = postgres.new_database(encoding="LATIN1")
    assert "UTF8" in refusal(postgres.url(name))
    postgres.drop_database(name)


def test_a_database_without_an_encoding(postgres: PostgresServer) -> None:
    """SQL_ASCII stores any bytes, and every name comes back as it was."""
    name = postgres.new_database(encoding="SQL_ASCII")
    journal = open_journal(postgres.url(name))
    entry = Entry(1.0, "غرفة", "RM_1", Step.JOINED)
    journal.write([entry])
    assert journal.history("غر", is_prefix=True) == [entry]
    journal.close()
    postgres.drop_database(name)


def test_a_journal_that_is_open_says_where_and_not_by_whom(postgres_url: str) -> None:
    """Its repr holds no password."""
    journal = open_journal(postgres_url)
    assert PASSWORD not in repr(journal)
    assert "reconcile:" not in repr(journal)
    journal.close()


# ---------------------------------------------------------------------------------------------------------------------
# Libraries
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "library", "extra"),
    [
        ("sqlite:///journal.db", "sqlalchemy", "serve"),
        ("sqlite:///journal.db", "alembic", "serve"),
        ("postgresql://127.0.0.1/journal", "psycopg", "postgresql"),
    ],
)
def test_a_library_that_is_missing(tmp_path: Path, url: str, library: str, extra: str) -> None:
    """The line names it and says what to install."""
    program = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from reconciler.errors import JournalError\n"
        "from reconciler.journal.database import open_journal\n"
        f"try: open_journal({url!r})\n"
        "except JournalError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert library in done.stdout
    assert f"pip install 'livekit-reconciler[{extra}]'" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_who_makes_entries_needs_no_database() -> None:
    """The data and the way to open a journal are imported without SQLAlchemy, alembic or a driver."""
    program = (
        "import sys, reconciler.journal.entries, reconciler.journal.database\n"
        "print({'sqlalchemy', 'alembic', 'psycopg', 'sqlite3'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_a_journal_that_is_up_to_date_is_opened_without_alembic(sqlite_url: str) -> None:
    """It takes a fifth of a second to import, which somebody who asks a question would wait for."""
    open_journal(sqlite_url).close()
    program = (
        "import sys; from reconciler.journal.database import open_journal\n"
        f"open_journal({sqlite_url!r}); open_journal({sqlite_url!r}, readonly=True)\n"
        "print('alembic' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_a_database_of_sqlite_is_one_for_other_programs(sqlite_url: str) -> None:
    """Steps stand in it as people read them, for whoever asks by SQL."""
    journal = open_journal(sqlite_url)
    journal.write([Entry(1.0, "call-1", "RM_1", Step.NOBODY_CAME, failed=True)])
    journal.close()
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        rows = connection.execute("SELECT room, step FROM journal_entry WHERE failed").fetchall()
    connection.close()
    assert rows == [("call-1", "nobody came")]
