"""The address under which a client sees this server: what goes into every URL of an answer."""

from functools import lru_cache

from starlette.types import Scope

from dicomweb.settings import Settings
from dicomweb.wire.forwarded import base_url, is_trusted, parse_networks
from dicomweb.wire.header_values import MAX_ELEMENTS, elements, unquoted_list

_NAMED = frozenset(
    {
        b"host",
        b"forwarded",
        b"x-forwarded-proto",
        b"x-forwarded-scheme",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-for",
    }
)

_FOR = frozenset({b"forwarded", b"x-forwarded-for"})
_LONGEST = 8192


class Addresses:
    """The service root as the client of a request knows it; `Forwarded` counts from whom we trust.

    PS3.18 8.6.1.2 wants URLs that the client can use, whatever stands between it and us.
    """

    def __init__(self, settings: Settings, service: str) -> None:
        networks = parse_networks(",".join(settings.trusted_proxies))

        @lru_cache(maxsize=256)
        def origin(
            headers: tuple[tuple[bytes, bytes], ...],
            client: str,
            scheme: str,
            server: str,
            path: str,
        ) -> str:
            named = {name.decode(): value.decode("latin-1") for name, value in headers}
            if named.keys() == {"host"}:
                named["host"] = _with_port(named["host"], server)
            return base_url(
                named,
                client=client,
                scheme=scheme,
                server=server,
                root_path=path,
                trusted=networks,
                public_url=settings.public_url,
            )

        self._origin = origin
        self._service = service
        self._networks = networks

    def origin(self, scope: Scope) -> str:
        """`https://archive.example/prefix`, without a final slash."""
        headers = tuple(pair for pair in scope["headers"] if pair[0] in _NAMED)
        host, port = scope.get("server") or ("127.0.0.1", None)
        client = scope.get("client")
        return self._origin(
            headers,
            client[0] if client else "",
            scope["scheme"],
            f"{host}:{port}" if port else str(host),
            scope.get("root_path", ""),
        )

    def root(self, scope: Scope) -> str:
        """The DICOMweb service root: `https://archive.example/dicom-web`."""
        return self.origin(scope) + self._service

    def is_trusted(self, scope: Scope) -> bool:
        """Whether the peer is a proxy whose headers count."""
        client = scope.get("client")
        return is_trusted(client[0] if client else "", self._networks)

    def client(self, scope: Scope) -> str:
        """The address of the client: the peer's, or the one that the outermost trusted proxy saw.

        Each trusted proxy vouches for the address to its left, the first that is none is the one.
        """
        peer = scope.get("client")
        address = peer[0] if peer else ""
        if not is_trusted(address, self._networks):
            return address
        for before in reversed(_passed_on(scope)):
            address = before
            if not is_trusted(before, self._networks):
                break
        return _without_port(address)


def _passed_on(scope: Scope) -> list[str]:
    """The addresses of `X-Forwarded-For`, or else of `Forwarded` (RFC 7239 5.2), in their order.

    Most proxies write the first and pass on whatever a client has put into the second: what counts
    failed logins, and stands in the audit trail, must not be the client's to choose.
    """
    named = [(name, value.decode("latin-1")) for name, value in scope["headers"] if name in _FOR]
    if sum(len(value) for _, value in named) > _LONGEST:
        return []  # nobody's proxies are so many
    listed = ",".join(value for name, value in named if name == b"x-forwarded-for")
    if found := unquoted_list(listed):
        return found
    forwarded = ",".join(value for name, value in named if name == b"forwarded")
    if forwarded.count(",") >= MAX_ELEMENTS:
        return []
    pairs = ({name.lower(): value for name, value in each} for each in elements(forwarded))
    return [value for each in pairs if (value := each.get("for"))]


def _without_port(address: str) -> str:
    """`203.0.113.7`, `2001:db8::1`; whatever else stands there, cut short."""
    if address.startswith("["):
        return address[1:].partition("]")[0][:64]
    return (address.partition(":")[0] if address.count(":") == 1 else address)[:64]


def _with_port(host: str, server: str) -> str:
    """The port of the connection for a Host that forgets it, as dicomweb-client's does.

    Only where the name is that of this very socket: any other name may be that of a proxy.
    """
    address, _, port = server.rpartition(":")
    same = host == address or (host == "localhost" and address in ("127.0.0.1", "::1"))
    return f"{host}:{port}" if same and port not in ("", "80", "443") else host
