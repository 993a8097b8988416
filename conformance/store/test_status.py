"""Status codes of the store transaction, PS3.18 Table 10.5.3-1."""

import pytest

from conformance import answers, multipart
from conformance.client import DICOM_AS_STORED, expect
from conformance.instances import copy, gradient, image, part10, path_of, plain, series_of, study_of

GARBAGE = b"this is not a DICOM instance" * 20
RELATED = 'multipart/related; type="application/dicom"'
BROKEN = {
    "no body": (f"{RELATED}; boundary=b", b""),
    "no boundary in the Content-Type": (RELATED, b"--b\r\n\r\n\r\n--b--\r\n"),
    "another boundary than announced": (f"{RELATED}; boundary=b", b"--c\r\n\r\nx\r\n--c--\r\n"),
    "no part": (f"{RELATED}; boundary=b", b"--b--\r\n"),
    "only text": (f"{RELATED}; boundary=b", b"nothing of the kind"),
}
UNSUPPORTED = (
    "text/plain",
    "application/pdf",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    'multipart/related; type="text/plain"; boundary=b',
    'multipart/mixed; boundary=b; type="application/dicom"',
)
UIDS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


@pytest.mark.clause("PS3.18 10.5.3.1")
def test_all_stored_is_200(server):
    expect(server.store(plain(), plain()), 200)


@pytest.mark.clause("PS3.18 10.5.3.1")
def test_some_refused_is_202(server):
    good = plain()
    response = expect(server.store(good, plain(), path=study_of(good)), 202)
    assert answers.stored(response) == {good.SOPInstanceUID}


@pytest.mark.clause("PS3.18 10.5.3.1")
def test_one_unreadable_part_among_good_ones_is_202(server):
    before, after = plain(), plain()
    response = expect(server.store(before, GARBAGE, after), 202)
    assert answers.stored(response) == {before.SOPInstanceUID, after.SOPInstanceUID}


@pytest.mark.clause("PS3.18 10.5.3.1")
def test_all_of_another_study_than_the_path_names_is_409(server):
    instance = plain()
    response = expect(server.store(instance, path=study_of(plain())), 409)
    assert set(answers.failed(response)) == {instance.SOPInstanceUID}
    assert server.find("/studies", StudyInstanceUID=instance.StudyInstanceUID) == []


@pytest.mark.clause("PS3.18 10.5.3.1")
def test_nothing_but_unreadable_parts_is_refused(server):
    expect(server.store(GARBAGE), 400, 409)


@pytest.mark.clause("PS3.18 10.5.3.1")
@pytest.mark.parametrize(("content_type", "body"), BROKEN.values(), ids=BROKEN)
def test_broken_multipart_is_400(server, content_type, body):
    expect(server.post(body, content_type), 400)


@pytest.mark.clause("PS3.18 10.5.3.1")
@pytest.mark.parametrize("content_type", UNSUPPORTED)
def test_an_unsupported_content_type_is_415(server, content_type):
    body = multipart.write([({"Content-Type": "text/plain"}, b"words")], "b")
    expect(server.post(body, content_type), 415)


@pytest.mark.clause("PS3.18 8.5")
def test_a_415_says_what_is_supported(server):
    response = expect(server.post(b"words", "text/plain"), 415)
    assert b"application/dicom" in response.content


@pytest.mark.clause("PS3.18 10.5.1.3")
def test_a_missing_content_type_is_refused(server):
    expect(server.post(part10(plain()), None), 400, 415)


@pytest.mark.clause("PS3.18 10.5.3.1")
@pytest.mark.parametrize("keyword", UIDS)
def test_an_instance_without_its_uids_is_409_with_a_reason(server, keyword):
    response = expect(server.store(plain(**{keyword: None})), 409)
    reasons = [*answers.failed(response).values(), *answers.other_failures(response)]
    assert len(reasons) == 1
    assert answers.known_reason(reasons[0])


@pytest.mark.clause("PS3.18 10.5.3.1")
@pytest.mark.parametrize("keyword", UIDS)
def test_an_instance_without_its_uids_does_not_harm_its_neighbours(server, keyword):
    good = plain()
    response = expect(server.store(good, plain(**{keyword: None})), 202)
    assert answers.stored(response) == {good.SOPInstanceUID}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_an_instance_without_its_class_is_never_answered_by_a_plain_200(server):
    expect(server.store(plain(SOPClassUID=None)), 202, 400, 409)


@pytest.mark.clause("PS3.18 10.5.3.1")
def test_an_instance_cut_off_in_its_header_does_not_harm_its_neighbours(server):
    good, cut = plain(), part10(plain())
    response = expect(server.store(good, cut[:200]), 202)
    assert answers.stored(response) == {good.SOPInstanceUID}


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_a_missing_preamble_is_forgiven_or_refused_with_a_reason(server):
    instance = plain()
    server.remember(instance)
    response = expect(server.store(part10(instance)[128:]), 200, 202, 409)
    if response.status_code == 409:
        reasons = [*answers.failed(response).values(), *answers.other_failures(response)]
        assert [answers.known_reason(reason) for reason in reasons] == [True]
    else:
        assert server.metadata(path_of(instance))


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_truncated_pixels_are_never_answered_by_a_plain_200(server):
    instance = image(gradient(64, 64, "u2"))
    server.remember(instance)
    response = expect(server.store(part10(instance)[:-1000]), 202, 400, 409)
    assert answers.module(response)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 5.1.1")
def test_a_malformed_study_uid_in_the_path_is_400(server):
    expect(server.store(plain(), path="/studies/no-uid"), 400)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_storing_an_instance_again_succeeds_and_stores_nothing_twice(server):
    instance = plain()
    expect(server.store(instance), 200)
    response = expect(server.store(instance), 200)
    assert answers.stored(response) == {instance.SOPInstanceUID}
    assert len(server.find(f"{series_of(instance)}/instances")) == 1


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_the_same_data_set_with_another_file_meta_is_the_same_instance(server):
    instance = plain()
    expect(server.store(instance), 200)
    instance.file_meta.ImplementationVersionName = "ANOTHER"
    instance.file_meta.SourceApplicationEntityTitle = "ELSEWHERE"
    expect(server.store(part10(instance, preamble=b"x" * 128)), 200)
    assert len(server.find(f"{series_of(instance)}/instances")) == 1


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_the_same_instance_twice_in_one_request_is_stored_once(server):
    instance = plain()
    expect(server.store(instance, instance), 200, 202)
    assert len(server.find(f"{series_of(instance)}/instances")) == 1


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.5.2")
def test_another_data_set_under_a_known_uid_is_kept_as_the_answer_says(server):
    first = image(gradient())
    second = copy(first, SOPInstanceUID=first.SOPInstanceUID, PixelData=first.PixelData[::-1])
    expect(server.store(first), 200)
    response = expect(server.store(second), 200, 202, 409)
    refused = first.SOPInstanceUID in answers.failed(response)
    part = server.parts(path_of(first), DICOM_AS_STORED)[0]
    assert (first if refused else second).PixelData in part.body
