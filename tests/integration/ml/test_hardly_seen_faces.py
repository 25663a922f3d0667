"""Photos of real people whose faces are covered, small or blurred: strangers must not match."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

import ml
from ml.faces.types import DetectedFace
from ml.lab.evaluation.protocols.photos import SHARED
from tests.support.covers import cloth_of, covered
from tests.support.faces import jpeg, opened

pytestmark = [pytest.mark.real_faces, pytest.mark.data]

# Three times the FMR of the default threshold.
HIGHEST_FMR = 3e-3

Change = Callable[[np.ndarray, DetectedFace], np.ndarray]


def _covering(outline: str, colour: tuple[int, int, int], pattern: str) -> Change:
    return lambda rgb, face: covered(rgb, face, outline, cloth_of(colour, pattern))


def _small(rgb: np.ndarray, face: DetectedFace) -> np.ndarray:
    """Return the picture with a face of 36 pixels."""
    scale = 36 / face.box[2]
    return cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _blurred(rgb: np.ndarray, face: DetectedFace) -> np.ndarray:
    return cv2.GaussianBlur(rgb, (0, 0), 0.05 * face.eye_distance)


CHANGES: dict[str, Change] = {
    "blue mask": _covering("mask", (150, 185, 205), "folds"),
    "white cup": _covering("cup", (236, 236, 232), "plain"),
    "black scarf": _covering("scarf", (24, 24, 26), "plain"),
    "skin-coloured scarf": _covering("scarf", (205, 160, 135), "folds"),
    "small": _small,
    "blurred": _blurred,
}


@pytest.mark.parametrize("change", CHANGES)
def test_strangers_who_are_hardly_seen_do_not_pass_for_each_other(
    real_engine: ml.Engine, change: str
) -> None:
    people = sorted((SHARED / "celeba_wild" / "test").iterdir())
    trusted = []
    for person in people:
        photo = sorted(person.iterdir())[1].read_bytes()
        try:
            face = real_engine.analyse(photo, purpose="verify").detected
            changed = CHANGES[change](np.asarray(opened(photo)), face)
            found = real_engine.analyse(jpeg(Image.fromarray(changed)), purpose="verify")
        except ml.FaceError:
            continue
        if not set(ml.COVERED) & set(found.quality.reasons):
            trusted.append(found.embedding)

    embeddings = np.reshape(trusted, (-1, real_engine.embedding_size)).astype(np.float32)
    seen = real_engine.calibration.normaliser(embeddings)
    strangers = seen.similarities(seen)[np.triu_indices(len(trusted), 1)]
    passed = int((strangers >= real_engine.calibration.default_threshold).sum())
    assert passed <= HIGHEST_FMR * len(people) * (len(people) - 1) / 2
