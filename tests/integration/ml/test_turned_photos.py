"""Photos of real people, turned by an angle that no EXIF tag states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ml
from ml.lab.evaluation.protocols.photos import SHARED
from tests.support.faces import jpeg, opened

pytestmark = pytest.mark.real_faces

ANGLES = (0, 45, 135, 180, 250)
# Three times the FMR of the default threshold.
HIGHEST_FMR = 3e-3


@pytest.fixture(scope="module")
def similarities(real_engine: ml.Engine) -> dict[int, np.ndarray]:
    """Similarities of one photo a person with another of everybody, both turned, by the angle.

    The other photo is upright on the diagonal, which holds the genuine ones.
    """
    folders = sorted((SHARED / "celeba_wild" / "test").iterdir())
    photos = [sorted(folder.iterdir())[:2] for folder in folders]
    anchors = _embedded(real_engine, [first for first, _ in photos], Path.read_bytes)
    normaliser = real_engine.calibration.normaliser
    by_angle = {}
    for angle in ANGLES:
        turned = _embedded(real_engine, [second for _, second in photos], _turning(angle))
        faces = normaliser(turned)
        table = faces.similarities(faces)
        np.fill_diagonal(table, faces.paired(normaliser(anchors)))
        by_angle[angle] = table
    return by_angle


@pytest.mark.data
@pytest.mark.parametrize("angle", ANGLES[1:])
def test_a_turned_photo_is_recognised_as_an_upright_one(
    real_engine: ml.Engine, similarities: dict[int, np.ndarray], angle: int
) -> None:
    threshold = real_engine.calibration.default_threshold
    upright, turned = (np.diagonal(similarities[each]) >= threshold for each in (0, angle))
    assert turned.sum() >= upright.sum() - 2


@pytest.mark.data
def test_strangers_turned_alike_do_not_resemble_each_other(
    real_engine: ml.Engine, similarities: dict[int, np.ndarray]
) -> None:
    tables = [similarities[angle] for angle in ANGLES[1:]]
    pairs = np.concatenate([table[np.triu_indices(len(table), 1)] for table in tables])
    assert np.mean(pairs >= real_engine.calibration.default_threshold) <= HIGHEST_FMR


def _embedded(
    engine: ml.Engine, paths: Sequence[Path], read: Callable[[Path], bytes]
) -> np.ndarray:
    """Return the embeddings of photos, zeros for one that is refused."""
    found = np.zeros((len(paths), engine.embedding_size), np.float32)
    for row, path in enumerate(paths):
        try:
            found[row] = engine.analyse(read(path), purpose="verify").embedding
        except ml.FaceError:
            continue
    return found


def _turning(angle: int) -> Callable[[Path], bytes]:
    def read(path: Path) -> bytes:
        photo = opened(path.read_bytes())
        return jpeg(photo.rotate(angle, resample=Image.Resampling.BICUBIC, expand=True))

    return read
