"""What alembic runs to migrate: on the connection it was handed, within that connection's transaction."""

from __future__ import annotations

from alembic import context

from reconciler.journal.migrate import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
