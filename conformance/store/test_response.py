"""The answer to a store: its module, its media type, its header fields."""

import pytest

from conformance import answers, multipart, native_xml
from conformance.client import JSON, XML, expect, values
from conformance.instances import SECONDARY_CAPTURE, copy, path_of, plain, study_of

GARBAGE = b"this is not a DICOM instance" * 20


@pytest.mark.clause("PS3.18 10.5.4")
@pytest.mark.parametrize("accept", [JSON, "*/*", "application/*", f"text/csv, {JSON};q=0.5"])
def test_the_answer_is_dicom_json(server, accept):
    response = expect(server.store(plain(), accept=accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == JSON
    assert answers.module(response)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.4.1.1")
@pytest.mark.parametrize("accept", [None, "application/json"], ids=["no Accept", "plain JSON"])
def test_clients_that_know_no_dicom_json_get_it_all_the_same(server, accept):
    response = expect(server.store(plain(), accept=accept), 200)
    assert answers.stored(response)


@pytest.mark.clause("PS3.18 10.5.4")
@pytest.mark.parametrize("accept", [XML, "application/dicom+xml"], ids=["multipart", "single part"])
def test_the_answer_may_be_asked_for_in_xml(server, accept):
    instance = plain()
    response = expect(server.store(instance, accept=accept), 200)
    name, _ = multipart.media_type(response.headers["Content-Type"])
    assert name in ("multipart/related", "application/dicom+xml")
    document = response.content
    if name == "multipart/related":
        (part,) = multipart.read(response.headers["Content-Type"], response.content)
        assert part.media_type == "application/dicom+xml"
        document = part.body
    (item,) = native_xml.read(document)["00081199"]["values"]
    assert item["00081155"]["values"] == [instance.SOPInstanceUID]


@pytest.mark.clause("PS3.18 I.1")
def test_a_stored_instance_is_referenced_with_its_class_and_its_retrieve_url(server):
    instance = plain()
    (item,) = values(answers.module(server.store(instance)), "00081199")
    assert item["00081150"] == {"vr": "UI", "Value": [SECONDARY_CAPTURE]}
    assert item["00081155"] == {"vr": "UI", "Value": [instance.SOPInstanceUID]}
    assert item["00081190"]["vr"] == "UR"
    assert values(item, "00081190")[0].endswith(path_of(instance))


@pytest.mark.clause("PS3.18 I.1")
def test_the_retrieve_url_of_a_stored_instance_can_be_retrieved(server):
    (item,) = values(answers.module(server.store(plain())), "00081199")
    url = server.absolute(values(item, "00081190")[0])
    expect(server.get(url, 'multipart/related; type="application/dicom"'), 200)


@pytest.mark.clause("PS3.18 I.1")
def test_the_retrieve_url_of_the_answer_is_that_of_the_study(server):
    instance = plain()
    answer = answers.module(server.store(instance))
    assert answer["00081190"]["vr"] == "UR"
    assert values(answer, "00081190")[0].endswith(study_of(instance))


@pytest.mark.clause("PS3.18 I.1")
def test_the_retrieve_url_is_there_but_empty_where_several_studies_came(server):
    answer = answers.module(server.store(plain(), plain()))
    assert answer["00081190"] == {"vr": "UR"}


@pytest.mark.clause("PS3.18 I.1")
def test_sequences_without_items_are_left_out_when_all_were_stored(server):
    answer = answers.module(expect(server.store(plain()), 200))
    assert "00081198" not in answer
    assert "0008119A" not in answer


@pytest.mark.clause("PS3.18 I.1")
def test_the_referenced_sequence_is_left_out_when_nothing_was_stored(server):
    answer = answers.module(expect(server.store(GARBAGE), 400, 409))
    assert "00081199" not in answer


@pytest.mark.clause("PS3.18 F.2.2")
def test_the_attributes_of_the_answer_are_sorted(server):
    answer = answers.module(server.store(plain(), GARBAGE))
    assert list(answer) == sorted(answer)
    assert all("vr" in attribute for attribute in answer.values())


@pytest.mark.clause("PS3.18 10.5.3.2")
def test_a_new_study_is_named_by_location(server):
    instance = plain()
    response = expect(server.store(instance), 200)
    location = response.headers.get("Location") or response.headers.get("Content-Location")
    assert location, "neither Location nor Content-Location"
    assert study_of(instance) in location


@pytest.mark.clause("PS3.18 I.2")
def test_a_refused_instance_is_named_with_its_class_and_its_reason(server):
    instance = plain()
    other = plain()
    answer = answers.module(server.store(instance, path=study_of(other)))
    (item,) = values(answer, "00081198")
    assert values(item, "00081150") == [SECONDARY_CAPTURE]
    assert values(item, "00081155") == [instance.SOPInstanceUID]
    assert item["00081197"]["vr"] == "US"
    assert answers.known_reason(values(item, "00081197")[0])


@pytest.mark.practice
@pytest.mark.clause("PS3.18 I.2")
def test_a_part_that_is_no_instance_is_counted_among_the_other_failures(server):
    response = expect(server.store(plain(), GARBAGE), 202)
    assert len(answers.stored(response)) == 1
    (reason,) = answers.other_failures(response)
    assert answers.known_reason(reason)


@pytest.mark.clause("PS3.18 10.5.3.3")
def test_each_instance_of_a_request_is_answered_for_once(server):
    good = plain()
    batch = [good, copy(good), copy(good, StudyInstanceUID=plain().StudyInstanceUID)]
    response = expect(server.store(*batch, path=study_of(good)), 202)
    assert answers.stored(response) == {batch[0].SOPInstanceUID, batch[1].SOPInstanceUID}
    assert set(answers.failed(response)) == {batch[2].SOPInstanceUID}
