"""Alembic migrations of the index, run at start by `dicomweb.index.schema`."""
