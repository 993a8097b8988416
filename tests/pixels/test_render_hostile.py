"""Whatever a data set says, the answer is a picture or a sentence, soon and in bounded memory."""

import contextlib
import time
from typing import Any

import numpy as np
import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomweb.errors import Refusal, TooLarge
from dicomweb.pixels.options import Region, RenderOptions
from dicomweb.pixels.presented import State, render_presented
from dicomweb.pixels.render import render
from dicomweb.pixels.source import Source
from dicomweb.pixels.thumbnail import thumbnail
from tests.pixels.rendering import Instance, instance_of

BASE = instance_of(samples.make_image(rows=8, columns=8))
GREY = """
    00020010 00080016 00080060 00089205 00100010 00100020 00100030 00080020 00080030 00181164
    00182010 00200011 00280002 00280004 00280006 00280008 00280010 00280011 00280030 00280034
    00280100 00280101 00280102 00280103 00280120 00280121 00281040 00281050 00281051 00281052
    00281053 00281056 00281101 00281102 00281103 00281199 00281201 00281221 00282000 00283000
    00283010 00480105 20500010 52009229 52009230 60000010 60000011 60000015 60000050 60000051
    60000100 60000102 60003000 00620001 00620002 0062000E 00180060 7FE00008 7FE00009
"""
STATE = """
    00080016 00181600 00181602 00181604 00181606 00181608 00181610 00181612 00181620 00181622
    00181623 00181624 00281052 00281053 00281101 00281102 00281103 00281201 00283000 00283110
    00700001 0070005A 00700041 00700042 00700060 20500010 20500020 60020010 60020011 60021001
    60023000 00282000
"""
INNER = """
    00081140 00081155 00081160 00281050 00281051 00281052 00281053 00283002 00283006 00283010
    00289132 00289145 00289110 00280030 00620004 0062000D 00700002 00700003 00700004 00700005
    00700006 00700008 00700009 00700010 00700011 00700012 00700014 00700015 00700022 00700023
    00700024 00700052 00700053 00700062 00700066 00700100 00700101 00700102 00700103 00700401
    00282000
"""
WORDS = """
    MONOCHROME1 MONOCHROME2 RGB YBR_FULL YBR_FULL_422 PALETTE|COLOR COLOR MIXED LABELMAP INVERSE
    FRACTIONAL SIGMOID LINEAR_EXACT RECTANGULAR CIRCULAR POLYGONAL BITMAP MAGNIFY POLYLINE CIRCLE
    ELLIPSE INTERPOLATED POINT PIXEL DISPLAY Y L1 1.2.840.10008.1.5.2 nan -1e400 1e308 0 -5
    1.2.840.10008.5.1.4.1.1.66.7 1.2.840.10008.5.1.4.1.1.66.4 1.2.840.10008.5.1.4.1.1.11.3
"""

plain = st.one_of(
    st.sampled_from([word.replace("|", " ") for word in WORDS.split()]),
    st.integers(-70000, 70000),
    st.integers(0, 16),
    st.sampled_from([0, 1, 8, 16, 2**31, -(2**31), 2**63, 1e308, -1e308, 1e-308, 0.5]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.none(),
    st.booleans(),
    st.fixed_dictionaries({"Alphabetic": st.text(max_size=4)}),
)
listed = st.fixed_dictionaries({"vr": st.just("US"), "Value": st.lists(plain, max_size=12)})
binary = st.builds(lambda text: {"vr": "OW", "InlineBinary": text}, st.text("AQ/z+=", max_size=60))
uri = st.just({"vr": "OW", "BulkDataURI": "x"})
odd = st.sampled_from([None, [], {}, "x", 7, {"vr": "SQ"}, {"vr": "US", "Value": {}}])
leaf = st.one_of(listed, listed, binary, uri, odd)


def nested(depth: int) -> st.SearchStrategy[Any]:
    if depth == 0:
        return leaf
    item = st.dictionaries(st.sampled_from(INNER.split()), nested(depth - 1), max_size=6)
    sequence = st.fixed_dictionaries({"vr": st.just("SQ"), "Value": st.lists(item, max_size=3)})
    return st.one_of(leaf, sequence)


metadata = st.dictionaries(st.sampled_from(GREY.split()), nested(2), max_size=5)
states = st.dictionaries(st.sampled_from(STATE.split()), nested(3), max_size=6)
frames = st.one_of(st.just(BASE.frames[0]), st.binary(max_size=300))
OPTIONS = RenderOptions(
    media_type="image/png",
    width=20,
    height=30,
    region=Region(1, 1, 6, 6, mirrored=True),
    annotation=("patient", "technique"),
    overlays=True,
)


def bulk(uri: str) -> bytes:
    return bytes(range(256)) * 2


@settings(max_examples=150, deadline=None)
@given(metadata, frames, st.sampled_from(["", "yes", "srgb"]))
def test_any_data_set_ends_in_a_picture_or_a_sentence(
    odd: dict[str, Any], frame: bytes, profile: str
) -> None:
    described = BASE.metadata | odd
    options = RenderOptions(**{name: getattr(OPTIONS, name) for name in ("width", "overlays")})
    for asked in (OPTIONS, RenderOptions(profile=profile), options):
        with contextlib.suppress(Refusal):
            assert render(frame, described, BASE.transfer_syntax, asked, 1, bulk).body
    with contextlib.suppress(Refusal):
        assert thumbnail(frame, described, BASE.transfer_syntax, bulk=bulk).body


@settings(max_examples=150, deadline=None)
@given(states, metadata, st.sampled_from(["1", "2", "3"]))
def test_any_presentation_state_ends_in_a_picture_or_a_sentence(
    odd: dict[str, Any], described: dict[str, Any], kind: str
) -> None:
    sop_class = {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.11." + kind]}
    state = State({"00080016": sop_class} | odd, bulk)
    with contextlib.suppress(Refusal):
        source = Source.of(BASE.frames[0], BASE.metadata | described, BASE.transfer_syntax, 1, bulk)
        asked = RenderOptions(width=40, height=40)
        assert render_presented(source, state, asked).body


def test_a_large_radiograph_takes_bounded_time() -> None:
    pixels = np.random.default_rng(1).integers(0, 65536, (2500, 2500), np.uint16)
    dataset = samples.make_image(rows=2500, columns=2500, PixelData=pixels.tobytes())
    instance: Instance = instance_of(dataset)
    start = time.thread_time()
    assert instance.picture("image/jpeg").shape == (2500, 2500)
    assert time.thread_time() - start < 5


def test_an_image_beyond_the_limit_is_refused_before_it_is_decoded() -> None:
    described = BASE.metadata | {
        tag: {"vr": "US", "Value": [60000]} for tag in ("00280010", "00280011")
    }
    with pytest.raises(TooLarge, match="60000 x 60000"):
        render(b"", described, BASE.transfer_syntax)
