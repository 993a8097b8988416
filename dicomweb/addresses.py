"""The address under which a client sees this server: what goes into every URL of an answer."""

from functools import lru_cache

from starlette.types import Scope

from dicomweb.settings import Settings
from dicomweb.wire.forwarded import base_url, parse_networks

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


def _with_port(host: str, server: str) -> str:
    """The port of the connection for a Host that forgets it, as dicomweb-client's does.

    Only where the name is that of this very socket: any other name may be that of a proxy.
    """
    address, _, port = server.rpartition(":")
    same = host == address or (host == "localhost" and address in ("127.0.0.1", "::1"))
    return f"{host}:{port}" if same and port not in ("", "80", "443") else host
