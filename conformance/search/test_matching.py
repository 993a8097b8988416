"""The matching types of PS3.4 C.2.2.2, in the spelling of a URL."""

from urllib.parse import quote, quote_plus

import pytest

from conformance.client import expect, found, uids, values
from conformance.instances import UNKNOWN_UID
from conformance.search.catalogue import (
    OTHER_PATIENT,
    PATIENT,
    SERIES,
    STUDY,
    THIRD_PATIENT,
    TOKEN,
    once,
    studies_found,
)

HEAD, KNEE, CHEST, JAPANESE = range(4)


def study(catalogue, number):
    studies = list(dict.fromkeys(one.StudyInstanceUID for one in catalogue.instances))
    return studies[number]


def study_path(catalogue, number):
    return f"/studies/{study(catalogue, number)}"


def wanted(catalogue, numbers):
    return {study(catalogue, number) for number in numbers}


@pytest.mark.clause("PS3.4 C.2.2.2.4")
@pytest.mark.parametrize(
    ("key", "value", "numbers"),
    [
        ("PatientID", "{TOKEN}-*", [HEAD, KNEE, CHEST, JAPANESE]),
        ("PatientID", "*{TOKEN}-1", [HEAD, KNEE]),
        ("PatientID", "{TOKEN}-?", [HEAD, KNEE, CHEST, JAPANESE]),
        ("PatientID", "{TOKEN}??", [HEAD, KNEE, CHEST, JAPANESE]),
        ("PatientID", "{TOKEN}?", []),
        ("PatientID", "{TOKEN}-?*", [HEAD, KNEE, CHEST, JAPANESE]),
        ("PatientName", "Zeta{TOKEN}*", [HEAD, KNEE]),
        ("PatientName", "*{TOKEN}*Maria", [HEAD]),
        ("PatientName", "Zeta{TOKEN}?Anna*", [HEAD, KNEE]),
        ("ReferringPhysicianName", "Ref{TOKEN}?T*", [KNEE]),
        ("AccessionNumber", "{TOKEN}-?1", [HEAD]),
        ("AccessionNumber", "{TOKEN}*", [HEAD, KNEE, CHEST]),
        ("StudyID", "{TOKEN}-S*", [HEAD, KNEE, CHEST, JAPANESE]),
        ("StudyID", "*S2", [KNEE]),
    ],
)
def test_wildcards_stand_for_any_characters_and_for_one(server, catalogue, key, value, numbers):
    value = value.format(TOKEN=TOKEN)
    scope = {} if key == "PatientID" else {"PatientID": f"{TOKEN}-?"}
    results = studies_found(server, **scope, **{key: value})
    assert results == wanted(catalogue, numbers)


@pytest.mark.optional
@pytest.mark.clause("PS3.4 C.2.2.2.4")
@pytest.mark.parametrize(
    ("value", "numbers"),
    [("{TOKEN} 100% *", [HEAD]), ("{TOKEN} *_scan", [HEAD]), ("{TOKEN} 100?*", [HEAD, KNEE])],
)
def test_signs_that_databases_treat_as_wildcards_are_literal(server, catalogue, value, numbers):
    results = studies_found(server, PatientID=PATIENT, StudyDescription=value.format(TOKEN=TOKEN))
    assert results == wanted(catalogue, numbers)


@pytest.mark.clause("PS3.4 C.2.2.2.4")
def test_signs_that_databases_treat_as_wildcards_are_literal_in_required_keys(server, catalogue):
    assert studies_found(server, PatientID=f"{TOKEN}_1") == set()
    assert studies_found(server, PatientID=f"{TOKEN}%") == set()


@pytest.mark.clause("PS3.4 C.2.2.2.1")
@pytest.mark.parametrize("key", ["AccessionNumber", "StudyID", "PatientID"])
def test_single_value_matching_is_case_sensitive(server, catalogue, key):
    value = str(catalogue.instances[0][key].value)
    scope = {} if key == "PatientID" else {"PatientID": PATIENT}
    assert studies_found(server, **scope, **{key: value.lower()}) == set()


@pytest.mark.practice
@pytest.mark.clause("PS3.4 C.2.2.2.1")
@pytest.mark.parametrize("change", [str.lower, str.upper], ids=["lower", "upper"])
def test_names_are_matched_in_any_case(server, catalogue, change):
    name = change(f"Zeta{TOKEN}")
    assert studies_found(server, PatientName=f"{name}*") == wanted(catalogue, [HEAD, KNEE])


@pytest.mark.clause("PS3.4 C.2.2.2.3")
@pytest.mark.parametrize("value", ["", "*", "**"], ids=["empty", "one star", "two stars"])
@pytest.mark.parametrize("key", ["AccessionNumber", "ReferringPhysicianName", "ModalitiesInStudy"])
def test_universal_matching_finds_even_what_has_no_value(server, catalogue, key, value):
    results = server.find("/studies", PatientID=f"{TOKEN}-?", **{key: value})
    assert once(uids(results, STUDY)) == wanted(catalogue, [HEAD, KNEE, CHEST, JAPANESE])


@pytest.mark.clause("PS3.4 C.2.2.2.2")
@pytest.mark.parametrize("separator", [",", "%2C"], ids=["comma", "encoded comma"])
def test_a_list_of_uids_finds_each_of_them(server, catalogue, separator):
    two = sorted(wanted(catalogue, [HEAD, CHEST]))
    results = found(server.get(f"/studies?StudyInstanceUID={separator.join([*two, UNKNOWN_UID])}"))
    assert once(uids(results, STUDY)) == set(two)


@pytest.mark.practice
@pytest.mark.clause("PS3.4 C.2.2.2.2")
def test_a_list_of_uids_may_be_separated_by_backslashes(server, catalogue):
    two = sorted(wanted(catalogue, [HEAD, CHEST]))
    assert studies_found(server, StudyInstanceUID="\\".join(two)) == set(two)


@pytest.mark.clause("PS3.4 C.2.2.2.2")
def test_series_may_be_found_by_a_list_of_uids(server, catalogue):
    two = sorted({one.SeriesInstanceUID for one in catalogue.instances})[:2]
    results = found(server.get(f"/series?SeriesInstanceUID={','.join(two)}"))
    assert once(uids(results, SERIES)) == set(two)


@pytest.mark.clause("PS3.4 C.2.2.2.5")
@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("20200101-20211231", [HEAD, KNEE]),
        ("20200115-20210630", [HEAD, KNEE]),
        ("20200116-20210629", []),
        ("20200115-20200115", [HEAD]),
        ("-20200115", [HEAD]),
        ("-20200114", []),
        ("20220101-", [CHEST, JAPANESE]),
        ("20220102-", [JAPANESE]),
        ("20220103-", []),
    ],
)
def test_a_range_of_dates_includes_its_ends(server, catalogue, value, numbers):
    results = studies_found(server, PatientID=f"{TOKEN}-?", StudyDate=value)
    assert results == wanted(catalogue, numbers)


@pytest.mark.clause("PS3.4 C.2.2.2.5")
@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("080000-090000", [HEAD]),
        ("083000-083000", [HEAD]),
        ("0800-0900", [HEAD]),
        ("08-09", [HEAD]),
        ("-083000", [HEAD, JAPANESE]),
        ("235959-", [CHEST]),
        ("170000-170001", [KNEE]),
        ("170000.4-170000.6", [KNEE]),
        ("170000.6-170001", []),
        ("000000-235959.999999", [HEAD, KNEE, CHEST, JAPANESE]),
    ],
)
def test_a_range_of_times_is_matched_by_its_meaning(server, catalogue, value, numbers):
    results = studies_found(server, PatientID=f"{TOKEN}-?", StudyTime=value)
    assert results == wanted(catalogue, numbers)


@pytest.mark.clause("PS3.4 C.2.2.2.5")
@pytest.mark.parametrize(
    ("value", "count"), [("20200115-20200115", 1), ("20200115-20200116", 2), ("-20200114", 0)]
)
def test_a_range_of_dates_matches_at_series_level(server, catalogue, value, count):
    head = study(catalogue, HEAD)
    results = server.find(f"/studies/{head}/series", PerformedProcedureStepStartDate=value)
    assert len(results) == count


@pytest.mark.clause("PS3.18 8.3.4.1.1")
@pytest.mark.parametrize(
    ("dates", "times", "numbers"),
    [
        ("20200115-20210630", "1000-1800", [KNEE]),
        ("20200115-20210630", "0800-1000", [HEAD]),
        ("20200115-20220102", "2359-0001", [KNEE, CHEST, JAPANESE]),
        ("20210630-", "180000-", [CHEST, JAPANESE]),
        ("-20210630", "-160000", [HEAD]),
    ],
)
def test_a_date_range_and_a_time_range_are_one_range(server, catalogue, dates, times, numbers):
    results = studies_found(server, PatientID=f"{TOKEN}-?", StudyDate=dates, StudyTime=times)
    assert results == wanted(catalogue, numbers)


@pytest.mark.clause("PS3.18 8.3.4.1.1")
@pytest.mark.parametrize(("times", "numbers"), [("1600-1800", [KNEE]), ("0800-0900", [])])
def test_one_date_and_a_range_of_times_are_two_conditions(server, catalogue, times, numbers):
    results = studies_found(server, PatientID=PATIENT, StudyDate="20210630", StudyTime=times)
    assert results == wanted(catalogue, numbers)


@pytest.mark.clause("PS3.18 10.6.1.2.3")
@pytest.mark.parametrize(
    ("value", "numbers"), [("CT", [HEAD]), ("MR", [HEAD]), ("DX", [KNEE]), ("C*", [HEAD])]
)
def test_a_study_has_the_modalities_of_all_its_series(server, catalogue, value, numbers):
    results = studies_found(server, PatientID=PATIENT, ModalitiesInStudy=value)
    assert results == wanted(catalogue, numbers)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.6.1.2.3")
@pytest.mark.parametrize("separator", [",", "%2C", "%5C"])
def test_several_modalities_mean_any_of_them(server, catalogue, separator):
    query = f"PatientID={PATIENT}&ModalitiesInStudy=MR{separator}DX"
    results = found(server.get(f"/studies?{query}"))
    assert once(uids(results, STUDY)) == wanted(catalogue, [HEAD, KNEE])


@pytest.mark.clause("PS3.4 C.2.2.3")
@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_match_of_one_value_returns_them_all(server, catalogue, modality):
    (result,) = server.find("/studies", PatientID=PATIENT, ModalitiesInStudy=modality)
    assert sorted(values(result, "00080061")) == ["CT", "MR"]


@pytest.mark.clause("PS3.18 8.3.1")
@pytest.mark.parametrize(
    "name",
    [f"Müller{TOKEN}^Jörg", f"*üller{TOKEN}*", f"M?ller{TOKEN}^*"],
    ids=["whole", "part", "one"],
)
def test_names_beyond_ascii_come_in_utf_8(server, catalogue, name):
    assert studies_found(server, PatientName=name) == wanted(catalogue, [CHEST])


@pytest.mark.clause("PS3.4 C.2.2.2.1")
@pytest.mark.parametrize(
    "name",
    [f"Yamada{TOKEN}^Tarou", f"山田{TOKEN}^太郎", f"*山田{TOKEN}*", f"やまだ{TOKEN}^たろう"],
    ids=["alphabetic", "ideographic", "part", "phonetic"],
)
def test_every_group_of_a_name_can_be_matched(server, catalogue, name):
    assert studies_found(server, PatientName=name) == wanted(catalogue, [JAPANESE])


@pytest.mark.practice
@pytest.mark.clause("PS3.4 C.2.2.2.1")
def test_trailing_carets_of_a_name_mean_nothing(server, catalogue):
    name = f"Zeta{TOKEN}^Anna^^"
    assert studies_found(server, PatientName=name) == wanted(catalogue, [KNEE])


@pytest.mark.clause("PS3.18 8.3.1")
@pytest.mark.parametrize(
    "spelling", ["+C%2C3", "%2BC%2C3", "%2bC%2c3"], ids=["plus", "encoded plus", "lower-case hex"]
)
def test_signs_of_a_value_arrive_percent_encoded(server, catalogue, spelling):
    results = found(server.get(f"/studies?AccessionNumber={TOKEN}{spelling}"))
    assert once(uids(results, STUDY)) == wanted(catalogue, [CHEST])


@pytest.mark.practice
@pytest.mark.clause("PS3.18 8.3.1")
@pytest.mark.parametrize("escape", [quote, quote_plus], ids=["encoded", "as forms have it"])
def test_a_space_of_a_value_arrives(server, catalogue, escape):
    """Python's dicomweb-client and requests, Java's URLEncoder and browsers' forms send a plus."""
    query = f"PatientID={PATIENT}&StudyDescription={escape(f'{TOKEN} 100% head_scan')}"
    results = found(server.get(f"/studies?{query}"))
    assert once(uids(results, STUDY)) == wanted(catalogue, [HEAD])


@pytest.mark.practice
@pytest.mark.clause("PS3.4 C.2.2.2.1")
def test_padding_of_a_value_is_not_significant(server, catalogue):
    results = studies_found(server, PatientID=f"{PATIENT} ")
    assert results == wanted(catalogue, [HEAD, KNEE])


@pytest.mark.clause("PS3.18 8.3.4.2")
@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        ("fuzzymatching", "The fuzzymatching parameter is not supported"),
        ("emptyvaluematching", "The emptyvaluematching parameter is not supported"),
        ("multiplevaluematching", "The multiplevaluematching parameter is not supported"),
    ],
)
def test_what_is_not_supported_is_said_in_a_warning(server, catalogue, parameter, words):
    query = {
        "fuzzymatching": f"PatientName=zeta{TOKEN}",
        "emptyvaluematching": f"PatientID={TOKEN}-?&AccessionNumber=%22%22",
        "multiplevaluematching": f"PatientID={PATIENT}%5C{OTHER_PATIENT}",
    }[parameter]
    count = {"fuzzymatching": 2, "emptyvaluematching": 1, "multiplevaluematching": 3}[parameter]
    response = server.get(f"/studies?{query}&{parameter}=true")
    if words not in response.headers.get("Warning", ""):
        assert len(found(response)) == count, "neither performed nor warned"


@pytest.mark.clause("PS3.18 8.3.4.2")
@pytest.mark.parametrize(
    "parameter", ["fuzzymatching", "emptyvaluematching", "multiplevaluematching"]
)
def test_a_flag_set_to_false_changes_nothing(server, catalogue, parameter):
    response = expect(server.get(f"/studies?PatientID={PATIENT}&{parameter}=false"), 200)
    assert len(response.json()) == 2
    assert "not supported" not in response.headers.get("Warning", "")


@pytest.mark.clause("PS3.18 8.3.2")
@pytest.mark.parametrize("value", ["maybe", "1", ""])
def test_a_flag_that_is_neither_true_nor_false_is_400(server, catalogue, value):
    expect(server.get(f"/studies?PatientID={PATIENT}&fuzzymatching={value}"), 400)


@pytest.mark.optional
@pytest.mark.clause("PS3.4 C.2.2.2.1.1")
@pytest.mark.parametrize(
    ("name", "number"),
    [
        (f"muller{TOKEN}", CHEST),
        (f"MÜLLER{TOKEN} jorg", CHEST),
        (f"jorg muller{TOKEN}", CHEST),
        (f"jö^müller{TOKEN}", CHEST),
        (f"anna maria zeta{TOKEN}", HEAD),
        (f"太郎 山田{TOKEN}", JAPANESE),
    ],
    ids=["accents", "case", "order", "a prefix", "three words", "ideographic"],
)
def test_fuzzy_matching_forgives_case_accents_and_order(server, catalogue, name, number):
    results = studies_found(server, PatientName=name, fuzzymatching="true")
    assert results == wanted(catalogue, [number])


@pytest.mark.optional
@pytest.mark.clause("PS3.4 C.2.2.2.1.1")
def test_fuzzy_matching_is_not_matching_everything(server, catalogue):
    name = f"Nobody{TOKEN[::-1]}"
    assert studies_found(server, PatientName=name, fuzzymatching="true") == set()


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.4.5")
def test_empty_value_matching_finds_what_has_no_value(server, catalogue):
    keys = {"PatientID": f"{TOKEN}-?", "AccessionNumber": '""', "emptyvaluematching": "true"}
    assert studies_found(server, **keys) == wanted(catalogue, [JAPANESE])


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.4.6")
def test_multiple_value_matching_finds_any_of_the_values(server, catalogue):
    two = f"{OTHER_PATIENT}\\{THIRD_PATIENT}"
    results = studies_found(server, PatientID=two, multiplevaluematching="true")
    assert results == wanted(catalogue, [CHEST, JAPANESE])


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.4.6")
def test_one_of_multiple_values_may_be_a_range_or_is_refused(server, catalogue):
    query = f"PatientID={TOKEN}-?&StudyDate=20200101-20201231%5C20220101"
    response = server.get(f"/studies?{query}&multiplevaluematching=true")
    if expect(response, 200, 204, 400).status_code != 400 and "Warning" not in response.headers:
        assert once(uids(found(response), STUDY)) == wanted(catalogue, [HEAD, CHEST])


@pytest.mark.clause("PS3.18 8.3.2")
@pytest.mark.parametrize("value", ["two", "nan", "1_0", "%D9%A1"])
def test_a_number_that_is_none_is_400(server, catalogue, value):
    expect(server.get(f"{study_path(catalogue, HEAD)}/series?SeriesNumber={value}"), 400)


@pytest.mark.clause("PS3.18 8.3.2")
@pytest.mark.parametrize(
    "query",
    [
        "StudyDate=2020-01-15-",
        "StudyDate=notadate",
        "StudyDate=20201332",
        "StudyTime=256161",
        "StudyDate=20200101-20190101-20180101",
    ],
)
def test_a_date_or_time_that_is_none_is_400(server, catalogue, query):
    expect(server.get(f"/studies?PatientID={PATIENT}&{query}"), 400)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.4.1")
def test_every_value_of_a_multi_valued_attribute_can_match(server, catalogue):
    results = studies_found(server, OtherPatientNames=f"Alias{TOKEN}^Zwei")
    assert results == wanted(catalogue, [CHEST])
