"""Words on a rendered image: the patient and the technique (PS3.18 8.3.5.1.1)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata, number, text, value
from dicomweb.pixels.lettering import line_height, typeface, write
from dicomweb.pixels.options import Window

Picture = NDArray[np.uint8]

SMALLEST, LARGEST = 9, 40
# A line longer than this is somebody's novel in Series Description.
MAX_LETTERS = 96


def annotate(
    picture: Picture,
    metadata: Metadata,
    wanted: Iterable[str],
    frame_number: int = 1,
    window: Window | None = None,
) -> Picture:
    """A copy with the patient at the top left and the technique at the bottom left.

    `window` is the one that the picture was painted with, where it was.
    """
    wanted = tuple(wanted)
    if not wanted:
        return picture
    from PIL import Image, ImageDraw

    image = Image.fromarray(np.ascontiguousarray(picture)).copy()
    draw = ImageDraw.Draw(image)
    if "patient" in wanted:
        _put(draw, patient_lines(metadata), image.size, top=True)
    if "technique" in wanted:
        _put(draw, technique_lines(metadata, frame_number, window), image.size, top=False)
    return np.asarray(image)


def patient_lines(metadata: Metadata) -> list[str]:
    """Who it is: name, identifier, birth date and sex, institution, accession, date."""
    lines = [
        person_name(value(metadata, "00100010")),
        _labelled("ID", text(metadata, "00100020")),
        "  ".join(filter(None, (_date(metadata, "00100030"), text(metadata, "00100040")))),
        text(metadata, "00080080"),
        _labelled("Acc", text(metadata, "00080050")),
        " ".join(filter(None, (_date(metadata, "00080020"), _time(metadata, "00080030")))),
    ]
    return [line[:MAX_LETTERS] for line in lines if line]


def technique_lines(
    metadata: Metadata, frame_number: int = 1, window: Window | None = None
) -> list[str]:
    """How it was made: modality, series, exposure or sequence, slice, window."""
    numbered = "  ".join(
        _labelled(label, text(metadata, tag))
        for label, tag in (("Se", "00200011"), ("Im", "00200013"))
        if text(metadata, tag)
    )
    frames = text(metadata, "00280008")
    lines = [
        " ".join(filter(None, (text(metadata, "00080060"), text(metadata, "0008103E")))),
        numbered,
        f"Frame {frame_number}/{frames}" if frames not in ("", "1") else "",
        _measured(
            metadata, (("", "00180060", "kV"), ("", "00181151", "mA"), ("", "00181152", "mAs"))
        ),
        _measured(metadata, (("TR ", "00180080", "ms"), ("TE ", "00180081", "ms"))),
        _measured(metadata, (("T ", "00180050", "mm"), ("L ", "00201041", "mm"))),
        f"W {window.width:g}  C {window.center:g}" if window else "",
    ]
    return [line[:MAX_LETTERS] for line in lines if line]


def person_name(found: object) -> str:
    """Family, given names of the alphabetic group, else of what there is (PS3.5 6.2.1)."""
    groups = found if isinstance(found, dict) else {"Alphabetic": found or ""}
    group = next(
        (groups[key] for key in ("Alphabetic", "Phonetic", "Ideographic") if groups.get(key)), ""
    )
    parts = [part.strip() for part in str(group).split("^")]
    given = " ".join(part for part in parts[1:] if part)
    return ", ".join(part for part in (parts[0], given) if part)


def _put(draw, lines: list[str], size: tuple[int, int], *, top: bool) -> None:  # type: ignore[no-untyped-def]
    """As large as a fortieth of the picture, smaller where half of it would not be enough."""
    if not lines:
        return
    columns, rows = size
    letters = min(max(rows // 40, SMALLEST), LARGEST)
    while letters > 6 and (
        line_height(letters) * len(lines) > rows // 2
        or max(typeface(letters).getlength(line) for line in lines) > columns - letters
    ):
        letters -= 1
    margin = letters // 2
    place = (margin, margin) if top else (margin, rows - margin)
    write(draw, place, lines, letters, anchor="la" if top else "ld")


def _measured(metadata: Metadata, parts: tuple[tuple[str, str, str], ...]) -> str:
    found = ((before, number(metadata, tag), unit) for before, tag, unit in parts)
    return "  ".join(f"{before}{size:g} {unit}" for before, size, unit in found if size is not None)


def _labelled(label: str, found: str) -> str:
    return f"{label} {found}" if found else ""


def _date(metadata: Metadata, tag: str) -> str:
    found = text(metadata, tag)
    return (
        f"{found[:4]}-{found[4:6]}-{found[6:8]}" if len(found) == 8 and found.isdigit() else found
    )


def _time(metadata: Metadata, tag: str) -> str:
    found = text(metadata, tag)
    return f"{found[:2]}:{found[2:4]}" if len(found) >= 4 and found[:4].isdigit() else found
