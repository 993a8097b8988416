"""Waveforms laid out on millimetre paper: where each trace lies, before anything is drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.attributes import Metadata, text
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.links import PartReader
from dicomweb.pixels.documents.waveform import Group, Samples, groups_of, read_samples
from dicomweb.pixels.documents.waveform_rows import Rows, Strip, arrange

Points = NDArray[np.float64]
"""(points, 2) in millimetres on the sheet, y downwards; a row of NaN lifts the pen."""

MARGIN = 6.0
LETTERS = 3.2
MAX_HEIGHT = 2000.0
# Points for each millimetre of paper: finer than any screen or printer draws a line.
BINS = 6
# The calibration pulse: 1 mV for 0.2 s, in front of each row.
PULSE = 5.0
PULSE_ROOM = 9.0


@dataclass(frozen=True, slots=True)
class Paper:
    """How it is drawn: mm for a second, mm for a millivolt, which part of the recording."""

    speed: float = 25.0
    gain: float = 10.0
    start: float = 0.0
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; `x`, `y` in mm are the left end of its base line."""

    x: float
    y: float
    text: str
    size: float = LETTERS


@dataclass(slots=True)
class Sheet:
    """A finished sheet: its size in mm, its traces, the pulses and the words on it."""

    width: float
    height: float = 0.0
    traces: list[Points] = field(default_factory=list)
    pulses: list[Points] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


DEFAULT_PAPER = Paper()


def lay_out(
    metadata: Metadata,
    part: PartReader,
    paper: Paper = DEFAULT_PAPER,
    annotation: Sequence[str] = (),
) -> Sheet:
    """All groups of a waveform below one another, and above them the words that are asked for.

    Speed and gain are always there: without them it is no measurement.

    NotAcceptable when nothing of it can be drawn.
    """
    groups = groups_of(metadata)
    laid = [
        (group, arrange(group, samples, paper.gain, paper.seconds))
        for group in groups
        if (samples := read_samples(group, part, paper.start, paper.seconds)).shape[1] > 1
    ]
    if not laid:
        raise NotAcceptable("The waveform cannot be drawn: it has no samples that are understood.")
    longest = max(rows.seconds for _, rows in laid)
    sheet = Sheet(width=round(longest * paper.speed + 2 * MARGIN + PULSE_ROOM + 1, 2))
    y = MARGIN
    for line in (*_head_lines(metadata, annotation), _scale_line(metadata, laid, paper)):
        y += LETTERS * 1.3
        sheet.words.append(Words(MARGIN, y, line))
    for group, rows in laid:
        if y > MAX_HEIGHT:
            sheet.words.append(Words(MARGIN, y + LETTERS * 2, "More groups are not shown."))
            break
        y = _draw(sheet, group, rows, paper, y + 3, named=len(laid) > 1)
    sheet.height = round(y + MARGIN, 2)
    return sheet


def _head_lines(metadata: Metadata, annotation: Sequence[str]) -> list[str]:
    """The patient, the technique, as `annotation` asks for them (PS3.18 8.3.5.1.1)."""
    lines = []
    if "patient" in annotation:
        born = wording.date(text(metadata, "00100030"))
        parts = (
            wording.name_at(metadata, "00100010"),
            text(metadata, "00100020"),
            f"born {born}" if born else "",
            wording.sex(text(metadata, "00100040")),
        )
        lines.append("     ".join(filter(None, parts)))
    if "technique" in annotation:
        found = (text(metadata, tag) for tag in ("0008103E", "00080070", "00081090"))
        lines.append("     ".join(filter(None, found)))
    return [line for line in lines if line]


def _scale_line(metadata: Metadata, laid: list[tuple[Group, Rows]], paper: Paper) -> str:
    """`25 mm/s   10 mm/mV   0 to 10 s of 86,400 s   2024-02-29 23:59`."""
    parts = [f"{paper.speed:g} mm/s"]
    if any(row.calibrated for _, rows in laid for row in rows.rows):
        parts.append(f"{paper.gain:g} mm/mV")
    longest = max(group.seconds for group, _ in laid)
    end = min(paper.start + paper.seconds, longest)
    if paper.start > 0 or end < longest - 0.05:
        parts.append(f"{paper.start:g} to {end:g} s of {longest:,.10g} s")
    parts.append(wording.moment(text(metadata, "0008002A")))
    return "     ".join(filter(None, parts))


def _draw(sheet: Sheet, group: Group, rows: Rows, paper: Paper, y: float, *, named: bool) -> float:
    """The rows of a group from `y` on; where they end."""
    if named and group.label:
        y += LETTERS * 1.3
        sheet.words.append(Words(MARGIN, y, group.label))
        y += 1.5
    left = MARGIN + PULSE_ROOM
    for row in rows.rows:
        if y > MAX_HEIGHT:
            break
        level = y + row.above
        if row.calibrated:
            sheet.pulses.append(_pulse(MARGIN, level, paper.gain))
        for strip in row.strips:
            x = left + strip.at * paper.speed
            trace = _trace(group, strip, x, level, paper)
            np.clip(trace[:, 1], level - row.above, level + row.below, out=trace[:, 1])
            sheet.traces.append(trace)
            sheet.words.append(Words(x + 1, max(level - row.above + LETTERS, y), strip.title))
            sheet.words += _level(strip, x, level)
        y = level + row.below
    return y


def _level(strip: Strip, x: float, level: float) -> list[Words]:
    """What the middle of a trace stands for, where it is not the zero of an ECG."""
    return [Words(x - PULSE_ROOM + 1, level, strip.middle_words, 2.6)] if strip.middle_words else []


def _pulse(x: float, level: float, gain: float) -> Points:
    steps = [(0, 0), (2, 0), (2, -gain), (2 + PULSE, -gain), (2 + PULSE, 0), (PULSE + 3, 0)]
    return np.array([(x + right, level + down) for right, down in steps], np.float64)


def _trace(group: Group, strip: Strip, x: float, level: float, paper: Paper) -> Points:
    """Every sample, or the least and the greatest of each tenth of a millimetre."""
    times = np.arange(strip.values.size) / group.frequency + strip.skew
    across = x + times * paper.speed
    down = level - (strip.values - strip.middle) * strip.gain
    step = int(group.frequency / (paper.speed * BINS))
    return envelope(across, down, step)


def envelope(across: Samples, down: Samples, step: int) -> Points:
    """Of every `step` points the lowest and the highest, in the order in which they came.

    Where a point is missing (NaN) the pen is lifted.
    """
    if step < 3:
        return np.column_stack((across, down))
    count = -(-down.size // step)
    padded = np.full(count * step, np.nan)
    padded[: down.size] = down
    bins = padded.reshape(count, step)
    empty = np.isnan(bins).all(axis=1)
    low = np.where(np.isnan(bins), np.inf, bins).argmin(axis=1)
    high = np.where(np.isnan(bins), -np.inf, bins).argmax(axis=1)
    rows = np.arange(count)
    first, last = np.minimum(low, high), np.maximum(low, high)
    x = np.repeat(across[np.minimum(rows * step, down.size - 1)], 2)
    y = np.empty(2 * count)
    y[0::2], y[1::2] = bins[rows, first], bins[rows, last]
    y[np.repeat(empty, 2)] = np.nan
    return np.column_stack((x, y))


def strokes(points: Points) -> Iterator[Points]:
    """The pieces between lifts of the pen; a lone point makes no line."""
    finite = np.isfinite(points).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], finite, [0]))))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > 1:
            yield points[start:end]
