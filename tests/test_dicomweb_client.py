"""A real client, dicomweb-client from PyPI: it stores, searches and retrieves, bit for bit."""

import warnings

import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom.uid import generate_uid
from samples import files, folder, make_image
from servers import Server

COUNT = 12


@pytest.fixture(scope="module")
def client(server: Server) -> DICOMwebClient:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DICOMwebClient(server.root)


def _with_meta(dataset: pydicom.Dataset) -> pydicom.Dataset:
    """The data set with its file meta information."""
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


@pytest.fixture(scope="module")
def series(client: DICOMwebClient) -> list[pydicom.Dataset]:
    """A small series, stored; each with its file meta information."""
    study, own = generate_uid(), generate_uid()
    datasets = [
        make_image(
            rows=64,
            columns=64,
            StudyInstanceUID=study,
            SeriesInstanceUID=own,
            InstanceNumber=number,
            PatientName="Client^Real",
        )
        for number in range(1, COUNT + 1)
    ]
    response = client.store_instances([_with_meta(dataset) for dataset in datasets])
    assert len(response.ReferencedSOPSequence) == COUNT
    return datasets


def test_it_finds_what_it_stored_at_all_levels(
    client: DICOMwebClient, series: list[pydicom.Dataset]
) -> None:
    uid = series[0].StudyInstanceUID
    found = client.search_for_studies(
        search_filters={"PatientName": "client*", "StudyInstanceUID": uid}
    )
    assert [each["00201208"]["Value"] for each in found] == [[COUNT]]
    assert len(client.search_for_series(uid)) == 1
    assert len(client.search_for_instances(uid)) == COUNT
    assert len(client.search_for_instances(uid, limit=5, offset=10)) == 2


def test_it_gets_a_whole_series_back_bit_for_bit(
    client: DICOMwebClient, series: list[pydicom.Dataset]
) -> None:
    one = series[0]
    back = client.retrieve_series(one.StudyInstanceUID, one.SeriesInstanceUID)
    assert back == series
    assert [each.PixelData for each in back] == [each.PixelData for each in series]


def test_it_gets_metadata_frames_and_bulk_data(
    client: DICOMwebClient, series: list[pydicom.Dataset]
) -> None:
    one = series[3]
    uids = (one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID)
    (metadata,) = [client.retrieve_instance_metadata(*uids)]
    assert metadata["00200013"]["Value"] == [4]
    assert client.retrieve_instance_frames(*uids, [1]) == [one.PixelData]
    assert client.retrieve_bulkdata(metadata["7FE00010"]["BulkDataURI"]) == [one.PixelData]


def test_it_gets_pictures(client: DICOMwebClient, series: list[pydicom.Dataset]) -> None:
    one = series[0]
    uids = (one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID)
    assert client.retrieve_instance_rendered(*uids, media_types=("image/png",))[:4] == b"\x89PNG"
    jpeg = client.retrieve_instance_frames_rendered(*uids, [1], media_types=("image/jpeg",))
    assert jpeg[:2] == b"\xff\xd8"


def test_it_gets_the_real_ct_series_back_bit_for_bit(client: DICOMwebClient) -> None:
    slices = [pydicom.dcmread(path) for path in files() if path.parent == folder() / "ct-series"]
    client.store_instances(slices)
    by_uid = {each.SOPInstanceUID: each for each in slices}
    back = client.retrieve_series(slices[0].StudyInstanceUID, slices[0].SeriesInstanceUID)
    assert len(back) == len(slices)
    assert all(each == by_uid[each.SOPInstanceUID] for each in back)
    assert all(each.PixelData == by_uid[each.SOPInstanceUID].PixelData for each in back)


def test_it_finds_values_with_spaces_which_it_sends_as_plus_signs(client: DICOMwebClient) -> None:
    dataset = make_image(PatientID=generate_uid(), StudyDescription="MR of a C++ head")
    client.store_instances([_with_meta(dataset)])
    for text in ("MR of a C++ head", "MR * C++ ????"):
        found = client.search_for_studies(
            search_filters={"StudyDescription": text, "PatientID": dataset.PatientID}
        )
        assert [each["0020000D"]["Value"] for each in found] == [[dataset.StudyInstanceUID]]
