"""Which channel is drawn where: the usual twelve leads in three rows, or channels one by one."""

import math
from dataclasses import dataclass

import numpy as np

from dicomweb.pixels.documents.waveform import Group, Samples

# Millivolts in a unit: what an ECG's gain can be applied to.
MILLIVOLTS = {"V": 1000.0, "mV": 1.0, "uV": 1e-3, "µV": 1e-3, "nV": 1e-6, "millivolt": 1.0}
MILLIVOLTS |= {"microvolt": 1e-3, "volt": 1000.0}
LIMBS = (("I", "II", "III"), ("aVR", "aVL", "aVF"))
TWELVE = (*LIMBS, ("V1", "V2", "V3"), ("V4", "V5", "V6"))
RHYTHM = "II"
# Units of UCUM as they are written by hand.
WRITTEN = {"mm[Hg]": "mmHg", "cm[H2O]": "cmH2O", "uV": "µV"}
COLUMN_SECONDS = 2.5

# Millimetres: what a row has at least above and below its middle, and at most.
LEAST, MOST = 8.0, 45.0
# A trace in other units is made this high; one in volts between these stays at the usual gain.
OWN_HEIGHT = 24.0
VOLTS_LEAST, VOLTS_MOST = 3.0, 90.0
MAX_ROWS = 64
# Seconds between two leads in a row, so that the eye does not join them.
GAP = 0.04


@dataclass(frozen=True, slots=True)
class Strip:
    """A piece of a channel: its values, the one in the middle of its row, mm for a unit.

    `at` is where it begins, in seconds behind the left edge; `skew` how much later it was taken.
    """

    title: str
    values: Samples
    middle: float
    gain: float
    at: float = 0.0
    skew: float = 0.0
    middle_words: str = ""
    calibrated: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """Strips side by side; the row reaches so many mm above and below its middle."""

    strips: tuple[Strip, ...]
    above: float
    below: float

    @property
    def calibrated(self) -> bool:
        """Whether the row is drawn at the gain of the sheet."""
        return all(strip.calibrated for strip in self.strips)


@dataclass(frozen=True, slots=True)
class Rows:
    rows: tuple[Row, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Cut:
    """A group with the gain that all its channels in volts share; None where the usual one fits."""

    group: Group
    samples: Samples
    gain: float
    volts: tuple[float, float] | None

    def strip(self, n: int, start: float, seconds: float, at: float) -> Strip:
        """`seconds` of channel `n` from `start` on, drawn `at` seconds behind the left edge."""
        channel = self.group.channels[n]
        first = round(start * self.group.frequency)
        end = first + math.ceil(seconds * self.group.frequency)
        values = self.samples[n, first:end]
        whole = self.samples[n][np.isfinite(self.samples[n])]
        if whole.size == 0:
            return Strip(f"{channel.label} (no samples)", values, 0.0, 1.0, at)
        millivolts = MILLIVOLTS.get(channel.unit)
        if millivolts is not None and self.volts is None:
            middle = float(np.median(whole))
            return Strip(channel.label, values, middle, self.gain * millivolts, at, channel.skew)
        if millivolts is not None and self.volts is not None:
            gain, centimetre = (self.volts[0] * millivolts, self.volts[1] / millivolts)
        else:
            gain, centimetre = _own_scale(float(whole.max() - whole.min()))
        middle = _round_to((float(whole.max()) + float(whole.min())) / 2, centimetre / 2)
        unit = WRITTEN.get(channel.unit, channel.unit)
        title = f"{channel.label}   1 cm = {centimetre:.4g} {unit}".rstrip()
        return Strip(
            title, values, middle, gain, at, channel.skew, f"{middle:.4g}", calibrated=False
        )


def arrange(group: Group, samples: Samples, gain: float, most_seconds: float) -> Rows:
    """Three rows of four leads with a rhythm strip for ten seconds of twelve leads; three rows of
    whole leads where they are short, as median beats are; else a row for each channel."""
    seconds = min(samples.shape[1] / group.frequency, most_seconds)
    leads = {channel.label: n for n, channel in reversed(list(enumerate(group.channels)))}
    twelve = all(name in leads for column in TWELVE for name in column)
    cut = _Cut(group, samples, gain, _volts(group, samples, gain))
    if twelve and seconds >= 4 * COLUMN_SECONDS - 0.05:
        rows = _columns(cut, leads, seconds / 4, continuing=True)
        rows.append(_row([cut.strip(leads[RHYTHM], 0.0, seconds, 0.0)]))
        return Rows(tuple(rows), seconds)
    if twelve and seconds <= COLUMN_SECONDS:
        return Rows(tuple(_columns(cut, leads, seconds, continuing=False)), 4 * seconds)
    shown = range(min(len(group.channels), MAX_ROWS))
    return Rows(tuple(_row([cut.strip(n, 0.0, seconds, 0.0)]) for n in shown), seconds)


def _columns(cut: _Cut, leads: dict[str, int], seconds: float, *, continuing: bool) -> list[Row]:
    """Three rows; each column shows its own stretch of time, or all of them the same."""
    return [
        _row(
            [
                cut.strip(
                    leads[TWELVE[column][row]],
                    column * seconds if continuing else 0.0,
                    seconds - GAP,
                    column * seconds,
                )
                for column in range(4)
            ]
        )
        for row in range(3)
    ]


def _volts(group: Group, samples: Samples, gain: float) -> tuple[float, float] | None:
    """mm for a millivolt and millivolts for a centimetre, where the usual gain shows nothing.

    One gain for all channels, so that they can be compared: an EEG is drawn larger as a whole.
    """
    spans = []
    for channel, row in zip(group.channels, samples, strict=True):
        finite = row[np.isfinite(row)]
        if channel.unit in MILLIVOLTS and finite.size:
            spans.append(float(finite.max() - finite.min()) * MILLIVOLTS[channel.unit])
    spans = sorted(span for span in spans if span > 0)
    if not spans:
        return None
    typical, widest = spans[len(spans) // 2] * gain, spans[-1] * gain
    if widest >= VOLTS_LEAST and typical <= VOLTS_MOST:
        return None
    return _own_scale(spans[len(spans) // 2])


def _own_scale(span: float) -> tuple[float, float]:
    """mm for a unit, and what a centimetre stands for: 1, 2 or 5 and zeros."""
    wanted = span / (OWN_HEIGHT / 10) if span > 0 else 1.0
    ten = 10.0 ** math.floor(math.log10(wanted))
    centimetre = next(step * ten for step in (1, 2, 5, 10) if step * ten >= wanted * 0.999)
    return 10 / centimetre, centimetre


def _round_to(value: float, step: float) -> float:
    return round(value / step) * step


def _row(strips: list[Strip]) -> Row:
    above = max(_reach(strip, 1.0) for strip in strips)
    below = max(_reach(strip, -1.0) for strip in strips)
    # A scale of its own is written above the trace, a lead's name beside it.
    words = 3.0 if all(strip.calibrated for strip in strips) else 6.0
    return Row(tuple(strips), above + words, below + 1.0)


def _reach(strip: Strip, sign: float) -> float:
    """How many mm the strip reaches up (`sign` 1) or down (-1) from its middle, within bounds."""
    finite = strip.values[np.isfinite(strip.values)]
    if finite.size == 0:
        return LEAST
    return min(max(float((sign * (finite - strip.middle)).max() * strip.gain), LEAST), MOST)
