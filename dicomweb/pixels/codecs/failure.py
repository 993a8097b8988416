"""The one way in which a stored frame fails to decode: a sentence for the person who asked."""

from dicomweb.errors import NotAcceptable


def undecodable(why: str) -> NotAcceptable:
    """What is stored is broken or beyond this server; `why` has no full stop."""
    return NotAcceptable(f"The stored frame cannot be decoded: {why}.")
