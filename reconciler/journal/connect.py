"""From a URL to an open journal: which database, how its connections are set up, and the file where there is one.

SQLite runs with a write-ahead log: readers see the last commit and neither wait for writers nor hold them up. Every
transaction that writes begins with the write lock, because one that begins as a reader and then wants to write is
refused at once when another has written meanwhile, however long it would be willing to wait. `synchronous=NORMAL` may
lose the last entries when the machine loses power, never when a process dies, and never the database.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import QueuePool

from reconciler.errors import JournalError
from reconciler.files import private_folder
from reconciler.journal.failures import Place, is_busy
from reconciler.journal.migrate import migrate, require_current
from reconciler.journal.sql import READS, SqlJournal
from reconciler.journal.tries import Tries

_FORMS = "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME"
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
_OLDEST_SQLITE = (3, 35, 0)  # RETURNING
_LONGEST_WAIT = 5.0
_SOON = 5  # seconds to make a connection, unless the URL says otherwise
_ENCODINGS = ("UTF8", "SQL_ASCII")


def connect(url: str, *, readonly: bool, patience: float) -> SqlJournal:
    """The journal at a URL, its tables made or brought up to date. Raises `JournalError` and `ImportError`."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        place, engine = _sqlite(rest, readonly=readonly, patience=patience)
    elif scheme in _POSTGRES:
        place, engine = _postgres(_parse(url), readonly=readonly)
    elif rest:
        kind = scheme.partition("+")[0]
        raise JournalError(f"the journal cannot be kept in {kind}: {_FORMS}")
    else:
        raise JournalError(f"the URL of the journal is none: {_FORMS}")
    try:
        _prepare(engine, place, readonly=readonly, patience=patience)
    except BaseException:
        engine.dispose()
        raise
    return SqlJournal(engine, place, patience)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        # Not `from` the error, which may hold half of a password.
        raise JournalError(f"the URL of the journal is none: {_FORMS}") from None
    if "@" in (parsed.host or "") + (parsed.database or ""):
        # An @ in a password: the rest of it would be taken for the host, and shown.
        raise JournalError(
            f"the URL of the journal has two @: {_FORMS}, with an @ of the password as %40"
        )
    return parsed


def _prepare(engine: Engine, place: Place, *, readonly: bool, patience: float) -> None:
    def prepare() -> None:
        if readonly:
            require_current(engine, place)
            return
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert isinstance(raw, sqlite3.Connection)  # noqa: S101  # what `_sqlite` opens
                raw.execute("PRAGMA journal_mode=WAL")
        migrate(engine, place)

    # Whether a server is there at all is told at once: its address is wrong more often than it is starting.
    Tries(place, patience, is_busy).run("opened", prepare)


# ---------------------------------------------------------------------------------------------------------------------
# SQLite
# ---------------------------------------------------------------------------------------------------------------------


def _sqlite(rest: str, *, readonly: bool, patience: float) -> tuple[Place, Engine]:
    """The engine for what stands behind `sqlite://`; SQLAlchemy's versions disagree on what `%20` means there."""
    host, slash, path = rest.partition("/")
    name = unquote(path)
    if host:
        shown = host.rpartition("@")[2]  # what stands before an @ may be a password
        raise JournalError(
            f"sqlite://{shown}{slash}… names a host, not a file: three slashes, {_FORMS}"
        )
    if "?" in path or name in ("", ":memory:") or name.startswith("file:"):
        raise JournalError(f"the journal needs a file, without options: {_FORMS}")
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise JournalError(
            f"SQLite {sqlite3.sqlite_version} is too old for the journal: 3.35 or newer is needed"
        )
    place = Place(name)
    _see_to_file(Path(name), place, readonly=readonly)
    uri = f"{Path(name).absolute().as_uri()}?mode={'ro' if readonly else 'rw'}"

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=min(patience, _LONGEST_WAIT),
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=opened, poolclass=QueuePool, hide_parameters=True)
    event.listen(engine, "begin", _begin_on_sqlite)
    return place, engine


def _begin_on_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _see_to_file(path: Path, place: Place, *, readonly: bool) -> None:
    """Makes the file for its owner alone, and its folder; SQLite gives its other files the same rights."""
    try:
        if path.is_dir():
            raise place.error("it is a folder", "name a file in it")
        if path.exists():
            return
        if readonly:
            raise place.error("there is no such file", "`reconcile serve` writes one")
        private_folder(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise place.error(f"cannot be opened: {reason}") from error


# ---------------------------------------------------------------------------------------------------------------------
# PostgreSQL
# ---------------------------------------------------------------------------------------------------------------------


def _postgres(url: URL, *, readonly: bool) -> tuple[Place, Engine]:
    passwords = url.query.get("password", ())
    secrets = [url.password or "", *((passwords,) if isinstance(passwords, str) else passwords)]
    port = f":{url.port}" if url.port else ""
    place = Place(
        f"postgresql://{url.host or ''}{port}/{url.database or ''}",
        tuple(str(one) for one in secrets if one),
    )
    defaults = {
        "connect_timeout": _SOON,
        "application_name": "reconcile",
        # A database without an encoding of its own would hand out bytes.
        "client_encoding": "utf8",
    }
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={key: value for key, value in defaults.items() if key not in url.query},
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            execution_options={"postgresql_readonly": True} if readonly else {},
        )
    except exc.ArgumentError as error:
        raise place.error(f"its URL cannot be used: {error}") from error
    event.listen(engine, "connect", _require_encoding)
    return place, engine


def _require_encoding(connection: DBAPIConnection, record: object) -> None:
    """A name in a script that the database has no letters for would stop a whole batch of entries."""
    info = getattr(connection, "info", None)
    encoding = info.parameter_status("server_encoding") if info is not None else None
    if encoding not in _ENCODINGS:
        connection.close()  # the pool does not know it yet
        raise JournalError(
            f"the journal's database has the encoding {encoding}: create it with UTF8"
        )
