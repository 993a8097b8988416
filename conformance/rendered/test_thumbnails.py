"""Thumbnails (PS3.18 10.4.1.1.4): optional, but all four levels or none."""

import pytest

from conformance import images, multipart
from conformance.client import expect
from conformance.instances import path_of, series_of, study_of

PATHS = {
    "study": study_of,
    "series": series_of,
    "instance": path_of,
    "frame": lambda instance: f"{path_of(instance)}/frames/1",
}


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.1.1.4")
@pytest.mark.parametrize("level", PATHS)
@pytest.mark.parametrize("accept", ["image/jpeg", "*/*", "image/*"])
def test_every_level_has_one_small_jpeg(server, study, level, accept):
    response = expect(server.get(f"{PATHS[level](study.first)}/thumbnail", accept), 200)
    assert multipart.media_type(response.headers["Content-Type"])[0] == "image/jpeg"
    assert images.kind(response.content) == "jpeg"


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.1.1.4")
def test_a_thumbnail_may_be_a_png(server, study):
    response = expect(server.get(f"{series_of(study.first)}/thumbnail", "image/png"), 200)
    assert images.kind(response.content) == "png"


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.5.2")
@pytest.mark.parametrize("level", PATHS)
def test_a_thumbnail_fits_its_viewport(server, study, level):
    path = f"{PATHS[level](study.first)}/thumbnail?viewport=20%2C20"
    rows, columns = images.decoded(expect(server.get(path, "image/jpeg"), 200).content).shape[:2]
    assert (rows, columns) == (15, 20)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 8.3.5.2")
@pytest.mark.parametrize("viewport", ["20,20,0,0", "20,20,1,1,5,5", "20", "a,b", "0,0", ""])
def test_a_viewport_of_more_than_a_size_is_400(server, study, viewport):
    path = f"{path_of(study.first)}/thumbnail?viewport={viewport}"
    expect(server.get(path, "image/jpeg"), 400)


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.1.1.4")
def test_a_thumbnail_shows_no_patient_text(server, study):
    path = f"{path_of(study.first)}/thumbnail"
    plain = expect(server.get(path, "image/png"), 200).content
    response = server.get(f"{path}?annotation=patient", "image/png")
    if expect(response, 200, 400).status_code == 200:
        assert (images.decoded(response.content) == images.decoded(plain)).all()


@pytest.mark.optional
@pytest.mark.clause("PS3.18 10.4.3.1")
@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_what_is_unknown_has_no_thumbnail(server, study, level):
    path = PATHS[level](study.first)
    expect(server.get(f"{path}9/thumbnail", "image/jpeg"), 404)


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.4")
@pytest.mark.parametrize("name", ["report", "document", "raw_data", "film"])
def test_what_is_no_image_has_an_icon_or_nothing(server, request, name):
    instance = request.getfixturevalue(name)
    response = expect(server.get(f"{path_of(instance)}/thumbnail", "image/jpeg"), 200, 404, 406)
    if response.status_code == 200:
        assert images.kind(response.content) == "jpeg"


@pytest.mark.practice
@pytest.mark.clause("PS3.18 10.4.1.1.4")
def test_an_img_element_can_show_a_thumbnail(server, study):
    path = f"{path_of(study.first)}/thumbnail?accept=image/jpeg"
    accept = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
    assert images.kind(expect(server.get(path, accept), 200).content) == "jpeg"
