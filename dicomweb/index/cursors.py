"""Cursors of result lists: where the last page ended, as the client hands it back."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from dicomweb.errors import BadRequest
from dicomweb.index.selects import Key


def packed(values: Sequence[Any]) -> str:
    """The order's values of the last row, as URL-safe text."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def unpacked(cursor: str, order: Sequence[Key]) -> dict[str, Any]:
    """The parameters `c0`, `c1`, … of a cursor that belongs to this order.

    Raises BadRequest for what `packed` has not made.
    """
    try:
        padding = "=" * (-len(cursor) % 4)
        values = orjson.loads(base64.urlsafe_b64decode(cursor + padding))
    except (binascii.Error, ValueError):
        values = None
    types = [str if isinstance(column.type, sa.Text) else int for column, _ in order]
    if not (isinstance(values, list) and [type(value) for value in values] == types):
        raise BadRequest("cursor: take it from the link to the next page of the same search.")
    return {f"c{place}": value for place, value in enumerate(values)}
