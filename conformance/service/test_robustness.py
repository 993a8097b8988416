"""What a busy, careless or hostile world does to a server."""

import random
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from conformance.client import DICOM, JSON, Client, expect, values
from conformance.instances import copy, gradient, image, part10, path_of, plain, series_of, study_of


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.2")
def test_searches_work_while_instances_of_the_study_arrive(server):
    first = plain()
    batch = [plain(StudyInstanceUID=first.StudyInstanceUID) for _ in range(20)]

    def store(instance):
        client = Client(server.base_url, server.wado_uri_url, server.headers)
        return client.store(instance).status_code

    def search(_):
        client = Client(server.base_url, server.wado_uri_url, server.headers)
        return client.get(f"{study_of(first)}/instances").status_code

    server.keep(first)
    with ThreadPoolExecutor(4) as pool:
        stores = pool.map(store, batch)
        searches = pool.map(search, range(20))
        assert set(stores) == {200}
        assert set(searches) == {200}
    assert len(server.find(f"{study_of(first)}/instances")) == 21


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_the_same_instance_stored_by_several_at_once_is_stored_once(server):
    instance = plain()
    server.remember(instance)

    def store(_):
        client = Client(server.base_url, server.wado_uri_url, server.headers)
        return client.store(instance).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = set(pool.map(store, range(4)))
    assert statuses <= {200, 202}
    assert len(server.find(f"{series_of(instance)}/instances")) == 1


@pytest.mark.practice
@pytest.mark.clause("RFC 9110 9.3.1")
def test_clients_that_leave_in_the_middle_do_no_harm(server):
    first = image(gradient(256, 256, "u2"))
    server.keep(first, *(copy(first, InstanceNumber=number) for number in range(2, 10)))
    for _ in range(10):
        client = Client(server.base_url, server.wado_uri_url, server.headers)
        response = client.request("GET", study_of(first), accept=DICOM, stream=True)
        response.raw.read(1000)
        response.close()
    assert len(server.parts(study_of(first), DICOM)) == 9


@pytest.mark.practice
@pytest.mark.clause("PS3.18 F.2.6")
def test_urls_carry_the_host_that_the_client_used(server):
    instance = image(gradient())
    server.keep(instance)
    headers = {"Accept": JSON, "Host": "pacs.example.org:8443"}
    path = f"{path_of(instance)}/metadata"
    (metadata,) = expect(server.request("GET", path, headers=headers), 200).json()
    uri = metadata["7FE00010"]["BulkDataURI"]
    assert urlsplit(uri).netloc == "pacs.example.org:8443", uri


@pytest.mark.practice
@pytest.mark.clause("PS3.5 9.1")
@pytest.mark.parametrize(
    ("written", "legal"),
    [("1.2.3.{n}.44444444444444444", "1.2.3.{n}.44444444444444444"), ("1.2.03.{n}", "1.2.13.{n}")],
    ids=["64 characters", "leading zeros"],
)
def test_uids_that_real_devices_write_are_taken(server, written, legal):
    number = f"{random.getrandbits(128) | 1 << 127:040}"[-39:]
    made, place = written.format(n=f"1{number}"), legal.format(n=f"1{number}")
    instance = plain(StudyInstanceUID=place)
    server.studies.add(f"/studies/{made}")
    expect(server.store(part10(instance).replace(place.encode(), made.encode())), 200, 202)
    (found,) = server.find("/studies", StudyInstanceUID=made)
    assert values(found, "0020000D") == [made]
    assert server.metadata(f"/studies/{made}")


@pytest.mark.clause("PS3.18 8.8.5")
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "%22ISO_IR%20192%22"])
def test_utf_8_can_be_asked_for_by_parameter(server, charset):
    instance = plain(SpecificCharacterSet="ISO_IR 100", PatientName="Müller")
    server.keep(instance)
    (metadata,) = expect(server.get(f"{path_of(instance)}/metadata?charset={charset}"), 200).json()
    assert values(metadata, "00100010") == [{"Alphabetic": "Müller"}]


@pytest.mark.clause("PS3.18 8.8.4")
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1, utf-8;q=0.7, *;q=0.1", "*"])
def test_an_accept_charset_header_that_allows_utf_8_is_served(server, charset):
    instance = plain(SpecificCharacterSet="ISO_IR 100", PatientName="Müller")
    server.keep(instance)
    response = server.get(f"{path_of(instance)}/metadata", JSON, Accept_Charset=charset)
    assert values(expect(response, 200).json()[0], "00100010")


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_a_study_whose_instances_disagree_about_the_patient_stays_one(server):
    first = plain()
    other = plain(StudyInstanceUID=first.StudyInstanceUID, PatientID=f"{first.PatientID}-X")
    server.keep(first, other)
    assert len(server.find("/studies", StudyInstanceUID=first.StudyInstanceUID)) == 1
    assert len(server.metadata(study_of(first))) == 2


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_hostile_values_come_back_as_they_were(server):
    text = "<script>'\"%_*?;--/../ \\u0000"
    instance = plain(SeriesDescription=text, PatientComments=text)
    server.keep(instance)
    (metadata,) = server.metadata(path_of(instance))
    assert values(metadata, "00104000") == [text]
