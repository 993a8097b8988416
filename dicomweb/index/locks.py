"""Rows of studies and series that a transaction holds: read, changed, written back.

The lock of the study guards all that is below it, too.
"""

from dataclasses import dataclass

from dicomweb.index import fragments, writes
from dicomweb.index.database import Transaction
from dicomweb.index.values import listed


@dataclass(slots=True)
class Study:
    """What `writes.LOCK_STUDY` reads of a study."""

    uid: str
    pk: int
    changed: int
    moment: int
    modalities: str = ""
    sop_classes: str = ""
    series_count: int = 0
    instance_count: int = 0
    size: int = 0
    fragment: bytes = b""

    def tell_modalities(self, modalities: list[str]) -> None:
        """Modalities in Study, sorted."""
        self.modalities = listed(modalities)
        self.fragment = fragments.with_modalities(self.fragment, modalities)

    def save(self, transaction: Transaction, time: int) -> None:
        """Write it back; its change counter grows, to the time (microseconds) at least."""
        counted = fragments.with_count(self.fragment, fragments.STUDY_SERIES, self.series_count)
        transaction.run(
            writes.CHANGE_STUDY,
            {
                "study": self.pk,
                "changed": max(self.changed + 1, time),
                "modalities": self.modalities,
                "sop_classes": self.sop_classes,
                "series_count": self.series_count,
                "instance_count": self.instance_count,
                "size": self.size,
                "fragment": fragments.with_count(
                    counted, fragments.STUDY_INSTANCES, self.instance_count
                ),
            },
        )


@dataclass(slots=True)
class Series:
    """What `writes.SERIES_OF_STUDY` reads of a series."""

    pk: int
    changed: int
    modality: str
    sop_classes: str = ""
    instance_count: int = 0
    size: int = 0
    fragment: bytes = b""

    def save(self, transaction: Transaction, time: int) -> None:
        """Write it back, as `Study.save` does."""
        transaction.run(
            writes.CHANGE_SERIES,
            {
                "series": self.pk,
                "changed": max(self.changed + 1, time),
                "sop_classes": self.sop_classes,
                "instance_count": self.instance_count,
                "size": self.size,
                "fragment": fragments.with_count(
                    self.fragment, fragments.SERIES_INSTANCES, self.instance_count
                ),
            },
        )


def locked_study(transaction: Transaction, uid: str) -> Study | None:
    """The study of a UID, locked until the transaction ends."""
    found = transaction.rows(writes.LOCK_STUDY, {"uid": uid})
    return Study(uid, *found[0]) if found else None


def locked_series(transaction: Transaction, study: Study, uid: str) -> Series | None:
    """The series of a UID in a study that is locked."""
    found = transaction.rows(writes.SERIES_OF_STUDY, {"study": study.pk, "uid": uid})
    return Series(*found[0]) if found else None
