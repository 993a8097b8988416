"""The revisions, the oldest first; each is listed in `dicomweb.index.schema.REVISIONS`."""
