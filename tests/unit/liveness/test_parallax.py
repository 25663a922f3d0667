from __future__ import annotations

import cv2
import numpy as np
import pytest

from ml.faces.align import TEMPLATES
from ml.liveness.observation import CLOSE_UP_SIDE
from ml.liveness.parallax import homography_residual, homography_residuals

SIDE = CLOSE_UP_SIDE
ACROSS, ALONG = np.meshgrid(np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32))
CORNERS = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float32)


@pytest.fixture
def face() -> np.ndarray:
    noise = np.random.default_rng(4).uniform(0, 255, (SIDE, SIDE)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_a_plane_that_is_tilted_shows_no_relief(face: np.ndarray, seed: int) -> None:
    moved = np.random.default_rng(seed).uniform(-6, 6, (4, 2)).astype(np.float32)
    tilt = cv2.getPerspectiveTransform(CORNERS, CORNERS + moved)

    assert homography_residual(face, cv2.warpPerspective(face, tilt, (SIDE, SIDE))) < 2


@pytest.mark.parametrize("height", [8.0, 10.0])
def test_a_nose_that_moves_before_the_cheeks_does(face: np.ndarray, height: float) -> None:
    away = (ACROSS - SIDE / 2) ** 2 + (ALONG - SIDE / 2) ** 2
    shift = height * np.exp(-away / (2 * 20**2)).astype(np.float32)

    turned = cv2.remap(face, ACROSS + shift, ALONG, cv2.INTER_LINEAR)

    assert homography_residual(face, turned) > 6


def test_eyes_that_move_behind_a_sheet_are_no_relief(face: np.ndarray) -> None:
    left, right = TEMPLATES["arcface"].scaled(SIDE)[:2]
    around = [np.hypot((ACROSS - x) / 9, (ALONG - y) / 6) for x, y in (left, right)]
    holes = np.minimum(*around) < 1
    tilt = cv2.getPerspectiveTransform(
        CORNERS, CORNERS + np.float32([[3, 2], [0, 0], [0, 0], [3, 0]])
    )

    through = cv2.remap(face, ACROSS + 6 * holes.astype(np.float32), ALONG, cv2.INTER_LINEAR)

    assert homography_residual(face, cv2.warpPerspective(through, tilt, (SIDE, SIDE))) < 2


def test_a_sheet_that_is_bent_beside_the_nose_is_no_relief(face: np.ndarray) -> None:
    bend = 10 * np.clip(np.abs(ACROSS - SIDE / 2) / (SIDE / 2) - 0.5, 0, 1).astype(np.float32)

    turned = cv2.remap(face, ACROSS + bend, ALONG, cv2.INTER_LINEAR)

    assert homography_residuals(face, turned)[0] > 2 * homography_residual(face, turned)


def test_too_few_tracked_points_give_no_relief(face: np.ndarray) -> None:
    assert homography_residual(np.full_like(face, 128), face) == 0
    assert homography_residual(face, np.full_like(face, 128)) == 0
