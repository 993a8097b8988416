"""A presentation state as target renders what it references (PS3.4 N.2)."""

import pytest
from pydicom import Dataset

from conformance import images
from conformance.client import expect
from conformance.instances import image, path_of, plain
from conformance.rendered.pictures import RAMP

GRAYSCALE_STATE = "1.2.840.10008.5.1.4.1.1.11.1"


def item(**elements):
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def state_of(picture, **elements):
    reference = item(
        ReferencedSOPClassUID=picture.SOPClassUID, ReferencedSOPInstanceUID=picture.SOPInstanceUID
    )
    series = item(SeriesInstanceUID=picture.SeriesInstanceUID, ReferencedImageSequence=[reference])
    area = item(
        ReferencedImageSequence=[reference],
        DisplayedAreaTopLeftHandCorner=[1, 1],
        DisplayedAreaBottomRightHandCorner=[picture.Columns, picture.Rows],
        PresentationSizeMode="SCALE TO FIT",
        PresentationPixelAspectRatio=[1, 1],
    )
    return plain(
        sop_class=GRAYSCALE_STATE,
        Modality="PR",
        StudyInstanceUID=picture.StudyInstanceUID,
        ContentLabel="SUITE",
        ReferencedSeriesSequence=[series],
        DisplayedAreaSelectionSequence=[area],
        PresentationLUTShape="IDENTITY",
        **elements,
    )


def rendered(server, state, query=""):
    response = expect(server.get(f"{path_of(state)}/rendered{query}", "image/png"), 200)
    return images.grey(response.content)


@pytest.fixture(scope="session")
def picture(server):
    instance = image(RAMP, WindowCenter=100, WindowWidth=10)
    server.keep(instance)
    return instance


@pytest.mark.optional
@pytest.mark.clause("PS3.4 N.2")
def test_the_window_of_the_state_is_applied_not_that_of_the_image(server, picture):
    voi = item(WindowCenter=1500, WindowWidth=2000)
    state = state_of(picture, SoftcopyVOILUTSequence=[voi])
    server.keep(state)
    images.close(rendered(server, state), images.linear(RAMP, 1500, 2000), 1)


@pytest.mark.optional
@pytest.mark.clause("PS3.4 N.2")
def test_the_presentation_lut_shape_of_the_state_is_applied(server, picture):
    voi = item(WindowCenter=1500, WindowWidth=2000)
    state = state_of(picture, SoftcopyVOILUTSequence=[voi])
    state.PresentationLUTShape = "INVERSE"
    server.keep(state)
    images.close(rendered(server, state), 255 - images.linear(RAMP, 1500, 2000), 1)


@pytest.mark.optional
@pytest.mark.clause("PS3.4 N.2")
@pytest.mark.parametrize(
    ("angle", "flip"), [(90, "N"), (180, "N"), (270, "N"), (0, "Y"), (90, "Y")]
)
def test_the_state_rotates_clockwise_and_then_flips(server, picture, angle, flip):
    voi = item(WindowCenter=1500, WindowWidth=2000)
    state = state_of(
        picture, SoftcopyVOILUTSequence=[voi], ImageRotation=angle, ImageHorizontalFlip=flip
    )
    server.keep(state)
    wanted = images.rotated(images.linear(RAMP, 1500, 2000), angle)
    images.close(rendered(server, state), wanted[:, ::-1] if flip == "Y" else wanted, 1)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.5.1.4")
@pytest.mark.parametrize("query", ["?window=100,200,linear", "?viewport=10,10,1,1,5,5"])
def test_parameters_that_a_state_already_decides_are_400(server, picture, query):
    state = state_of(picture, SoftcopyVOILUTSequence=[item(WindowCenter=1500, WindowWidth=2000)])
    server.keep(state)
    expect(server.get(f"{path_of(state)}/rendered{query}", "image/png"), 400)
