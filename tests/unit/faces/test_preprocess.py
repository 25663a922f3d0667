from __future__ import annotations

import cv2
import numpy as np
import pytest

from ml.faces.align import TEMPLATES
from ml.faces.preprocess import Preprocessing
from tests.support.faces import opened, portraits

PHOTO = np.asarray(opened(portraits()[0].photos[0]))
LANDMARKS = TEMPLATES["dlib"].scaled(150) + np.array([150, 40])


@pytest.mark.parametrize("equalise", ["none", "global", "clahe"])
@pytest.mark.parametrize(("colour", "channels"), [("rgb", 3), ("grey", 1)])
@pytest.mark.parametrize("size", [105, 150])
def test_chips_have_the_configured_shape(
    size: int, colour: str, channels: int, equalise: str
) -> None:
    chip = Preprocessing(size, colour=colour, equalise=equalise).apply(PHOTO, LANDMARKS)
    assert chip.shape == (size, size, channels)
    assert chip.dtype == np.uint8


def test_configuration_survives_a_dictionary() -> None:
    config = Preprocessing(112, "arcface", "clahe", "grey")
    assert Preprocessing.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    "wrong",
    [{"image_size": 0}, {"template": "mean"}, {"equalise": "some"}, {"colour": "cmyk"}],
)
def test_values_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Preprocessing.from_dict({"image_size": 150} | wrong)


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(TypeError):
        Preprocessing.from_dict({"image_size": 150, "blur": 2})


def dark(picture: np.ndarray) -> np.ndarray:
    return (picture // 4).astype(np.uint8)


@pytest.mark.parametrize("equalise", ["global", "clahe"])
def test_equalisation_lifts_the_contrast_of_a_dark_face(equalise: str) -> None:
    plain = Preprocessing(150).apply(dark(PHOTO), LANDMARKS)
    lifted = Preprocessing(150, equalise=equalise).apply(dark(PHOTO), LANDMARKS)
    assert lifted.std() > 1.3 * plain.std()


def test_global_equalisation_undoes_a_change_of_light() -> None:
    config = Preprocessing(150, equalise="global", colour="grey")
    bright, dim = (
        config.apply(photo, LANDMARKS) for photo in (PHOTO, (PHOTO * 0.6).astype(np.uint8))
    )
    assert np.abs(bright.astype(int) - dim).mean() < 6


def test_equalisation_keeps_the_hue() -> None:
    plain = Preprocessing(150).apply(dark(PHOTO), LANDMARKS)
    lifted = Preprocessing(150, equalise="clahe").apply(dark(PHOTO), LANDMARKS)
    chroma = [
        cv2.cvtColor(chip, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(int) for chip in (plain, lifted)
    ]
    assert np.abs(chroma[0] - chroma[1]).mean() < 3


def test_without_options_the_chip_is_the_aligned_face() -> None:
    config = Preprocessing(150)
    chip = config.apply(PHOTO, LANDMARKS)
    assert np.array_equal(config.finish(chip), chip)
