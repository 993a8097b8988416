"""QIDO-RS beyond the rows: totals, counts, links, order, compression, character sets."""

import gzip
import re
from urllib.parse import quote

import pytest
import requests
import zstandard
from clients import get, parts, store
from pydicom.uid import generate_uid
from samples import encode, make_image
from servers import Server

NAME = f"Page{generate_uid()[-9:]}"


@pytest.fixture(scope="module")
def studies(server: Server) -> list[str]:
    """Seven studies, the newest first; the last of three instances in two series."""
    images = [
        make_image(PatientName=NAME, StudyDate=f"2020010{n}", StudyDescription=f"D{9 - n}")
        for n in range(7, 0, -1)
    ]
    last = images[-1]
    more = [make_image(PatientName=NAME, StudyInstanceUID=last.StudyInstanceUID) for _ in "12"]
    more[0].SeriesInstanceUID = more[1].SeriesInstanceUID
    assert store(server, *map(encode, [*images, *more])).status == 200
    return [image.StudyInstanceUID for image in images]


def _uids(answer: requests.Response) -> list[str]:
    return [each["0020000D"]["Value"][0] for each in answer.json()]


def test_the_links_lead_through_all_pages(server: Server, studies: list[str]) -> None:
    found: list[str] = []
    url = f"{server.root}/studies?PatientName={NAME}&limit=3&includefield=PatientID"
    for _ in range(3):
        answer = requests.get(url, timeout=30)
        found += _uids(answer)
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        url = link[1] if link else ""
    assert (found, url) == (studies, "")


def test_a_link_replaces_the_offset(server: Server, studies: list[str]) -> None:
    answer = get(server, f"/studies?offset=2&PatientName={NAME}&limit=2")
    link = answer.headers["Link"].split(">")[0].lstrip("<")
    assert "offset=" not in link
    assert _uids(requests.get(link, timeout=30)) == studies[4:6]


@pytest.mark.parametrize(
    ("query", "total"),
    [("", "7"), ("&limit=3", "7"), ("&limit=3&offset=6", "7"), ("&offset=20", None)],
)
def test_the_total_is_told_where_it_is_known(
    server: Server, studies: list[str], query: str, total: str | None
) -> None:
    answer = get(server, f"/studies?PatientName={NAME}{query}")
    assert answer.headers.get("X-Total-Count") == total


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/studies/count?PatientName={name}", 7),
        ("/series/count?PatientName={name}", 8),
        ("/instances/count?PatientName={name}", 9),
        ("/instances/count?PatientName={name}&limit=1&offset=3", 9),
        ("/studies/{last}/series/count", 2),
        ("/studies/{last}/instances/count", 3),
        ("/studies/{last}/series/1.2.3/instances/count", 0),
        ("/studies/count?PatientName=nobody", 0),
        ("/studies/count?PatientName={name}&StudyDate=20200103-20200105", 3),
    ],
)
def test_counts(server: Server, studies: list[str], path: str, count: int) -> None:
    answer = get(server, path.format(name=NAME, last=studies[-1]), "application/json")
    assert (answer.status_code, answer.json()) == (200, {"count": count})


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/studies/count?limit=x", None, 400),
        ("/studies/count?StudyDate=never", None, 400),
        ("/studies/count", "image/png", 406),
        ("/studies/x/series/count", None, 400),
    ],
)
def test_a_count_that_is_wrong_is_refused(
    server: Server, path: str, accept: str | None, status: int
) -> None:
    answer = get(server, path, accept)
    assert (answer.status_code, bool(answer.json()["message"])) == (status, True)


def test_results_come_in_the_order_asked_for(server: Server, studies: list[str]) -> None:
    query = f"/studies?PatientName={NAME}&orderby="
    assert _uids(get(server, query + "StudyDate")) == studies[::-1]
    assert _uids(get(server, query + "-StudyDate")) == studies


@pytest.mark.parametrize("query", ["orderby=Nonsense", "orderby=Rows", "cursor=!!", "cursor=W10"])
def test_an_order_or_a_cursor_that_is_none_is_400(server: Server, query: str) -> None:
    answer = get(server, f"/studies?{query}")
    assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


@pytest.mark.parametrize(
    ("header", "coding"),
    [("gzip, deflate", "gzip"), ("gzip, zstd", "zstd"), ("gzip;q=0", ""), ("br", ""), ("", "")],
)
def test_long_results_are_compressed_for_who_takes_that(
    server: Server, studies: list[str], header: str, coding: str
) -> None:
    plain = get(server, f"/studies?PatientName={NAME}", **{"Accept-Encoding": "identity"}).content
    assert len(plain) > 2048
    answer = requests.get(
        f"{server.root}/studies?PatientName={NAME}",
        headers={"Accept-Encoding": header},
        stream=True,
        timeout=30,
    )
    assert answer.headers.get("Content-Encoding", "") == coding
    raw = answer.raw.read(decode_content=False)
    unpack = {"gzip": gzip.decompress, "zstd": zstandard.ZstdDecompressor().decompress}
    assert unpack.get(coding, lambda data: data)(raw) == plain


def test_short_results_are_not_compressed(server: Server) -> None:
    answer = get(server, "/studies?PatientID=nobody", **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


@pytest.fixture(scope="module")
def umlaut(server: Server) -> str:
    image = make_image(PatientName="Müller^Jörg", SpecificCharacterSet="ISO_IR 192")
    store(server, encode(image))
    return f"/studies?StudyInstanceUID={image.StudyInstanceUID}"


@pytest.mark.parametrize(
    ("parameter", "headers", "charset"),
    [
        ("&charset=ISO_IR%20100", {}, "iso-8859-1"),
        ("", {"Accept-Charset": "iso-8859-1, utf-8;q=0.5"}, "iso-8859-1"),
        ("&charset=unheard-of", {}, ""),
        ("&charset=utf-8", {"Accept-Charset": "iso-8859-1"}, ""),
    ],
)
def test_text_comes_in_the_character_set_asked_for(
    server: Server, umlaut: str, parameter: str, headers: dict[str, str], charset: str
) -> None:
    answer = get(server, umlaut + parameter, "application/dicom+json", **headers)
    assert "Müller^Jörg".encode(charset or "utf-8") in answer.content
    assert answer.headers["Content-Type"].endswith(f"; charset={charset}") is bool(charset)


def test_a_character_set_without_the_characters_is_406_in_json(server: Server, umlaut: str) -> None:
    answer = get(server, f"{umlaut}&charset=iso-8859-5")
    assert (answer.status_code, "charset" in answer.json()["message"]) == (406, True)


def test_xml_says_its_character_set(server: Server, umlaut: str) -> None:
    accept = 'multipart/related; type="application/dicom+xml"'
    ((headers, body),) = parts(get(server, f"{umlaut}&charset=iso-8859-1", accept))
    assert headers["content-type"] == "application/dicom+xml; charset=iso-8859-1"
    assert "Müller".encode("latin-1") in body
    assert b'encoding="ISO-8859-1"' in body


def test_a_range_of_times_may_pass_midnight_only_with_dates(
    server: Server, studies: list[str]
) -> None:
    dates = f"PatientName={NAME}&StudyDate=20200102-20200103"
    assert len(get(server, f"/studies?{dates}&StudyTime=2359-0304").json()) == 1
    assert get(server, "/studies?StudyTime=2359-0001").status_code == 400


def test_warnings_cannot_break_the_header(server: Server) -> None:
    answer = get(server, "/studies?" + quote("no\r\nX-Evil: 1") + "=1&limit=1")
    assert (answer.status_code, "X-Evil" in answer.headers) == (200, False)
