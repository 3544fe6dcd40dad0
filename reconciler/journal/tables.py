"""The tables of the journal as this version writes and reads them. Migrations make them; a test compares the two.

Names begin with `journal_`, because a PostgreSQL database may hold other things as well.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData()

# Room names are searched by their beginnings: only in this order do they stand together in an index of PostgreSQL, and
# SQLite has no other.
NAME = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite counts up a column of this very type only.
NUMBER = BigInteger().with_variant(Integer(), "sqlite")

entries = Table(
    "journal_entry",
    metadata,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("room", NAME, nullable=False),
    Column("session", NAME, nullable=False),
    Column("step", Text, nullable=False),
    Column("agent", Text),
    Column("attempt", BigInteger),
    Column("milliseconds", Double),
    Column("text", Text, nullable=False),
    Column("failed", Boolean, nullable=False),
    # `=` and the caller's key, or `~` and a random one, so that a write that is tried again adds nothing twice.
    Column("key", NAME, nullable=False),
    # Several may share a database: only its own rooms are told about by a project's controller.
    Column("project", Text, nullable=False),
)
Index("journal_entry_key", entries.c.key, unique=True)
Index("journal_entry_room", entries.c.room, entries.c.session, entries.c.at)
Index("journal_entry_at", entries.c.at)
# A question is answered by an index with a condition only where it spells that condition alike.
Index(
    "journal_entry_failed",
    entries.c.at,
    sqlite_where=text("failed = 1"),
    postgresql_where=text("failed"),
)

leases = Table(
    "journal_lease",
    metadata,
    Column("session", NAME, primary_key=True),
    Column("owner", Text, nullable=False),
    # Both by the database's clock, in seconds since the epoch.
    Column("expires", Double, nullable=False),
    Column("touched", Double, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
Index("journal_lease_touched", leases.c.touched)
