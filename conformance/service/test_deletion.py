"""DELETE: no part of PS3.18, but what Microsoft, Google and dcmjs do alike."""

import pytest

from conformance.client import DICOM, JSON, OCTETS, expect, values
from conformance.instances import copy, gradient, image, path_of, series_of, study_of, uid

LEVELS = {"study": study_of, "series": series_of, "instance": path_of}


def delete(server, path):
    return server.request("DELETE", path, accept="*/*")


@pytest.fixture
def trio(server):
    """Two instances of a series and one of another."""
    first = image(gradient(), Modality="CT")
    made = [first, copy(first), copy(first, SeriesInstanceUID=uid(), Modality="MR")]
    server.keep(*made)
    return made


@pytest.mark.extension
@pytest.mark.clause("PS3.18 8.5")
@pytest.mark.parametrize("level", LEVELS)
def test_what_was_deleted_is_gone(server, trio, level):
    path = LEVELS[level](trio[0])
    expect(delete(server, path), 200, 204)
    expect(server.get(path, DICOM), 404, 410)
    expect(server.get(f"{path}/metadata", JSON), 404, 410)
    expect(server.get(f"{path_of(trio[0])}/frames/1", OCTETS), 404, 410)


@pytest.mark.extension
@pytest.mark.clause("PS3.18 8.5")
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_known_to_be_deleted_is_410(server, trio, level):
    path = LEVELS[level](trio[0])
    expect(delete(server, path), 200, 204)
    expect(server.get(path, DICOM), 410)


@pytest.mark.extension
@pytest.mark.clause("PS3.18 10.6.2")
@pytest.mark.parametrize(("level", "left"), [("study", 0), ("series", 1), ("instance", 2)])
def test_what_was_deleted_is_not_found(server, trio, level, left):
    expect(delete(server, LEVELS[level](trio[0])), 200, 204)
    found = server.find("/instances", StudyInstanceUID=trio[0].StudyInstanceUID)
    assert len(found) == left


@pytest.mark.extension
@pytest.mark.clause("PS3.18 10.6.3.3.1")
def test_counts_and_modalities_follow(server, trio):
    expect(delete(server, series_of(trio[0])), 200, 204)
    (study,) = server.find("/studies", StudyInstanceUID=trio[0].StudyInstanceUID)
    assert values(study, "00201206") == [1]
    assert values(study, "00201208") == [1]
    assert values(study, "00080061") == ["MR"]


@pytest.mark.extension
@pytest.mark.clause("PS3.18 10.6.3.3.1")
def test_a_study_goes_with_its_last_instance(server):
    instance = image(gradient())
    server.keep(instance)
    expect(delete(server, path_of(instance)), 200, 204)
    assert server.find("/studies", StudyInstanceUID=instance.StudyInstanceUID) == []


@pytest.mark.extension
@pytest.mark.clause("PS3.18 8.5")
@pytest.mark.parametrize("level", LEVELS)
def test_deleting_what_is_unknown_is_404(server, level):
    expect(delete(server, LEVELS[level](image(gradient()))), 404)


@pytest.mark.extension
@pytest.mark.clause("PS3.18 10.5.2")
def test_what_was_deleted_can_be_stored_again(server, trio):
    expect(delete(server, study_of(trio[0])), 200, 204)
    server.keep(trio[0])
    expect(server.get(path_of(trio[0]), DICOM), 200)
    assert len(server.find("/instances", StudyInstanceUID=trio[0].StudyInstanceUID)) == 1
