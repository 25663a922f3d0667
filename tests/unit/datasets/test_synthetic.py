"""Synthetic faces: seeded, of many people, with landmarks at the features."""

from __future__ import annotations

import numpy as np
import pytest

from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.synthetic import CANVAS_PX, draw, draw_person, draw_view, synthetic_chips

PREPROCESSING = Preprocessing(48, "arcface")


def test_the_seed_decides_everything() -> None:
    first, again = (synthetic_chips(3, 2, PREPROCESSING, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.wide, again.wide)
    assert (first.wide != synthetic_chips(3, 2, PREPROCESSING, seed=5).wide).any()


def test_drawn_people_and_views_have_the_requested_numbers() -> None:
    chips = synthetic_chips(3, 4, PREPROCESSING, seed=0)
    assert np.bincount(chips.labels).tolist() == [4, 4, 4]
    assert len(chips.people) == 3


@pytest.mark.parametrize("seed", range(10))
def test_landmarks_lie_in_the_picture_in_their_order(seed: int) -> None:
    generator = np.random.default_rng(seed)
    picture, landmarks = draw(draw_person(generator), draw_view(generator), generator)
    assert picture.shape == (CANVAS_PX, CANVAS_PX, 3)
    assert ((landmarks > 0) & (landmarks < CANVAS_PX)).all()
    left_eye, right_eye, nose, left_mouth, right_mouth = landmarks
    assert left_eye[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < max(left_mouth[1], right_mouth[1])


@pytest.mark.parametrize("seed", range(10))
def test_the_pupils_are_dark_at_the_landmarks(seed: int) -> None:
    generator = np.random.default_rng(seed)
    picture, landmarks = draw(draw_person(generator), draw_view(generator), generator)
    for x, y in np.rint(landmarks[:2]).astype(int):
        around = picture[y - 8 : y + 9, x - 8 : x + 9].astype(int).sum(axis=2)
        assert picture[y, x].astype(int).sum() < np.median(around)


def test_people_differ_more_than_their_views() -> None:
    chips = synthetic_chips(12, 6, Preprocessing(48, "arcface", equalise="global"), seed=0)
    flat = np.stack([chips.served(row) for row in range(len(chips))]).reshape(72, -1).astype(float)
    distance = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    same = chips.labels[:, None] == chips.labels[None]
    apart = ~np.eye(72, dtype=bool)
    assert distance[same & apart].mean() < distance[~same].mean()
