"""The statements that write, for one of the two databases: both know `ON CONFLICT`, each by its own name in SQLAlchemy.

They are built once, with named parameters: building a statement takes longer than running it.
"""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    Double,
    LargeBinary,
    Table,
    Text,
    bindparam,
    literal_column,
    or_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from reconciler.journal.tables import entries, leases

# Seconds since the epoch. PostgreSQL's `now()` would be the begin of the transaction, from before it waited for a lock.
_NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) AS double precision)",
}
_FREED = 0.0


class Writes:
    """`add` entries; `take`, `give_back` and `keep` leases; `now`, the time that counts."""

    def __init__(self, dialect: str) -> None:
        self.now: ColumnElement[float] = literal_column(_NOW[dialect], Double)
        self.add = _insert(dialect, entries).on_conflict_do_nothing(index_elements=["key"])
        expires = self.now + bindparam("seconds", type_=Double)
        lease = _insert(dialect, leases).values(
            session=bindparam("session", type_=Text),
            owner=bindparam("owner", type_=Text),
            expires=expires,
            touched=self.now,
            state=b"",
        )
        self.take = lease.on_conflict_do_update(
            index_elements=["session"],
            set_={"owner": lease.excluded.owner, "expires": expires, "touched": self.now},
            where=or_(leases.c.expires <= self.now, leases.c.owner == lease.excluded.owner),
        ).returning(leases.c.state)
        self.keep = (
            update(leases)
            .where(
                leases.c.session == bindparam("the_session", type_=Text),
                leases.c.owner == bindparam("the_owner", type_=Text),
            )
            .values(state=bindparam("new_state", type_=LargeBinary), touched=self.now)
        )
        self.give_back = self.keep.values(expires=_FREED)


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
