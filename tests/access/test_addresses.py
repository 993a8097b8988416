"""Where a request comes from, as far as the proxies that we trust tell it."""

import pytest

from dicomweb.addresses import Addresses
from dicomweb.settings import Settings

PROXY, CLIENT = "10.0.0.1", "203.0.113.7"


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        (CLIENT, {}, CLIENT),
        (PROXY, {}, PROXY),
        (PROXY, {"x-forwarded-for": CLIENT}, CLIENT),
        (CLIENT, {"x-forwarded-for": "198.51.100.1"}, CLIENT),
        (PROXY, {"x-forwarded-for": f"198.51.100.1, {CLIENT}"}, CLIENT),
        (PROXY, {"x-forwarded-for": f"198.51.100.1, {CLIENT}, 10.0.0.2"}, CLIENT),
        (PROXY, {"x-forwarded-for": "10.0.0.3, 10.0.0.2"}, "10.0.0.3"),
        (PROXY, {"x-forwarded-for": f"{CLIENT}:4711"}, CLIENT),
        (PROXY, {"forwarded": f"for={CLIENT};proto=https"}, CLIENT),
        (PROXY, {"forwarded": 'for=x, For="[2001:db8::1]:4711"'}, "2001:db8::1"),
        (PROXY, {"forwarded": "for=198.51.100.1", "x-forwarded-for": CLIENT}, CLIENT),
        (PROXY, {"x-forwarded-for": "garbage"}, "garbage"),
        (PROXY, {"x-forwarded-for": "1.1.1.1," * 5000 + CLIENT}, PROXY),
        (PROXY, {"forwarded": "for=1.1.1.1," * 200 + f"for={CLIENT}"}, PROXY),
    ],
)
def test_the_outermost_trusted_proxy_says_who_asks(
    peer: str, headers: dict[str, str], client: str
) -> None:
    addresses = Addresses(Settings(trusted_proxies=("10.0.0.0/8",)), "/dicom-web")
    scope = {
        "client": (peer, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    assert addresses.client(scope) == client
