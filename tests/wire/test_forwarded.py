"""The URL by which the client reached us: proxies, prefixes, spoofing and injection."""

from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import BadRequest
from dicomweb.wire.forwarded import base_url, is_trusted, parse_networks, parse_public_url

PROXIES = parse_networks("10.0.0.0/8, 127.0.0.1, ::1")


def seen(client: str = "10.0.0.1", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return base_url(named, client=client, server="127.0.0.1:8080", trusted=PROXIES)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"host": "pacs.example.org"}, "http://pacs.example.org"),
        ({"host": "pacs:8080"}, "http://pacs:8080"),
        ({"host": "pacs:80"}, "http://pacs"),
        ({"host": "[::1]:8080"}, "http://[::1]:8080"),
        ({"host": "[::1]"}, "http://[::1]"),
        ({"host": "my_service:1"}, "http://my_service:1"),
        ({}, "http://127.0.0.1:8080"),
        ({"host": "a", "x_forwarded_proto": "https"}, "https://a"),
        ({"host": "a:443", "x_forwarded_proto": "HTTPS"}, "https://a"),
        (
            {"host": "a", "x_forwarded_host": "b:8443", "x_forwarded_proto": "https"},
            "https://b:8443",
        ),
        ({"host": "a", "x_forwarded_port": "8443", "x_forwarded_proto": "https"}, "https://a:8443"),
        ({"host": "a", "x_forwarded_port": "80", "x_forwarded_proto": "https"}, "https://a"),
        ({"host": "a", "x_forwarded_prefix": "/pacs/"}, "http://a/pacs"),
        ({"host": "a", "x_forwarded_scheme": "https"}, "https://a"),
        ({"host": "a", "forwarded": 'proto=https;host="b:8443";for=1.2.3.4'}, "https://b:8443"),
        ({"host": "a", "forwarded": "For=1.2.3.4;Proto=HTTPS"}, "https://a"),
        ({"host": "a", "forwarded": "host=b", "x_forwarded_host": "c"}, "http://b"),
        # Two proxies of ours: the outer one saw the client.
        (
            {"host": "a", "forwarded": "for=8.8.8.8;host=b;proto=https, for=10.9.9.9;host=a"},
            "https://b",
        ),
        (
            {"host": "a", "x_forwarded_for": "8.8.8.8, 10.9.9.9", "x_forwarded_host": "b, inner"},
            "http://b",
        ),
        (
            {"host": "a", "x_forwarded_for": "8.8.8.8, 10.9.9.9", "x_forwarded_host": "b"},
            "http://b",
        ),
        # A client that sends such headers itself, through a proxy that adds to them.
        ({"host": "a", "forwarded": "for=x;host=evil, for=8.8.8.8;host=b"}, "http://b"),
        (
            {"host": "a", "x_forwarded_for": "10.0.0.9, 8.8.8.8", "x_forwarded_host": "evil, b"},
            "http://b",
        ),
        # What is malformed counts as not sent.
        (
            {"host": "a", "x_forwarded_host": "b/evil", "x_forwarded_proto": "javascript"},
            "http://a",
        ),
        ({"host": "a", "x_forwarded_prefix": "/x/../y"}, "http://a"),
        ({"host": "a", "x_forwarded_prefix": "//evil"}, "http://a"),
        ({"host": "a", "x_forwarded_prefix": '/x"y'}, "http://a"),
        ({"host": "a", "x_forwarded_port": "99999999", "x_forwarded_proto": "https"}, "https://a"),
        ({"host": "a", "forwarded": 'host="b'}, "http://a"),
    ],
)
def test_the_url_behind_a_trusted_proxy(headers: dict[str, str], expected: str) -> None:
    assert seen(**headers) == expected


@pytest.mark.parametrize("client", ["8.8.8.8", "2001:db8::1", "nonsense", "10.0.0.1.evil"])
def test_a_stranger_is_not_believed(client: str) -> None:
    assert (
        seen(client, host="a", x_forwarded_host="b", forwarded="host=c;proto=https") == "http://a"
    )


@pytest.mark.parametrize(
    "client", ["", "10.1.2.3", "::ffff:10.1.2.3", "[::1]:5000", "10.1.2.3:5000"]
)
def test_a_trusted_peer_is_known_in_every_spelling(client: str) -> None:
    assert is_trusted(client, PROXIES)


@pytest.mark.parametrize(
    "host", ["a b", "a/b", 'a"b', "a:b", "a@b", "é", "", ":80", "a\r\nX: y", "[::1", "a" * 300]
)
def test_a_malformed_host_is_refused(host: str) -> None:
    if host:
        with pytest.raises(BadRequest, match="Host"):
            seen(host=host)
    else:
        assert seen(host=host) == "http://127.0.0.1:8080"


def test_a_public_url_wins() -> None:
    url = parse_public_url("https://pacs.example.org/imaging/")
    assert url == "https://pacs.example.org/imaging"
    assert base_url({"host": "a b"}, client="8.8.8.8", public_url=url) == url


def test_a_root_path_is_part_of_it_unless_the_proxy_says_another() -> None:
    assert base_url({"host": "a"}, client="8.8.8.8", root_path="/x") == "http://a/x"
    headers = {"host": "a", "x-forwarded-prefix": "/y"}
    assert base_url(headers, client="127.0.0.1", root_path="/x") == "http://a/y"


@pytest.mark.parametrize(
    "text", ["pacs", "ftp://a", "https://", "https://a b", "https://a/../b", 'https://a/"']
)
def test_a_wrong_public_url_says_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"as in https://"):
        parse_public_url(text)


def test_networks_are_read() -> None:
    assert parse_networks("10.1.2.3/8, ::1") == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert is_trusted("8.8.8.8", parse_networks("*"))
    assert not is_trusted("8.8.8.8", parse_networks(""))
    with pytest.raises(ValueError, match="is no IP address"):
        parse_networks("localhost")


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(
        ["host", "forwarded", "x-forwarded-host", "x-forwarded-prefix", "x-forwarded-for"]
    ),
    value=st.text('ab./:[]@"\\;,= \r\n\x01<é%', max_size=25),
)
def test_no_header_puts_anything_strange_into_the_url(name: str, value: str) -> None:
    headers = {"host": "a", "x-forwarded-proto": "https", name: value}
    try:
        url = base_url(headers, client="127.0.0.1")
    except BadRequest:
        assert name == "host"
    else:
        assert url.isascii()
        assert url.isprintable()
        assert not set(url) & set(' "\\<>')
        assert url.count("//") == 1
