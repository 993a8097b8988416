"""The stored metadata of instances, read back, and what is told of patients."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from dicomweb.index.answers import Parts
from dicomweb.index.compression import Codecs, Decoder
from dicomweb.index.database import Database, ListStatement, Statement
from dicomweb.index.tables import INSTANCE, SERIES, STUDY
from dicomweb.index.writes import DICTIONARIES

_PATIENTS = ListStatement(
    lambda ids: (
        sa.select(
            STUDY.c.patient_id,
            sa.func.count(),
            sa.func.sum(STUDY.c.series_count),
            sa.func.sum(STUDY.c.instance_count),
        )
        .where(STUDY.c.patient_id.in_(ids))
        .group_by(STUDY.c.patient_id)
    )
)
_SERIES_OF_STUDY = Statement(
    sa.select(SERIES.c.pk)
    .where(SERIES.c.study_pk == sa.bindparam("study"))
    .order_by(SERIES.c.number, SERIES.c.uid)
)
_OF_SERIES = Statement(
    sa.select(INSTANCE.c.dataset, INSTANCE.c.number, INSTANCE.c.uid)
    .where(
        INSTANCE.c.series_pk == sa.bindparam("series"),
        INSTANCE.c.number >= sa.bindparam("number"),
        sa.or_(INSTANCE.c.number > sa.bindparam("number"), INSTANCE.c.uid > sa.bindparam("uid")),
    )
    .order_by(INSTANCE.c.number, INSTANCE.c.uid)
    .limit(sa.bindparam("limit"))
    .offset(sa.literal_column("0"))
)
_PAGE = 500


class Datasets:
    """Reads what `compression` has made small."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.codecs = Codecs()

    def load(self, series: Sequence[int]) -> Iterable[tuple[int, bytes]]:
        """Stored dictionaries by the keys of their series."""
        return self._database.fetch_listed(DICTIONARIES, series)

    def decoder(self, series: Iterable[int]) -> Decoder:
        return self.codecs.decoder(series, self.load)

    def below(self, parts: Parts) -> Iterator[bytes]:
        """The metadata of all instances of a row, which is a series or a study."""
        if parts.series_pk:
            yield from self.of_series(parts.series_pk)
            return
        for (series,) in self._database.fetch(_SERIES_OF_STUDY, {"study": parts.study_pk}):
            yield from self.of_series(series)

    def of_series(self, series: int) -> Iterator[bytes]:
        """The metadata of the instances of a series, in their order, read page by page."""
        decode = self.decoder([series]).decode
        last: dict[str, Any] = {"number": -(2**62), "uid": ""}
        while True:
            rows = self._database.fetch(_OF_SERIES, {"series": series, "limit": _PAGE, **last})
            for dataset, _, _ in rows:
                raw = decode(series, dataset)
                if raw:
                    yield raw
            if len(rows) < _PAGE:
                return
            last = {"number": rows[-1][1], "uid": rows[-1][2]}

    def patients(self, ids: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """How many studies, series and instances each patient ID has."""
        rows = self._database.fetch_listed(_PATIENTS, ids)
        return {name: (int(studies), int(series), int(n)) for name, studies, series, n in rows}
