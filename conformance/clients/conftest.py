"""A study as viewers meet it; stored once per run and xdist worker."""

from types import SimpleNamespace

import numpy as np
import pytest

from conformance import codestreams
from conformance.instances import (
    ENCAPSULATED_PDF,
    RUN,
    encapsulated,
    gradient,
    image,
    plain,
    uid,
)

ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"
VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
# What OHIF asks for the tiles of a slide.
TILES = ", ".join(
    [
        f'multipart/related; type="{name}"; transfer-syntax=1.2.840.10008.1.2.4.{number}'
        for name, number in (
            ("image/jls", 80), ("image/jls", 81), ("image/jp2", 90), ("image/jp2", 91),
            ("image/jpx", 92), ("image/jpx", 93),
        )
    ]
    + [
        'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50',
    ]
)  # fmt: skip


@pytest.fixture(scope="session")
def study(server):
    first = image(
        gradient(dtype="u2", step=300),
        Modality="CT",
        PatientID=f"{RUN}-V",
        PatientName=f"Viewer{RUN}^Study",
        AccessionNumber=f"{RUN}-V1",
        StudyDescription="A description",
        SeriesDescription="A series",
    )
    shared = {
        keyword: first[keyword].value
        for keyword in ("PatientID", "PatientName", "AccessionNumber", "StudyInstanceUID")
    }
    frame = codestreams.jpeg(gradient())
    jpeg = encapsulated(
        [frame],
        codestreams.JPEG_BASELINE,
        image(gradient(), **shared, SeriesInstanceUID=uid(), Modality="XC"),
    )
    film = encapsulated(
        [codestreams.MP4_STREAM],
        codestreams.MP4,
        image(np.stack([gradient()] * 2), SOPClassUID=VIDEO, Modality="XC"),
    )
    document, waveform = _document(), _waveform()
    server.keep(first, jpeg, film, document, waveform)
    return SimpleNamespace(
        image=first,
        jpeg=jpeg,
        frame=frame + b"\0" * (len(frame) % 2),
        film=film,
        stream=codestreams.MP4_STREAM,
        document=document,
        waveform=waveform,
    )


def _document():
    instance = plain(sop_class=ENCAPSULATED_PDF, Modality="DOC")
    instance.MIMETypeOfEncapsulatedDocument = "application/pdf"
    instance.EncapsulatedDocument = b"%PDF-1.4\n" + b"% padding\n" * 500 + b"%%EOF\n\n"
    return instance


def _waveform():
    instance = plain(sop_class=ECG, Modality="ECG")
    group = plain()
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = 12, 1000
    group.SamplingFrequency, group.WaveformBitsAllocated = 500, 16
    group.WaveformSampleInterpretation = "SS"
    samples = (np.sin(np.arange(12 * 1000) / 25) * 1000).astype("<i2")
    group.add_new(0x54001010, "OW", samples.tobytes())
    instance.WaveformSequence = [group]
    return instance
