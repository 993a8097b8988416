"""The URL by which the client reached us: what BulkDataURIs and Retrieve URLs begin with.

Behind a proxy it stands in `Forwarded` (RFC 7239) or `X-Forwarded-*`, which anybody can send: they
count only when the peer is a proxy that we trust, and then only what trusted proxies have added,
which is the right-hand end of each list.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from dicomweb.errors import BadRequest
from dicomweb.wire.header_values import MAX_HEADER_LENGTH, elements, unquoted_list

Networks = tuple[IPv4Network | IPv6Network, ...]

MAX_HOST_LENGTH = 255

# RFC 3986 3.2.2 without percent-encoding, and underscores, which container networks have.
_HOST = re.compile(
    r"([A-Za-z0-9_](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII
)
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~!$&()*+,;=:@%-]+)*", re.ASCII)
_DOTS = re.compile(r"/\.{1,2}(?:/|$)")
_X_FORWARDED = tuple(
    f"x-forwarded-{name}" for name in ("proto", "scheme", "host", "port", "prefix")
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class _Origin(NamedTuple):
    """What is known of the client's URL, empty where unknown."""

    scheme: str = ""
    host: str = ""
    port: str = ""
    prefix: str = ""


def parse_networks(text: str) -> Networks:
    """Comma-separated addresses and networks, `*` for all. ValueError with a sentence."""
    networks: list[IPv4Network | IPv6Network] = []
    for member in unquoted_list(text):
        if member == "*":
            networks += [ip_network("0.0.0.0/0"), ip_network("::/0")]
            continue
        try:
            networks.append(ip_network(member, strict=False))
        except ValueError:
            raise ValueError(f"{member!r} is no IP address or network, as in 10.0.0.0/8.") from None
    return tuple(networks)


LOOPBACK = parse_networks("127.0.0.0/8, ::1")


def parse_public_url(text: str) -> str:
    """A configured public URL without its final slash. ValueError with a sentence."""
    scheme, separator, rest = text.strip().partition("://")
    host, _, path = rest.partition("/")
    prefix = _clean_prefix(path and "/" + path)
    if scheme not in _DEFAULT_PORTS or not separator or not _is_host(host) or prefix is None:
        raise ValueError(f"{text!r} is no URL, as in https://pacs.example.org/imaging.")
    return f"{scheme}://{host}{prefix}"


def base_url(
    headers: Mapping[str, str],
    *,
    client: str,
    scheme: str = "http",
    server: str = "127.0.0.1",
    root_path: str = "",
    trusted: Networks = LOOPBACK,
    public_url: str = "",
) -> str:
    """Scheme, host, port and prefix by which the client reached us, without a final slash.

    `headers` have lower-case names. `client` is the peer's address, empty for a Unix socket, which
    is trusted; `scheme`, `server` (host and port, for HTTP/1.0 without Host) and `root_path` are
    those of the connection. A `public_url` wins over everything. BadRequest for a malformed Host.
    """
    if public_url:
        return public_url
    seen = _forwarded(headers, trusted) if is_trusted(client, trusted) else _Origin()
    host = seen.host or headers.get("host", "") or server
    if not _is_host(host):
        raise BadRequest(
            "The Host header is malformed: a name or an address, and a port, are right."
        )
    return _join(seen.scheme or scheme, host, seen.port, seen.prefix or root_path)


@lru_cache(maxsize=1024)
def is_trusted(address: str, trusted: Networks) -> bool:
    """Whether an address, perhaps with a port, lies in one of the networks; the empty one does."""
    if not address:
        return True
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in trusted)


@lru_cache(maxsize=256)
def _join(scheme: str, host: str, port: str, prefix: str) -> str:
    name, colon, own_port = host.rpartition(":")
    if not colon or own_port.endswith("]"):
        # A proxy that ends TLS may say 80 all the same: the scheme knows better.
        name, own_port = host, "" if port in _DEFAULT_PORTS.values() else port
    if not own_port or own_port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{name}{prefix.rstrip('/')}"
    return f"{scheme}://{name}:{own_port}{prefix.rstrip('/')}"


def _forwarded(headers: Mapping[str, str], trusted: Networks) -> _Origin:
    forwarded = headers.get("forwarded", "")
    if forwarded and len(forwarded) <= MAX_HEADER_LENGTH:
        return _from_forwarded(forwarded, trusted)
    if any(name in headers for name in _X_FORWARDED):
        return _from_x_forwarded(headers, trusted)
    return _Origin()


def _from_forwarded(header: str, trusted: Networks) -> _Origin:
    """The leftmost element that a trusted proxy added: each vouches for the one to its left."""
    chosen: dict[str, str] = {}
    for pairs in reversed(elements(header)):
        chosen = {name.lower(): value for name, value in pairs if value is not None}
        if not chosen.get("for") or not is_trusted(chosen["for"], trusted):
            break
    return _checked(chosen.get("proto", ""), chosen.get("host", ""), "", "")


def _from_x_forwarded(headers: Mapping[str, str], trusted: Networks) -> _Origin:
    """The value of each list that the outermost trusted proxy added, or set.

    The trusted addresses at the end of X-Forwarded-For say how many proxies there are; one that
    replaces a list instead of adding to it leaves fewer values than that.
    """
    hops = 1
    for address in reversed(unquoted_list(headers.get("x-forwarded-for", ""))):
        if not is_trusted(address, trusted):
            break
        hops += 1

    def pick(name: str) -> str:
        values = unquoted_list(headers.get(f"x-forwarded-{name}", ""))
        return values[-min(hops, len(values))] if values else ""

    scheme = pick("proto") or pick("scheme")
    return _checked(scheme, pick("host"), pick("port"), pick("prefix"))


def _checked(scheme: str, host: str, port: str, prefix: str) -> _Origin:
    """What is well formed of it; the rest counts as not sent."""
    return _Origin(
        scheme.lower() if scheme.lower() in _DEFAULT_PORTS else "",
        host if _is_host(host) else "",
        port if port.isascii() and port.isdigit() and len(port) <= 5 else "",
        _clean_prefix(prefix) or "",
    )


def _is_host(host: str) -> bool:
    return len(host) <= MAX_HOST_LENGTH and _HOST.fullmatch(host) is not None


def _clean_prefix(path: str) -> str | None:
    """A path without its final slash; None when it is none, or goes up."""
    path = path.rstrip("/")
    return path if _PREFIX.fullmatch(path) and not _DOTS.search(path) else None
