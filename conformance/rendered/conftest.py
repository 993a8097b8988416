"""What is rendered; stored once per run and xdist worker."""

from types import SimpleNamespace

import numpy as np
import pytest

from conformance import codestreams
from conformance.instances import (
    BASIC_TEXT_SR,
    ENCAPSULATED_PDF,
    RAW_DATA,
    copy,
    encapsulated,
    gradient,
    image,
    plain,
    uid,
)
from conformance.rendered import pictures

WIDE = (np.arange(30)[:, None] * 4 + np.arange(40)[None, :] * 3).astype("u1")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n\n"


@pytest.fixture(scope="session")
def shown(server):
    """Every picture by its name."""
    made = {name: make() for name, make in pictures.ALL.items()}
    server.keep(*(picture.instance for picture in made.values()))
    return made


@pytest.fixture(scope="session")
def wide(server):
    """An 8-bit image of 30 rows and 40 columns that needs no window."""
    instance = image(WIDE, WindowCenter=128, WindowWidth=256)
    server.keep(instance)
    return instance


@pytest.fixture(scope="session")
def three_frames(server):
    """A multi-frame whose frames are dark, grey, and bright."""
    frames = np.stack([np.full((20, 30), value, "u1") for value in (40, 120, 200)])
    instance = image(frames, WindowCenter=128, WindowWidth=256)
    server.keep(instance)
    return instance


@pytest.fixture(scope="session")
def study(server):
    """A study of two series with three images."""
    first = image(gradient(30, 40), WindowCenter=128, WindowWidth=256)
    second = copy(first, InstanceNumber=2)
    third = copy(first, SeriesInstanceUID=uid(), SeriesNumber=2)
    server.keep(first, second, third)
    return SimpleNamespace(first=first, all=(first, second, third))


@pytest.fixture(scope="session")
def report(server):
    """A small structured report."""
    instance = plain(sop_class=BASIC_TEXT_SR, Modality="SR", ValueType="CONTAINER")
    instance.ContinuityOfContent, instance.CompletionFlag = "SEPARATE", "COMPLETE"
    instance.VerificationFlag = "UNVERIFIED"
    instance.ConceptNameCodeSequence = [_code("121070", "Findings")]
    text = plain(RelationshipType="CONTAINS", ValueType="TEXT")
    text.ConceptNameCodeSequence = [_code("121071", "Finding")]
    text.TextValue = "Nothing <b>suspicious</b> & nothing else"
    instance.ContentSequence = [text]
    server.keep(instance)
    return instance


def _code(value, meaning):
    code = plain()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code


@pytest.fixture(scope="session")
def document(server):
    """A document in PDF."""
    instance = plain(sop_class=ENCAPSULATED_PDF, Modality="DOC")
    instance.MIMETypeOfEncapsulatedDocument = "application/pdf"
    instance.EncapsulatedDocument = PDF
    server.keep(instance)
    return instance


@pytest.fixture(scope="session")
def raw_data(server):
    """An object that nobody can show."""
    instance = plain(sop_class=RAW_DATA, Modality="OT")
    server.keep(instance)
    return instance


@pytest.fixture(scope="session")
def film(server):
    """What looks like a film in MP4."""
    shape = image(np.stack([gradient()] * 2), SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.1.1")
    instance = encapsulated([codestreams.MP4_STREAM], codestreams.MP4, shape)
    server.keep(instance)
    return instance
