"""The index: rows of studies, series and instances, searches, metadata (SQLite or PostgreSQL)."""

from dicomweb.index.index import Index
from dicomweb.index.reads import Location, Row, State, Statistics
from dicomweb.index.records import Duplicate, OnStored, Outcome, Record, Stored
from dicomweb.index.removal import OnRemoved, Removed
from dicomweb.index.schema import Extension
from dicomweb.index.search import Found, Search

__all__ = [
    "Duplicate",
    "Extension",
    "Found",
    "Index",
    "Location",
    "OnRemoved",
    "OnStored",
    "Outcome",
    "Record",
    "Removed",
    "Row",
    "Search",
    "State",
    "Statistics",
    "Stored",
]
