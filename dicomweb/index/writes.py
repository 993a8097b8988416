"""The statements of ingest and removal."""

import sqlalchemy as sa

from dicomweb.index.database import ListStatement, Statement, insert, named
from dicomweb.index.tables import (
    INSTANCE,
    SERIES,
    SERIES_DETAIL,
    SERIES_REQUEST,
    STUDY,
    STUDY_DETAIL,
    STUDY_MODALITY,
    TOMBSTONE,
)

# FOR NO KEY UPDATE on PostgreSQL: a plain FOR UPDATE would wait for the key locks that foreign
# keys of other transactions' rows hold (63 deadlocks with 8 writers; none this way).
LOCK_STUDY = Statement(
    sa.select(
        STUDY.c.pk,
        STUDY.c.changed,
        STUDY.c.moment,
        STUDY.c.modalities,
        STUDY.c.sop_classes,
        STUDY.c.series_count,
        STUDY.c.instance_count,
        STUDY.c.size,
        STUDY.c.fragment,
    )
    .where(STUDY.c.uid == sa.bindparam("uid"))
    .with_for_update(key_share=True)
)
SERIES_OF_STUDY = Statement(
    sa.select(
        SERIES.c.pk,
        SERIES.c.changed,
        SERIES.c.modality,
        SERIES.c.sop_classes,
        SERIES.c.instance_count,
        SERIES.c.size,
        SERIES.c.fragment,
    ).where(SERIES.c.study_pk == sa.bindparam("study"), SERIES.c.uid == sa.bindparam("uid"))
)
TAKEN = ListStatement(
    lambda uids: (
        sa.select(
            INSTANCE.c.uid,
            STUDY.c.uid,
            SERIES.c.uid,
            INSTANCE.c.key,
            INSTANCE.c.size,
            INSTANCE.c.sha256,
            INSTANCE.c.dataset_offset,
            INSTANCE.c.transfer_syntax,
        )
        .join_from(INSTANCE, SERIES, SERIES.c.pk == INSTANCE.c.series_pk)
        .join(STUDY, STUDY.c.pk == SERIES.c.study_pk)
        .where(INSTANCE.c.uid.in_(uids))
    )
)
DICTIONARIES = ListStatement(
    lambda keys: sa.select(SERIES_DETAIL.c.series_pk, SERIES_DETAIL.c.dictionary).where(
        SERIES_DETAIL.c.series_pk.in_(keys)
    )
)

NEW_STUDY = Statement(
    lambda engine: (
        engine.insert_or_skip(STUDY).values(named(STUDY, without="pk")).returning(STUDY.c.pk)
    )
)
NEW_STUDY_DETAIL = Statement(insert(STUDY_DETAIL))
NEW_SERIES = Statement(insert(SERIES, without="pk").returning(SERIES.c.pk))
NEW_SERIES_DETAIL = Statement(insert(SERIES_DETAIL))
NEW_REQUEST = Statement(insert(SERIES_REQUEST, without="pk"))
NEW_MODALITY = Statement(insert(STUDY_MODALITY))
NEW_INSTANCE = Statement(insert(INSTANCE, without="pk"))
SET_HASH = Statement(
    sa.update(INSTANCE)
    .where(INSTANCE.c.key == sa.bindparam("stored_key"), INSTANCE.c.uid == sa.bindparam("stored"))
    .values(sha256=sa.bindparam("sha256"))
)


def _change(table: sa.Table, name: str, columns: str) -> Statement:
    wanted = columns.split()
    values = {name: value for name, value in named(table).items() if name in wanted}
    return Statement(sa.update(table).where(table.c.pk == sa.bindparam(name)).values(values))


CHANGE_STUDY = _change(
    STUDY,
    "study",
    "changed modalities sop_classes series_count instance_count size fragment",
)
CHANGE_SERIES = _change(SERIES, "series", "changed sop_classes instance_count size fragment")

HAS_TOMBSTONE = Statement(
    sa.select(sa.literal_column("1"))
    .where(TOMBSTONE.c.study == sa.bindparam("study"))
    .limit(sa.bindparam("limit"))
    .offset(sa.literal_column("0"))
)
FORGET_TOMBSTONE = Statement(
    sa.delete(TOMBSTONE).where(
        *(TOMBSTONE.c[column] == sa.bindparam(column) for column in ("study", "series", "instance"))
    )
)
