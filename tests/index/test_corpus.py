"""The index over real headers: the made corpus with its answers, and the shared sample files."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pydicom
import pytest
from pydicom.errors import InvalidDicomError

from dicomweb.index import Index, Stored
from dicomweb.query import parse
from dicomweb.resources import Level, Resource, is_uid
from tests.index.made import from_file, record, told, values
from tests.samples import files, folder

STUDIES = 12
INSTANCES = 2  # of each series


@pytest.fixture(scope="module")
def corpus() -> Iterator[ModuleType]:
    """The maker of corpora beside the samples; it sets pydicom's modes, which are set back."""
    path = folder().parent / "tools" / "make_corpus.py"
    if not path.exists():
        pytest.skip(f"There is no {path}.")
    spec = importlib.util.spec_from_file_location("make_corpus", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_corpus"] = module
    settings = pydicom.config.settings
    modes = settings.reading_validation_mode, settings.writing_validation_mode
    spec.loader.exec_module(module)
    yield module
    settings.reading_validation_mode, settings.writing_validation_mode = modes


@pytest.fixture(scope="module")
def plans(corpus: ModuleType) -> list[dict[str, Any]]:
    options = corpus.options(pixels=16)
    return [corpus.plan(1, number, options) for number in range(STUDIES)]


@pytest.fixture(scope="module")
def filled(shared: Index, corpus: ModuleType) -> Index:
    files = corpus.generate(STUDIES, pixels=16)
    records = [from_file(data) for path, data in files if int(Path(path).stem) <= INSTANCES]
    assert all(isinstance(one, Stored) for one in shared.store(records))
    return shared


def studies(index: Index, raw: str) -> list[str]:
    found = index.find(parse(Level.STUDY, Resource(), raw))
    return [values(result, "0020000D")[0] for result in told(found.fragments)]


def test_every_study_is_told_as_it_was_planned(filled: Index, plans: list[dict[str, Any]]) -> None:
    for plan in plans:
        (result,) = told(
            filled.find(parse(Level.STUDY, Resource(), f"0020000D={plan['uid']}")).fragments
        )
        kinds = {"US1": "US"}
        modalities = sorted({kinds.get(each["mod"], each["mod"]) for each in plan["series"]})
        assert values(result, "00201206") == [len(plan["series"])]
        assert values(result, "00201208") == [
            sum(min(INSTANCES, each["n"]) for each in plan["series"])
        ]
        assert values(result, "00080061") == modalities
        assert values(result, "00100020") == [plan["pid"]]


def test_every_study_is_found_by_each_of_its_keys(
    filled: Index, plans: list[dict[str, Any]]
) -> None:
    from urllib.parse import quote

    for plan in plans:
        date, group = plan["date"], plan["name"].split("=")[-1]
        keys = [f"AccessionNumber={plan['acc']}", f"PatientID={plan['pid']}", f"StudyDate={date}"]
        keys += [f"PatientName={quote(each)}" for each in plan["name"].split("=")]
        keys += [f"PatientName={quote(group[:-1])}*", f"PatientName=*{quote(group[1:].lower())}*"]
        keys += [f"StudyDate={date}-{date}&StudyTime={plan['time'][:4]}-{plan['time'][:4]}"]
        keys += [f"PatientName={quote(group.replace('^', ' '))}&fuzzymatching=true"]
        keys += [f"RequestAttributesSequence.RequestedProcedureID=RP{plan['k']:06}"]
        keys += [f"OtherPatientIDsSequence.PatientID=X{plan['pid']}"]
        for raw in keys:
            assert plan["uid"] in studies(filled, raw), raw


def test_modalities_are_counted_as_expected(filled: Index, plans: list[dict[str, Any]]) -> None:
    kinds = {"US1": "US"}
    for modality in ("CT", "MR", "CR", "US", "SR"):
        expected = {
            plan["uid"]
            for plan in plans
            if modality in {kinds.get(each["mod"], each["mod"]) for each in plan["series"]}
        }
        assert set(studies(filled, f"ModalitiesInStudy={modality}")) == expected


def _read(path: Path) -> "pydicom.Dataset | None":
    if "malformed" in path.parts or "dicomdir" in path.parts or path.stat().st_size > 3_000_000:
        return None
    try:
        made = pydicom.dcmread(path, stop_before_pixels=True)
        names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        return made if all(is_uid(str(made.get(name, ""))) for name in names) else None
    except (InvalidDicomError, NotImplementedError, ValueError):
        return None


@pytest.mark.filterwarnings("ignore")
def test_every_sample_is_stored_and_found_again(index: Index) -> None:
    records = []
    for path in files()[::7]:
        made = _read(path)
        try:
            records += [record(made)] if made is not None else []
        except (NotImplementedError, TypeError, ValueError, OverflowError):
            continue  # what pydicom cannot write as JSON
    stored = [one.record for one in index.store(records) if isinstance(one, Stored)]
    assert len(stored) > 50
    for each in stored:
        within = Resource(each.study, each.series)
        raw = f"SOPInstanceUID={each.instance}&includefield=all"
        (result,) = told(index.find(parse(Level.INSTANCE, within, raw)).fragments)
        assert list(result) == sorted(result)
        assert index.metadata(each.resource) == [each.json]
