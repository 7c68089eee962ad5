"""What alembic runs: the steps, on the connection that it was given."""

from __future__ import annotations

from alembic import context

from stillwatch.store.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
