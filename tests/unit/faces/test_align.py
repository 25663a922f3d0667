from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.faces.align import TEMPLATES, align, similarity_transform

POINTS = TEMPLATES["dlib"].scaled(150)
ANGLES = st.floats(-math.pi, math.pi)
SCALES = st.floats(0.05, 20)
SHIFTS = st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000))


def similarity(angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[cos, -sin, shift[0]], [sin, cos, shift[1]]])


def moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


@given(ANGLES, SCALES, SHIFTS)
def test_a_known_similarity_is_recovered(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    known = similarity(angle, scale, shift)
    found = similarity_transform(POINTS, moved(POINTS, known))
    np.testing.assert_allclose(found, known, rtol=1e-6, atol=1e-6)


@given(
    arrays(np.float64, (5, 2), elements=st.floats(-8, 8)),
    st.floats(-0.1, 0.1),
    st.floats(0.9, 1.1),
    st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
)
def test_no_other_similarity_fits_better(
    noise: np.ndarray, angle: float, scale: float, shift: tuple[float, float]
) -> None:
    source = POINTS + noise
    best = similarity_transform(source, POINTS)
    nudge = np.vstack([similarity(angle, scale, shift), [0, 0, 1]])
    other = (nudge @ np.vstack([best, [0, 0, 1]]))[:2]

    def error(matrix: np.ndarray) -> float:
        return float(((moved(source, matrix) - POINTS) ** 2).sum())

    assert error(best) <= error(other) + 1e-9


def test_coinciding_points_do_not_fail() -> None:
    assert np.isfinite(similarity_transform(np.ones((5, 2)), POINTS)).all()


def test_dlibs_template_scales_with_the_chip() -> None:
    np.testing.assert_allclose(TEMPLATES["dlib"].scaled(300)[0], (95.0, 93.2))


def picture_with_dots(
    matrix: np.ndarray, side: int, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return white dots at the template's points, and those points."""
    landmarks = moved(POINTS, matrix)
    rows, columns = np.mgrid[:side, :side]
    picture = np.zeros((side, side, 3), np.uint8)
    for x, y in landmarks:
        picture[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = 255
    return picture, landmarks


@pytest.mark.parametrize(("scale", "side"), [(0.5, 200), (1.0, 300), (3.3, 900), (7.0, 1800)])
def test_landmarks_land_on_the_template(scale: float, side: int) -> None:
    matrix = similarity(0.3, scale, (side * 0.2, side * 0.05))
    picture, landmarks = picture_with_dots(matrix, side, 5 * scale)
    chip = align(picture, landmarks, 150, "dlib")[..., 0]
    _, _, _, middles = cv2.connectedComponentsWithStats((chip > 127).astype(np.uint8))
    found = middles[1:]
    assert len(found) == 5
    for point in POINTS:
        assert np.linalg.norm(found - point, axis=1).min() < 0.5


@pytest.mark.parametrize("stripe_px", [1, 2])
def test_a_large_face_is_smoothed_not_sampled(stripe_px: int) -> None:
    side = 1800
    stripes = (np.arange(side) // stripe_px % 2 * 255).astype(np.uint8)
    picture = np.repeat(np.tile(stripes, (side, 1))[..., None], 3, axis=2)
    chip = align(picture, moved(POINTS, similarity(0, 11.3, (40, 40))), 150, "dlib")
    inside = chip[5:145, 5:145].astype(float)
    assert inside.std() < 12
    assert abs(inside.mean() - 127.5) < 3


def test_outside_the_picture_is_black() -> None:
    picture = np.full((100, 100, 3), 200, np.uint8)
    chip = align(picture, POINTS - 60, 150, "dlib")
    assert (chip[:50, :50] == 0).all()
    assert (chip[70:90, 70:90] == 200).all()


def test_a_face_far_outside_gives_a_black_chip() -> None:
    picture = np.full((40, 40, 3), 200, np.uint8)
    chip = align(picture, moved(POINTS, similarity(0, 9, (5000, 5000))), 150, "dlib")
    assert (chip == 0).all()
