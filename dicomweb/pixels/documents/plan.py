"""RT plans, photons and ions alike, as facts: prescription, fractions, beams (PS3.3 C.8.8)."""

from collections.abc import Sequence

from dicomweb.pixels.attributes import Metadata, integer, items, number, text, values
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.page import (
    Block,
    Fact,
    Line,
    Row,
    Section,
    Table,
    facts,
    say,
    section_of,
)

MAX_ROWS = 200

_BEAMS, _ION_BEAMS = "300A00B0", "300A03A2"
_CONTROL_POINTS, _ION_CONTROL_POINTS = "300A0111", "300A03A8"


def plan_blocks(metadata: Metadata) -> tuple[Block, ...]:
    """What a physicist looks at first: all that is there of it."""
    return (
        *section_of("Plan", _about(metadata)),
        *_table("Prescription", _PRESCRIPTION, _prescription(metadata)),
        *_table("Fractions", _FRACTIONS, _fractions(metadata)),
        *_table("Beams", _BEAM_COLUMNS, _beams(metadata), numeric=(0, 5, 6, 7, 8, 9)),
        *_table("Applications", _APPLICATIONS, _applications(metadata)),
    )


def _table(
    title: str, columns: tuple[str, ...], rows: Sequence[Row], numeric: tuple[int, ...] = ()
) -> tuple[Section, ...]:
    if not rows:
        return ()
    more = f" (the first {MAX_ROWS} of {len(rows)})" if len(rows) > MAX_ROWS else ""
    return (Section(title + more, (Table(columns, tuple(rows[:MAX_ROWS]), numeric),)),)


def _about(metadata: Metadata) -> tuple[Fact, ...]:
    approval = text(metadata, "300E0002").lower()
    reviewer = wording.name_at(metadata, "300E0008")
    setup = next(iter(items(metadata, "300A0180")), {})
    return facts(
        ("Name", text(metadata, "300A0003")),
        ("Description", text(metadata, "300A0004")),
        ("Date", wording.when(metadata, "300A0006", "300A0007")),
        ("Intent", text(metadata, "300A000A").lower()),
        ("Geometry", text(metadata, "300A000C").lower()),
        ("Approval", " by ".join(filter(None, (approval, reviewer)))),
        ("Patient position", text(setup, "00185100")),
    )


_PRESCRIPTION = ("Reference", "Type", "Dose", "Maximum", "Minimum")


def _prescription(metadata: Metadata) -> list[Row]:
    return [
        Row(
            (
                say(text(each, "300A0016") or text(each, "300A0014").lower()),
                say(text(each, "300A0020").lower().replace("_", " ")),
                _gray(each, "300A0026"),
                _gray(each, "300A0027") or _gray(each, "300A002C") or _gray(each, "300A0023"),
                _gray(each, "300A0025"),
            )
        )
        for each in items(metadata, "300A0010")
    ]


_FRACTIONS = ("Group", "Fractions", "Beams", "Dose a fraction", "Meterset")


def _fractions(metadata: Metadata) -> list[Row]:
    rows = []
    for group in items(metadata, "300A0070"):
        beams = items(group, "300C0004")
        dose = sum(number(beam, "300A0084") or 0.0 for beam in beams)
        meterset = sum(number(beam, "300A0086") or 0.0 for beam in beams)
        rows.append(
            Row(
                (
                    say(text(group, "300A0071")),
                    say(text(group, "300A0078")),
                    say(", ".join(text(beam, "300C0006") for beam in beams)),
                    say(f"{dose:.7g} Gy" if dose else ""),
                    say(f"{meterset:.7g}" if meterset else ""),
                )
            )
        )
    return rows


_BEAM_COLUMNS = (
    *("No.", "Beam", "Type", "Radiation", "Machine", "Energy", "Gantry", "Collimator", "Couch"),
    *("Meterset", "Isocentre"),
)


def _beams(metadata: Metadata) -> list[Row]:
    metersets = {
        integer(beam, "300C0006"): number(beam, "300A0086")
        for group in items(metadata, "300A0070")
        for beam in items(group, "300C0004")
    }
    ions = items(metadata, _ION_BEAMS)
    return [_beam(beam, _CONTROL_POINTS, metersets) for beam in items(metadata, _BEAMS)] + [
        _beam(beam, _ION_CONTROL_POINTS, metersets) for beam in ions
    ]


def _beam(beam: Metadata, points_tag: str, metersets: dict[int | None, float | None]) -> Row:
    points = items(beam, points_tag)
    first: Metadata = points[0] if points else {}
    meterset = metersets.get(integer(beam, "300A00C0"))
    unit = text(beam, "300A00B3")
    return Row(
        (
            say(text(beam, "300A00C0")),
            say(text(beam, "300A00C2") or text(beam, "300A00C3")),
            say(text(beam, "300A00C4").lower()),
            say(text(beam, "300A00C6").lower()),
            say(text(beam, "300A00B2")),
            _span(points, "300A0114", _energy_unit(beam)),
            _span(points, "300A011E", "°"),
            _span(points, "300A0120", "°"),
            _span(points, "300A0122", "°"),
            say("" if meterset is None else f"{meterset:.7g} {unit}".strip()),
            say(", ".join(f"{each:.6g}" for each in _numbers(first, "300A012C"))),
        )
    )


def _energy_unit(beam: Metadata) -> str:
    """MV of photons, MeV of electrons, of ions for each nucleon (PS3.3 C.8.8.14, C.8.8.25)."""
    kind = text(beam, "300A00C6").upper()
    if kind in ("PHOTON", ""):
        return " MV"
    return " MeV" if kind in ("ELECTRON", "PROTON") else " MeV/u"


def _span(points: list[Metadata], tag: str, unit: str) -> Line:
    """The value at the first control point, and at the last where that is another one."""
    found = [value for point in points if (value := number(point, tag)) is not None]
    if not found:
        return ()
    # Thousandths of a degree are noise of whoever computed them.
    first, last = (f"{round(each, 3) + 0.0:.7g}" for each in (found[0], found[-1]))
    said = first if first == last else f"{first} → {last}"
    return say(f"{said}{unit}")


_APPLICATIONS = ("No.", "Application", "Type", "Channels", "Air kerma")


def _applications(metadata: Metadata) -> list[Row]:
    """Brachytherapy (PS3.3 C.8.8.15)."""
    return [
        Row(
            (
                say(text(each, "300A0234")),
                say(text(each, "300A0236")),
                say(text(each, "300A0232").lower()),
                say(str(len(items(each, "300A0280")) or "")),
                say(text(each, "300A0250")),
            )
        )
        for each in items(metadata, "300A0230")
    ]


def _gray(each: Metadata, tag: str) -> Line:
    dose = number(each, tag)
    return say("" if dose is None else f"{dose:.7g} Gy")


def _numbers(metadata: Metadata, tag: str) -> list[float]:
    return [each for each in values(metadata, tag) if isinstance(each, (int, float))]
