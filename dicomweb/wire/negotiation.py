"""Choosing what to answer with: the selection algorithm of PS3.18 8.7.8.1 and 8.7.8.2.

A service says what it can give as `Offers`, the best first (`offers.py` makes those of every
resource); `negotiate` says which of them the client gets. The rules, some learnt from clients:

- the `accept` parameter wins over the header, even where the two contradict (OHIF's thumbnails);
- each offer has the q of the most specific range that fits it (RFC 9110 12.5.1), 0 forbids it;
- without a `transfer-syntax` a range means the default of its media type, `*` means any;
- among equals, what is stored goes out as it is if its syntax was asked for by name or by `*`, in
  its own media type rather than as octet-stream; then the order of the offers decides;
- members that do not fit the resource are passed over, whatever they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from dicomweb.errors import BadRequest, NotAcceptable
from dicomweb.wire.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    MAX_CACHED_LENGTH,
    RELATED,
    MediaRange,
    content_type,
    media_type_of,
    parse_accept,
    spelling,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One form in which a resource can be given.

    `default` is the syntax given when the client names none (empty: then this offer is not for it),
    `stored` the one that needs no transcoding. All three are empty where syntaxes play no part.
    """

    media_type: str
    inner: str = ""
    transfer_syntaxes: tuple[str, ...] = ()
    default: str = ""
    stored: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """What a resource can be given as, the preferred first; compared by identity: make it once."""

    items: tuple[Offer, ...]
    _by_type: dict[tuple[str, str], list[int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_type: dict[tuple[str, str], list[int]] = {}
        for index, offer in enumerate(self.items):
            by_type.setdefault((offer.media_type, offer.inner), []).append(index)
        object.__setattr__(self, "_by_type", by_type)

    def fitting(self, accepted: MediaRange) -> tuple[int, Iterable[int]]:
        """How specific the range is, 0 to 4, and the offers that it fits."""
        name, inner = accepted.name, accepted.inner
        if name == "*/*":
            return 0, range(len(self.items))
        if name.endswith("/*"):
            return 1, self._in_family(name, "")
        if inner == "*/*":
            return 2, self._in_family(name, "")
        if inner.endswith("/*"):
            return 3, self._in_family(name, inner)
        return 4, self._by_type.get((name, inner), ())

    def _in_family(self, name: str, inner: str) -> list[int]:
        """The offers of `image/*`, or of `multipart/related`, any or with parts of `image/*`."""
        return [
            index
            for index, offer in enumerate(self.items)
            if (offer.media_type == name or offer.media_type.startswith(name.removesuffix("*")))
            and offer.inner.startswith(inner.removesuffix("*"))
        ]

    def listing(self) -> str:
        """The offers for the person who asked for something else (PS3.18 8.5)."""
        return ", ".join(
            content_type(offer.media_type, offer.inner)
            + (f" (transfer-syntax {', '.join(offer.transfer_syntaxes)})" * bool(offer.stored))
            for offer in self.items
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What to answer with; `transfer_syntax` is a UID, empty where syntaxes play no part."""

    media_type: str
    inner: str = ""
    transfer_syntax: str = ""
    charset: str = ""

    @property
    def multipart(self) -> bool:
        return self.media_type == RELATED

    @property
    def payload_type(self) -> str:
        """The media type of one representation, whether it is a part or the whole answer."""
        return self.inner or self.media_type

    @property
    def part_type(self) -> str:
        """The Content-Type of one part, or of the answer when it is single (PS3.18 8.7.9)."""
        if not self.transfer_syntax:
            return spelling(self.payload_type)
        return f"{spelling(self.payload_type)}; transfer-syntax={self.transfer_syntax}"


def negotiate(accept: str | None, parameter: str | None, offers: Offers) -> Choice:
    """The best of `offers` for an Accept header and an `accept` parameter (None when not sent).

    Without either anything is acceptable. NotAcceptable, with a list of what there is, when nothing
    fits; BadRequest when one list asks for DICOM and for rendered media types (PS3.18 8.7.5).
    """
    choice = find_choice(accept, parameter, offers)
    if choice is None:
        raise NotAcceptable(
            f"None of the media types asked for can be given here. Available: {offers.listing()}."
        )
    return choice


def negotiate_each(
    accept: str | None, parameter: str | None, offers: Sequence[Offers]
) -> list[Choice | None]:
    """One choice for each item of an answer made of several; None for an item that cannot be given.

    All choices share one media type, that of the first item that can be given, so that they fit
    into one multipart or one ZIP; what is inside may differ (PS3.18 8.7.8.1, "for each part").
    NotAcceptable when no item can be given.
    """
    choices: list[Choice | None] = []
    shared = ""
    for each in offers:
        choice = find_choice(accept, parameter, each)
        if choice and shared and choice.media_type != shared:
            choice = find_choice(accept, parameter, _restricted(each, shared))
        if choice:
            shared = choice.media_type
        choices.append(choice)
    if not shared and offers:
        negotiate(accept, parameter, offers[0])
    return choices


def find_choice(accept: str | None, parameter: str | None, offers: Offers) -> Choice | None:
    """As `negotiate`, but None where nothing fits."""
    if len(accept or "") + len(parameter or "") > MAX_CACHED_LENGTH:
        return _find_choice(accept, parameter, offers)
    return _find_choice_cached(accept, parameter, offers)


def _find_choice(accept: str | None, parameter: str | None, offers: Offers) -> Choice | None:
    if parameter:
        choice = _select(parse_accept(parameter), offers)
        if choice or accept is None:
            return choice
    return _select(parse_accept(accept or "*/*"), offers)


_find_choice_cached = lru_cache(maxsize=2048)(_find_choice)


@lru_cache(maxsize=256)
def _restricted(offers: Offers, media_type: str) -> Offers:
    return Offers(tuple(offer for offer in offers.items if offer.media_type == media_type))


def _select(ranges: tuple[MediaRange, ...], offers: Offers) -> Choice | None:
    _refuse_mixture(ranges)
    # For each offer and syntax: the specificity that decided its q, then its rank, lowest first.
    decided: dict[tuple[int, str], tuple[int, tuple[float, int, int, int], MediaRange]] = {}
    for accepted in ranges:
        level, indexes = offers.fitting(accepted)
        named = accepted.transfer_syntax
        for index in indexes:
            offer = offers.items[index]
            for order, syntax in enumerate(_syntaxes(offer, named)):
                specificity = level * 4 + _precision(named)
                before = decided.get((index, syntax))
                if before is None or specificity > before[0]:
                    rank = (-accepted.q, _cost(offer, syntax, named), index, order)
                    decided[index, syntax] = specificity, rank, accepted
    allowed = [(rank, key, by) for key, (_, rank, by) in decided.items() if by.q > 0]
    if not allowed:
        return None
    _, (index, syntax), accepted = min(allowed, key=lambda each: each[0])
    offer = offers.items[index]
    return Choice(offer.media_type, offer.inner, syntax, accepted.charset)


def _syntaxes(offer: Offer, named: str) -> tuple[str, ...]:
    """The syntaxes of an offer that a `transfer-syntax` parameter selects (PS3.18 8.7.8.2)."""
    if not offer.transfer_syntaxes:
        return ("",)  # PS3.18 8.7.4: rendered types have none; one that is sent is passed over
    if named == "*":
        return offer.transfer_syntaxes
    syntax = named or offer.default
    return (syntax,) if syntax in offer.transfer_syntaxes else ()


def _precision(named: str) -> int:
    """How specific a `transfer-syntax` is: `*`, then none, which means the default, then a UID."""
    if named == "*":
        return 0
    return 2 if named else 1


def _cost(offer: Offer, syntax: str, named: str) -> int:
    """0: as stored, in its own media type. 1: as stored, as octet-stream. 2: anything else."""
    if not named or not syntax or syntax != offer.stored:
        return 2
    payload = offer.inner or offer.media_type
    return 0 if payload == DICOM or payload == media_type_of(syntax) else 1


_DICOM_ONLY = frozenset({DICOM, DICOM_JSON, DICOM_XML})
_RENDERED_ONLY = frozenset({"image/gif", "image/png", "text/html", "text/plain", "text/rtf"})


def _refuse_mixture(ranges: tuple[MediaRange, ...]) -> None:
    """BadRequest when DICOM and rendered types are asked for side by side (PS3.18 8.3.3.1, 8.7.5).

    Only what can be nothing else counts, and `*/*` excuses everything: browsers and general HTTP
    libraries send `text/html` and `text/plain` with whatever they ask for.
    """
    names = {accepted.name for accepted in ranges}
    if not names.isdisjoint(_DICOM_ONLY) and not names.isdisjoint(_RENDERED_ONLY):
        if "*/*" in names:
            return
        raise BadRequest(
            "DICOM and rendered media types cannot be mixed in one request: ask for one of the two."
        )
