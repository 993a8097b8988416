"""Which compression an answer may have: Accept-Encoding (RFC 9110 12.5.3)."""

from functools import lru_cache

from dicomweb.errors import NotAcceptable
from dicomweb.wire.header_values import MAX_HEADER_LENGTH, elements, quality

IDENTITY = "identity"
OFFERED = ("zstd", "gzip")

_ALIASES = {"x-gzip": "gzip"}


def choose_coding(header: str | None, offered: tuple[str, ...] = OFFERED) -> str:
    """The coding to answer with: one of `offered`, the preferred first, or `identity`.

    A coding is used where the client wants it at least as much as the plain bytes. Without the
    header, nothing is compressed. NotAcceptable when everything is forbidden, identity too.
    """
    if not header or len(header) > MAX_HEADER_LENGTH:
        return IDENTITY
    choice = _choose(header, offered)
    if choice is None:
        raise NotAcceptable(
            f"Accept-Encoding forbids every coding. Available: {', '.join((*offered, IDENTITY))}."
        )
    return choice


@lru_cache(maxsize=256)
def _choose(header: str, offered: tuple[str, ...]) -> str | None:
    weights: dict[str, float] = {}
    for (name, _), *parameters in elements(header):
        q = quality(next((value for key, value in parameters if key.lower() == "q"), "1"))
        if q is not None:
            coding = name.lower()
            weights.setdefault(_ALIASES.get(coding, coding), q)
    rest = weights.get("*", 0.0)
    best = max(offered, key=lambda coding: weights.get(coding, rest), default=IDENTITY)
    weight = weights.get(best, rest)
    plain = weights.get(IDENTITY)
    if weight > 0 and weight >= (plain or 0.0):
        return best
    # Identity is always acceptable unless it is excluded, by its name or by `*;q=0`.
    forbidden = plain == 0 or (plain is None and weights.get("*") == 0)
    return None if forbidden else IDENTITY
