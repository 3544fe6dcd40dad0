"""The first tables: entries and leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes both tables and their indexes."""
    name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "journal_entry",
        sa.Column("id", number, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("room", name, nullable=False),
        sa.Column("session", name, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("agent", sa.Text),
        sa.Column("attempt", sa.BigInteger),
        sa.Column("milliseconds", sa.Double),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("key", name, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
    )
    op.create_index("journal_entry_key", "journal_entry", ["key"], unique=True)
    op.create_index("journal_entry_room", "journal_entry", ["room", "session", "at"])
    op.create_index("journal_entry_at", "journal_entry", ["at"])
    op.create_index(
        "journal_entry_failed",
        "journal_entry",
        ["at"],
        sqlite_where=sa.text("failed = 1"),
        postgresql_where=sa.text("failed"),
    )
    op.create_table(
        "journal_lease",
        sa.Column("session", name, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("expires", sa.Double, nullable=False),
        sa.Column("touched", sa.Double, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    op.create_index("journal_lease_touched", "journal_lease", ["touched"])
