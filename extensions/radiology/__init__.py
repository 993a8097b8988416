"""Radiology: studies, series, images, annotations, reports and templates over the one archive."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, SQLModel

from dicomweb.access.permissions import Permission
from dicomweb.archive import Stored
from dicomweb.extension import Extension
from extensions.radiology import (
    annotations,
    arrivals,
    coming,
    images,
    modalities,
    report_filing,
    report_versions,
    reports,
    series,
    statuses,
    studies,
    templates,
    uploads,
)
from extensions.radiology.annotation_tables import ANNOTATION_TABLES
from extensions.radiology.catching_up import opened
from extensions.radiology.departures import kept, on_removed
from extensions.radiology.meaning import about
from extensions.radiology.numbering import TABLES as NUMBERING_TABLES
from extensions.radiology.report_tables import TABLES as REPORT_TABLES
from extensions.radiology.report_tables import add_autosaved
from extensions.radiology.tables import TABLES, add_indexes
from extensions.radiology.template_tables import TABLES as TEMPLATE_TABLES

_OURS = [*TABLES, *ANNOTATION_TABLES, *REPORT_TABLES, *TEMPLATE_TABLES, *NUMBERING_TABLES]


def _create(connection: Any) -> None:
    """The tables that are not there yet."""
    SQLModel.metadata.create_all(connection, tables=_OURS)


def on_stored(session: Session, stored: Sequence[Stored]) -> None:
    """Study rows before reports: one that waited for its documents makes its study reported."""
    coming.on_stored(session, stored)
    arrivals.on_stored(session, stored)
    report_filing.on_stored(session, stored)


_routes = [
    *studies.routes,
    *statuses.routes,
    *series.routes,
    *uploads.routes,
    *images.routes,
]
for each in _routes:  # their handlers ask `principal.sees`; other routes say it for themselves
    each.narrows = each.permission is Permission.VIEW

extension = Extension(
    name="radiology",
    routes=[
        *_routes,
        *annotations.routes,
        *reports.routes,
        *report_versions.routes,
        *templates.routes,
        *modalities.routes,
    ],
    tables=[_create, _create, add_autosaved, add_indexes],
    on_stored=on_stored,
    on_removed=on_removed,
    opened=opened,
    kept=kept,
    about=about,
)
