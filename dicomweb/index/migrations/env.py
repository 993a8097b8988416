"""Runs the migrations on the connection, and in the transaction, that `schema` hands over."""

from alembic import context

from dicomweb.index.tables import Row

context.configure(connection=context.config.attributes["connection"], target_metadata=Row.metadata)
context.run_migrations()
