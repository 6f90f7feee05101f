"""What Alembic runs: the steps, on the connection and within the transaction of home/store/database.py."""
from alembic import context

from home.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
