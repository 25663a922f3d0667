from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

import ml
from ml.faces.decode import decode
from ml.faces.picture import PICTURE, crop_picture
from tests.support.faces import jpeg

pytestmark = pytest.mark.real_faces


@pytest.mark.parametrize("scale", [1, 4])
def test_a_kept_picture_gives_nearly_the_same_embedding(
    engine: ml.Engine, portrait: np.ndarray, scale: int
) -> None:
    photo = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    face = engine.analyse(jpeg(Image.fromarray(photo), quality=95), purpose="enrol")
    again = engine.analyse(face.picture, purpose="enrol")
    assert face.embedding @ again.embedding > 0.99


def test_a_kept_picture_is_small_and_without_metadata(
    engine: ml.Engine, portrait: np.ndarray
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    large = Image.fromarray(cv2.resize(portrait, None, fx=3, fy=3))
    face = engine.analyse(jpeg(large, exif=exif), purpose="enrol")
    kept = Image.open(io.BytesIO(face.picture))
    assert kept.format == "JPEG"
    assert max(kept.size) <= PICTURE.longest_side_px
    assert dict(kept.getexif()) == {}
    assert b"where it was taken" not in face.picture


def test_a_kept_picture_leaves_the_rest_of_the_photo_out(
    engine: ml.Engine, portrait: np.ndarray
) -> None:
    wide = np.hstack([np.full((portrait.shape[0], 1500, 3), 90, np.uint8), portrait])
    (face,) = engine.detector.detect(wide)
    kept = decode(crop_picture(wide, face))
    assert kept.shape[1] < 800
    assert kept.shape[1] >= 2 * face.box[2]
