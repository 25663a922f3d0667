from __future__ import annotations

import io
from pathlib import Path

from PIL import ImageEnhance

from ml.lab.evaluation.measures.live_quality_subset import passes_guidance
from tests.support import faces


def test_the_guidance_takes_a_portrait_but_no_dark_or_crowded_or_broken_one(tmp_path: Path):
    portrait = faces.portraits()[1].photos[0]
    dark = io.BytesIO()
    ImageEnhance.Brightness(faces.opened(portrait)).enhance(0.1).save(dark, "JPEG")
    crowded = faces.side_by_side(portrait, portrait)
    written = {"dark": dark.getvalue(), "crowded": crowded, "broken": b"no picture"}
    written["none"] = faces.without_face()
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
    faultless = tmp_path / "portrait"
    faultless.write_bytes(portrait)
    paths = (faultless, *(tmp_path / name for name in written))
    assert passes_guidance(paths).tolist() == [True, False, False, False, False]
