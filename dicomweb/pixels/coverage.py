"""Which characters a TrueType face has: its `cmap` table (ISO/IEC 14496-22, 5.2.1), read."""

from struct import iter_unpack, unpack_from


def coverage(face: bytes) -> frozenset[int]:
    """The code points of its Unicode tables, of formats 4 and 12, that have a glyph."""
    found: set[int] = set()
    cmap = _table(face, b"cmap")
    (count,) = unpack_from(">H", face, cmap + 2)
    places = {unpack_from(">I", face, cmap + 8 + 8 * number)[0] for number in range(count)}
    for place in places:
        (kind,) = unpack_from(">H", face, cmap + place)
        if kind == 4:
            found |= _segments(face, cmap + place)
        elif kind == 12:
            found |= _groups(face, cmap + place)
    return frozenset(found)


def _table(face: bytes, name: bytes) -> int:
    (count,) = unpack_from(">H", face, 4)
    for tag, _, offset, _ in iter_unpack(">4sIII", face[12 : 12 + 16 * count]):
        if tag == name:
            return int(offset)
    raise ValueError("The face has no such table.")


def _segments(face: bytes, at: int) -> set[int]:
    """Format 4: segments of the first plane."""
    (doubled,) = unpack_from(">H", face, at + 6)
    count = doubled // 2
    ends = unpack_from(f">{count}H", face, at + 14)
    starts = unpack_from(f">{count}H", face, at + 16 + doubled)
    deltas = unpack_from(f">{count}h", face, at + 16 + 2 * doubled)
    ranges = at + 16 + 3 * doubled
    offsets = unpack_from(f">{count}H", face, ranges)
    found = set()
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code + deltas[number]
            if offsets[number]:
                place = ranges + 2 * number + offsets[number] + 2 * (code - start)
                (glyph,) = unpack_from(">H", face, place)
            if glyph & 0xFFFF:
                found.add(code)
    return found


def _groups(face: bytes, at: int) -> set[int]:
    """Format 12: groups of all planes."""
    (count,) = unpack_from(">I", face, at + 12)
    groups = iter_unpack(">III", face[at + 16 : at + 16 + 12 * count])
    return {
        code
        for start, end, glyph in groups
        for code in range(start, end + 1)
        if glyph + code - start
    }
