"""What is asked for by WADO-URI; stored once per run and xdist worker."""

from types import SimpleNamespace

import numpy as np
import pytest

from conformance import instances
from conformance.instances import BASIC_TEXT_SR, gradient, image, plain


@pytest.fixture(scope="session")
def stored(server):
    wide = (np.arange(30)[:, None] * 4 + np.arange(40)[None, :] * 3).astype("u1")
    made = SimpleNamespace(
        single=image(wide, WindowCenter=128, WindowWidth=256),
        ramp=image(gradient(12, 16, "u2", step=20), WindowCenter=1500, WindowWidth=2000),
        multi=image(
            np.stack([np.full((20, 30), value, "u1") for value in (40, 120, 200)]),
            WindowCenter=128,
            WindowWidth=256,
        ),
        rle=instances.rle(image(gradient(dtype="u2", step=300))),
        report=plain(sop_class=BASIC_TEXT_SR, Modality="SR", ValueType="CONTAINER"),
    )
    server.keep(*vars(made).values())
    return made
