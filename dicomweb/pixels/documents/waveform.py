"""Waveforms as numbers: multiplex groups, their channels, samples in units (PS3.3 C.10.9)."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomweb.pixels.attributes import Metadata, binary, integer, items, number, text
from dicomweb.pixels.documents import wording
from dicomweb.pixels.documents.links import PartReader
from dicomweb.pixels.tables import no_bulk

Samples = NDArray[np.float64]
"""(channels, samples) in the channels' units; NaN where nothing was recorded."""

# Waveform Sample Interpretation (5400,1006); MB and AB are companded bytes (ITU-T G.711).
FORMATS = {
    "SB": "i1",
    "UB": "u1",
    "MB": "u1",
    "AB": "u1",
    "SS": "<i2",
    "US": "<u2",
    "SL": "<i4",
    "UL": "<u4",
    "SV": "<i8",
    "UV": "<u8",
}
MAX_GROUPS = 12
MAX_CHANNELS = 256
# One page of a recording; ten seconds of 64 channels at 5 kHz are 3.2 million.
MAX_VALUES = 8_000_000

_LEAD = re.compile(r"(?:lead\s+)?(-?aVR|aVL|aVF|III|II|I|V[1-9])\b(?:\s*\(.*\))?", re.IGNORECASE)
_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", *(f"V{n}" for n in range(1, 10)))
_CASED = {name.lower(): name for name in (*_LEADS, "-aVR")}


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel: value = sample * `scale` + `baseline`, in `unit` ("" when arbitrary).

    `skew` is in seconds: how much later than the group its first sample was taken.
    """

    label: str
    unit: str = ""
    scale: float = 1.0
    baseline: float = 0.0
    skew: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """A multiplex group: channels sampled at one `frequency` (Hz), `count` samples of each."""

    label: str
    frequency: float
    count: int
    channels: tuple[Channel, ...]
    interpretation: str
    padding: int | None
    item: Metadata

    @property
    def seconds(self) -> float:
        return self.count / self.frequency

    @property
    def width(self) -> int:
        """Bytes of a sample of all channels."""
        return np.dtype(FORMATS[self.interpretation]).itemsize * len(self.channels)


def groups_of(metadata: Metadata) -> tuple[Group, ...]:
    """The groups that can be drawn; those without a frequency, channels or a known form cannot."""
    found = (_group(item) for item in items(metadata, "54000100")[:MAX_GROUPS])
    return tuple(group for group in found if group is not None)


def read_samples(group: Group, part: PartReader, start: float, seconds: float) -> Samples:
    """The samples from `start` on, as many as the bytes give and MAX_VALUES allows.

    `part` reads a piece of a BulkDataURI, so that a day's recording is never read whole.
    """
    first = min(max(0, round(start * group.frequency)), group.count)
    wanted = min(group.count - first, int(np.ceil(seconds * group.frequency)))
    wanted = min(wanted, MAX_VALUES // len(group.channels))
    data = _bytes(group, part, first * group.width, wanted * group.width)
    whole = len(data) // group.width
    stored = np.frombuffer(data[: whole * group.width], FORMATS[group.interpretation])
    columns = stored.reshape(whole, len(group.channels)).T
    values: Samples = expanded(columns, group.interpretation).astype(np.float64)
    for channel, row in zip(group.channels, values, strict=True):
        row *= channel.scale
        row += channel.baseline
    if group.padding is not None:
        values[columns == group.padding] = np.nan
    return values


def expanded(stored: NDArray[np.generic], interpretation: str) -> NDArray[np.generic]:
    """Linear values of companded bytes (ITU-T G.711); others as they are."""
    if interpretation == "MB":
        flipped = (~stored.astype(np.uint8)).astype(np.int32)
        mantissa, exponent = (flipped & 15) << 3, (flipped >> 4) & 7
        linear = ((mantissa + 132) << exponent) - 132
        return np.where(flipped & 128, -linear, linear)
    if interpretation == "AB":
        flipped = (stored.astype(np.uint8) ^ 0x55).astype(np.int32)
        mantissa, exponent = (flipped & 15) << 4, (flipped >> 4) & 7
        linear = np.where(
            exponent == 0, mantissa + 8, (mantissa + 264) << np.maximum(exponent - 1, 0)
        )
        return np.where(flipped & 128, linear, -linear)
    return stored


def _bytes(group: Group, part: PartReader, offset: int, length: int) -> bytes:
    element = group.item.get("54001010", {})
    uri = element.get("BulkDataURI") if isinstance(element, dict) else None
    if isinstance(uri, str):
        return part(uri, offset, length)
    return binary(group.item, "54001010", no_bulk)[offset : offset + length]


def _group(item: Metadata) -> Group | None:
    frequency = number(item, "003A001A") or 0.0
    interpretation = text(item, "54001006").upper()
    interpretation = interpretation or {8: "UB", 16: "SS", 32: "SL"}.get(
        integer(item, "54001004") or 0, ""
    )
    definitions = items(item, "003A0200")
    count = integer(item, "003A0005") or len(definitions)
    samples = integer(item, "003A0010") or 0
    if frequency <= 0 or interpretation not in FORMATS or samples <= 0:
        return None
    if not 0 < count <= MAX_CHANNELS:
        return None
    described = [*definitions[:count], *([{}] * (count - len(definitions)))]
    return Group(
        label=text(item, "003A0020"),
        frequency=frequency,
        count=samples,
        channels=tuple(_channel(each, n, frequency) for n, each in enumerate(described, 1)),
        interpretation=interpretation,
        padding=_padding(item, interpretation),
        item=item,
    )


def _channel(item: Metadata, n: int, frequency: float) -> Channel:
    """PS3.3 C.10.9.1.4: sensitivity is the value of one step, the factor its calibration."""
    sensitivity = number(item, "003A0210")
    unit = next(iter(items(item, "003A0211")), None)
    correction = number(item, "003A0212", 1.0) or 1.0
    skew = number(item, "003A0214")
    if skew is None:
        skew = (number(item, "003A0215", 0.0) or 0.0) / frequency
    return Channel(
        label=_label(item) or f"Channel {n}",
        unit=_unit(unit) if unit is not None and sensitivity is not None else "",
        scale=1.0 if sensitivity is None else sensitivity * correction,
        baseline=number(item, "003A0213", 0.0) or 0.0,
        skew=skew,
    )


def _label(item: Metadata) -> str:
    """`II`, `aVR`, `V1` of an ECG; else what the channel, or its source, is called."""
    source = next(iter(items(item, "003A0208")), {})
    for said in (text(item, "003A0203"), wording.meaning(source)):
        lead = _LEAD.fullmatch(said)
        if lead is not None:
            return _CASED[lead[1].lower()]
    return text(item, "003A0203") or wording.meaning(source)


def _unit(unit: Metadata) -> str:
    """The code of a unit in UCUM, else what it means; none for what has no unit."""
    if text(unit, "00080102") == "UCUM":
        code = wording.code_of(unit)
        return "" if code == "1" else code
    return wording.meaning(unit)


def _padding(item: Metadata, interpretation: str) -> int | None:
    stored = binary(item, "5400100A", no_bulk)
    kind = np.dtype(FORMATS[interpretation])
    if len(stored) < kind.itemsize:
        return None
    return int(np.frombuffer(stored[: kind.itemsize], kind)[0])
