"""Waveforms by number: samples as pydicom reads them, traces where millimetre paper has them."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dicomweb.errors import NotAcceptable
from dicomweb.pixels.documents.kinds import Kind
from dicomweb.pixels.documents.links import part_of
from dicomweb.pixels.documents.rendering import Instance, document, render
from dicomweb.pixels.documents.waveform import FORMATS, expanded, groups_of, read_samples
from dicomweb.pixels.documents.waveform_png import PIXELS_A_MM, picture, scale_of
from dicomweb.pixels.documents.waveform_sheet import (
    MARGIN,
    PULSE_ROOM,
    Paper,
    Sheet,
    envelope,
    lay_out,
    strokes,
)
from dicomweb.pixels.documents.waveform_svg import path, svg
from dicomweb.pixels.options import Region, RenderOptions
from tests.pixels.documents_shared import dataset_of, read_html, sample

SVG = "{http://www.w3.org/2000/svg}"
ECGS = [
    "synthetic/modalities/ecg_12lead.dcm",
    "pydicom/waveform_ecg.dcm",
    "transfer-syntaxes/deflated/wave_dfl",
]
LEFT = MARGIN + PULSE_ROOM


def no_part(uri: str, offset: int, length: int) -> bytes:
    raise AssertionError("everything is inline")


def value(vr: str, *found: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": list(found)}


def channel(label: str, unit: str = "mV", scale: float = 0.001, **more: Any) -> dict[str, Any]:
    code = {"00080100": value("SH", unit), "00080102": value("SH", "UCUM")}
    found = {
        "003A0203": value("SH", label),
        "003A0210": value("DS", scale),
        "003A0211": value("SQ", code),
    }
    return found | {tag.removeprefix("t"): value("DS", each) for tag, each in more.items()}


def waveform(
    samples: NDArray[Any],
    *channels: dict[str, Any],
    frequency: float = 100,
    interpretation: str = "SS",
    **more: Any,
) -> dict[str, Any]:
    """One multiplex group, (samples, channels), everything inline."""
    data = samples.astype(FORMATS[interpretation]).tobytes()
    group = {
        "003A0005": value("US", len(channels)),
        "003A0010": value("UL", len(samples)),
        "003A001A": value("DS", frequency),
        "003A0200": value("SQ", *channels),
        "54001004": value("US", np.dtype(FORMATS[interpretation]).itemsize * 8),
        "54001006": value("CS", interpretation),
        "54001010": {"vr": "OW", "InlineBinary": base64.b64encode(data).decode()},
    }
    group |= {tag.removeprefix("t"): each for tag, each in more.items()}
    return {"54000100": value("SQ", group)}


def read(metadata: dict[str, Any], start: float = 0, seconds: float = 1e9) -> NDArray[np.float64]:
    return read_samples(groups_of(metadata)[0], no_part, start, seconds)


@pytest.mark.parametrize("name", ECGS)
def test_samples_are_those_of_pydicom(name: str) -> None:
    held, dataset = sample(name), dataset_of(name)
    groups = groups_of(held.metadata)
    assert len(groups) == len(dataset.WaveformSequence)
    for n, group in enumerate(groups):
        found = read_samples(group, part_of(held.bulk), 0, 1e9)
        np.testing.assert_allclose(found, dataset.waveform_array(n).T, rtol=1e-12)


@pytest.mark.parametrize("interpretation", ["SB", "UB", "SS", "US", "SL", "UL", "SV", "UV"])
def test_every_plain_interpretation_keeps_its_extremes(interpretation: str) -> None:
    limits = np.iinfo(np.dtype(FORMATS[interpretation]))
    samples = np.array([[limits.min], [0], [limits.max]], FORMATS[interpretation])
    found = read(waveform(samples, channel("A", scale=1), interpretation=interpretation))
    assert np.array_equal(found[0], samples[:, 0].astype(np.float64))


def mu_law(byte: int) -> int:
    """ITU-T G.711, decoded by its formula."""
    byte = ~byte & 0xFF
    magnitude = (((byte & 15) << 3) + 132 << (byte >> 4 & 7)) - 132
    return -magnitude if byte & 128 else magnitude


def a_law(byte: int) -> int:
    byte ^= 0x55
    exponent, mantissa = byte >> 4 & 7, (byte & 15) << 4
    magnitude = mantissa + 8 if exponent == 0 else mantissa + 264 << exponent - 1
    return magnitude if byte & 128 else -magnitude


@pytest.mark.parametrize(("interpretation", "law"), [("MB", mu_law), ("AB", a_law)])
def test_companded_bytes_are_expanded(interpretation: str, law: Any) -> None:
    stored = np.arange(256, dtype=np.uint8)
    assert expanded(stored, interpretation).tolist() == [law(byte) for byte in range(256)]


def test_silence_is_zero_in_both_laws() -> None:
    assert expanded(np.array([0xFF], np.uint8), "MB").tolist() == [0]
    assert abs(int(expanded(np.array([0xD5], np.uint8), "AB")[0])) == 8


def test_sensitivity_correction_and_baseline_make_the_value() -> None:
    samples = np.array([[-100], [0], [100]])
    found = read(waveform(samples, channel("A", scale=0.5, t003A0212=1.5, t003A0213=7)))
    assert np.allclose(found[0], np.array([-100, 0, 100]) * 0.5 * 1.5 + 7)


def test_padding_is_no_sample() -> None:
    padding = {"vr": "OW", "InlineBinary": base64.b64encode(b"\x00\x80").decode()}
    samples = np.array([[1], [-32768], [3]])
    found = read(waveform(samples, channel("A", scale=1), t5400100A=padding))
    assert np.isnan(found[0]).tolist() == [False, True, False]


def test_a_part_of_a_long_recording_is_all_that_is_read() -> None:
    asked: list[tuple[int, int]] = []

    def part(uri: str, offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return b"\0" * length

    day = waveform(np.zeros((1, 2)), channel("A"), channel("B"), frequency=250)
    group = day["54000100"]["Value"][0]
    group["003A0010"] = value("UL", 24 * 3600 * 250)
    group["54001010"] = {"vr": "OW", "BulkDataURI": "/bulk"}
    sheet = lay_out(day, part, Paper(start=3600, seconds=10))
    assert asked == [(3600 * 250 * 4, 2500 * 4)]
    assert any("3600 to 3610 s of 86,400 s" in each.text for each in sheet.words)


def test_a_truncated_recording_is_drawn_as_far_as_it_goes() -> None:
    metadata = waveform(np.zeros((50, 1)), channel("A"))
    metadata["54000100"]["Value"][0]["003A0010"] = value("UL", 500)
    assert read(metadata).shape == (1, 50)


def trace(sheet: Sheet, n: int = 0) -> NDArray[np.float64]:
    return sheet.traces[n]


def test_a_second_is_25_mm_and_a_millivolt_10() -> None:
    step = np.zeros((401, 1))
    step[200:, 0] = 1000
    points = trace(lay_out(waveform(step, channel("II")), no_part))
    assert points[0, 0] == pytest.approx(LEFT)
    assert points[100, 0] - points[0, 0] == pytest.approx(25.0)
    assert points[150, 1] - points[250, 1] == pytest.approx(10.0)


@pytest.mark.parametrize(("unit", "scale"), [("uV", 1.0), ("mV", 0.001), ("V", 1e-6)])
def test_volts_of_every_size_are_drawn_alike(unit: str, scale: float) -> None:
    step = np.zeros((401, 1))
    step[200:, 0] = 1000
    sheet = lay_out(waveform(step, channel("II", unit, scale)), no_part, Paper(50, 20))
    assert trace(sheet)[150, 1] - trace(sheet)[250, 1] == pytest.approx(20.0)
    assert trace(sheet)[100, 0] - trace(sheet)[0, 0] == pytest.approx(50.0)
    assert any("50 mm/s     20 mm/mV" in each.text for each in sheet.words)


def test_the_calibration_pulse_is_a_millivolt_for_a_fifth_of_a_second() -> None:
    sheet = lay_out(waveform(np.arange(400).reshape(-1, 1), channel("II")), no_part)
    pulse = sheet.pulses[0]
    assert np.ptp(pulse[:, 1]) == pytest.approx(10.0)
    top = pulse[pulse[:, 1] == pulse[:, 1].min()]
    assert np.ptp(top[:, 0]) == pytest.approx(5.0)


def test_a_channel_that_begins_later_is_drawn_later() -> None:
    flat = np.arange(400).reshape(-1, 1)
    skewed = waveform(flat, channel("A", t003A0214=0.2))
    assert trace(lay_out(skewed, no_part))[0, 0] == pytest.approx(LEFT + 5.0)
    in_samples = waveform(flat, channel("A", t003A0215=20))
    assert trace(lay_out(in_samples, no_part))[0, 0] == pytest.approx(LEFT + 5.0)


def test_a_pressure_has_a_scale_of_its_own_and_says_it() -> None:
    pressure = np.linspace(800, 1200, 500).reshape(-1, 1)
    sheet = lay_out(waveform(pressure, channel("ART", "mm[Hg]", 0.1)), no_part)
    words = [each.text for each in sheet.words]
    assert "ART   1 cm = 20 mmHg" in words
    assert "100" in words
    assert sheet.pulses == []
    assert trace(sheet)[0, 1] - trace(sheet)[-1, 1] == pytest.approx(40 / 20 * 10)


def test_an_eeg_shares_one_larger_gain() -> None:
    noise = np.random.default_rng(1).integers(-50, 50, (500, 3))
    sheet = lay_out(waveform(noise, *(channel(n, "uV", 1) for n in ("Fp1", "Fp2", "Cz"))), no_part)
    titles = [each.text for each in sheet.words if "1 cm" in each.text]
    assert [title.split("   ")[1] for title in titles] == ["1 cm = 50 µV"] * 3


TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def twelve(seconds: float) -> dict[str, Any]:
    count = int(seconds * 100)
    beats = (1000 * np.sin(np.arange(count) / 9)).reshape(-1, 1) * np.ones((1, 12))
    return waveform(beats, *(channel(f"Lead {name}") for name in TWELVE))


@pytest.mark.parametrize(("seconds", "traces", "pulses"), [(10, 13, 4), (1.2, 12, 3), (5, 12, 12)])
def test_twelve_leads_are_laid_out_as_fits(seconds: float, traces: int, pulses: int) -> None:
    sheet = lay_out(twelve(seconds), no_part)
    assert (len(sheet.traces), len(sheet.pulses)) == (traces, pulses)


def test_four_columns_follow_each_other_in_time_above_a_rhythm_strip() -> None:
    sheet = lay_out(twelve(10), no_part)
    starts = [round(float(points[0, 0] - LEFT), 6) for points in sheet.traces]
    assert starts == [0, 62.5, 125, 187.5] * 3 + [0]
    labels = [each.text for each in sheet.words[1:]]
    assert labels[:4] == ["I", "aVR", "V1", "V4"]
    assert labels[12] == "II"
    assert sheet.traces[12][-1, 0] - LEFT == pytest.approx(249.75)


def test_an_envelope_keeps_every_peak_and_its_order() -> None:
    rng = np.random.default_rng(0)
    down = rng.normal(0, 1, 1003)
    points = envelope(np.arange(1003.0), down, 10)
    assert len(points) == 2 * 101
    for n in range(100):
        part = down[10 * n : 10 * n + 10]
        assert sorted(points[2 * n : 2 * n + 2, 1]) == [part.min(), part.max()]
        assert (points[2 * n, 1] == part.min()) == (part.argmin() < part.argmax())


def test_a_gap_lifts_the_pen() -> None:
    down = np.ones(100)
    down[40:60] = np.nan
    for step in (1, 10):
        found = list(strokes(envelope(np.arange(100.0), down, step)))
        assert len(found) == 2


def drawn(name: str, media_type: str, **options: Any) -> bytes:
    return render(sample(name).instance(), RenderOptions(media_type=media_type, **options))


@pytest.mark.parametrize("name", ECGS)
def test_svg_is_in_millimetres_and_holds_the_traces(name: str) -> None:
    held = sample(name)
    sheet = lay_out(held.metadata, part_of(held.bulk))
    root = ElementTree.fromstring(drawn(name, "image/svg+xml"))
    assert root.get("width") == f"{sheet.width:g}mm"
    paths = [each.get("d") for each in root.findall(f"{SVG}g/{SVG}path")]
    assert paths == [path(points) for points in (*sheet.pulses, *sheet.traces)]
    assert not [each for each in root.iter() if "script" in each.tag]


def test_a_path_is_the_points_in_hundredths() -> None:
    points = np.array([(1.0, 2.0), (1.5, 2.25), (1.75, 1.0), (np.nan, np.nan), (3, 3), (4, 4)])
    written = path(points)
    assert written == "M100 200l50 25 25 -125M300 300l100 100"
    again = [list(map(int, re.findall(r"-?\d+", each))) for each in written.split("M")[1:]]
    assert np.cumsum(np.reshape(again[0], (-1, 2)), axis=0).tolist() == [
        [100, 200],
        [150, 225],
        [175, 100],
    ]


def test_svg_escapes_what_a_channel_is_called() -> None:
    harm = "<script>alert(1)</script>"
    metadata = waveform(np.arange(200).reshape(-1, 1), channel(harm))
    metadata["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": harm}]}
    written = svg(lay_out(metadata, no_part, annotation=("patient",)))
    root = ElementTree.fromstring(written)
    assert sum(harm in (each.text or "") for each in root.iter(f"{SVG}text")) == 2
    assert "<script" not in written


def pixels(body: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(body)))


def test_png_has_its_grid_and_its_traces_where_the_sheet_has_them() -> None:
    sheet = lay_out(twelve(10), no_part)
    found = picture(sheet)
    assert found.shape[1] == round(sheet.width * PIXELS_A_MM)
    dark = found.max(axis=2) < 60
    for points in sheet.traces[:3]:
        at = np.rint(points[50] * PIXELS_A_MM).astype(int)
        assert dark[at[1] - 2 : at[1] + 3, at[0] - 2 : at[0] + 3].any()
    coarse = found[3, :: int(5 * PIXELS_A_MM)].astype(int)
    assert (coarse[:, 0] - coarse[:, 1] > 40).all()


@pytest.mark.parametrize("box", [(600, 400), (100, 100), (0, 300), (300, 0), (3000, 3000)])
def test_png_fits_the_viewport_and_touches_it(box: tuple[int, int]) -> None:
    found = pixels(drawn(ECGS[1], "image/png", width=box[0], height=box[1]))
    sides = [pair for pair in zip(found.shape[1::-1], box, strict=True) if pair[1]]
    assert all(side <= limit for side, limit in sides)
    assert any(side == limit for side, limit in sides)


def test_a_region_of_the_sheet_is_cut_out() -> None:
    region = Region(left=0.0, top=0.0, width=0.5, height=0.5, normalised=True)
    found = pixels(drawn(ECGS[1], "image/jpeg", width=300, height=300, region=region))
    assert max(found.shape[:2]) == 300


def test_a_huge_sheet_stays_within_bounds() -> None:
    sheet = Sheet(width=100_000, height=50_000)
    scale = scale_of(sheet, (0, 0))
    assert sheet.width * scale <= 8192


def test_the_patient_is_written_only_when_asked_for() -> None:
    plain = drawn(ECGS[0], "image/svg+xml").decode()
    assert "Synthetic, Sample" not in plain
    named = drawn(ECGS[0], "image/svg+xml", annotation=("patient", "technique")).decode()
    assert "Synthetic, Sample" in named
    assert "make_samples" in named


def test_the_page_of_an_ecg_shows_it_with_its_measurements() -> None:
    page = read_html(document(sample(ECGS[1]).instance(), "text/html").text)
    assert "svg" in page.elements
    assert "RITMOSINUSALE" in page.words
    assert "RRInterval982milliseconds" in page.words
    text = document(sample(ECGS[1]).instance(), "text/plain").text
    assert re.search(r"RR Interval +982 +milliseconds", text)


@pytest.mark.parametrize(
    "broken",
    [
        {"54000100": {"vr": "SQ"}},
        {"54000100": value("SQ", {})},
        waveform(np.zeros((10, 1)), channel("A"), frequency=0),
        waveform(np.zeros((10, 1)), channel("A"), t54001006=value("CS", "XX")),
        waveform(np.zeros((10, 1)), channel("A"), t54001010={"vr": "OW", "InlineBinary": "!"}),
        waveform(np.zeros((10, 1)), channel("A"), t003A0005=value("US", 60000)),
        waveform(np.zeros((1, 1)), channel("A")),
    ],
)
def test_what_cannot_be_drawn_says_so(broken: dict[str, Any]) -> None:
    with pytest.raises(NotAcceptable, match="cannot be drawn"):
        render(Instance(broken, Kind.WAVEFORM), RenderOptions(media_type="image/png"))
    assert "cannot be drawn" in document(Instance(broken, Kind.WAVEFORM), "text/html").text


@pytest.mark.parametrize("scale", [1e300, 1e-300, 0.0, -1.0])
def test_impossible_sensitivities_are_drawn_or_refused(scale: float) -> None:
    metadata = waveform(np.arange(300).reshape(-1, 1), channel("A", "mV", scale))
    found = pixels(render(Instance(metadata, Kind.WAVEFORM), RenderOptions(media_type="image/png")))
    assert max(found.shape) <= 8192


def test_an_all_padding_channel_is_said_to_be_empty() -> None:
    padding = {"vr": "OW", "InlineBinary": base64.b64encode(b"\x00\x00").decode()}
    metadata = waveform(np.zeros((300, 1)), channel("A"), t5400100A=padding)
    assert any(each.text == "A (no samples)" for each in lay_out(metadata, no_part).words)
