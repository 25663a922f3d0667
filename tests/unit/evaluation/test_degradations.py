from __future__ import annotations

import numpy as np
import pytest

from ml.lab.evaluation.measures import degradations
from ml.lab.evaluation.measures.degradations import CHANGES, FRAME, SETTINGS, face_width

SIDE = 300


@pytest.fixture
def landmarks() -> np.ndarray:
    """Return landmarks of an upright face, twice as large as in the frame."""
    return FRAME.scaled(SIDE).astype(np.float32)


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(4).integers(90, 250, (SIDE, SIDE, 3)).astype(np.uint8)


def test_a_small_face_has_the_requested_width(photo, landmarks):
    reduced = degradations.small(photo, landmarks)
    scale = reduced.shape[0] / SIDE
    assert face_width(landmarks * scale) == pytest.approx(SETTINGS.face_px, rel=0.02)


def test_a_face_that_is_small_already_is_left_alone(photo, landmarks):
    assert degradations.small(photo, landmarks / 8) is photo


def test_the_width_of_a_face_does_not_depend_on_its_turn(landmarks):
    turn = np.array([[0, -1], [1, 0]], np.float32)
    assert face_width(landmarks @ turn) == pytest.approx(face_width(landmarks), rel=1e-4)
    assert face_width(landmarks) == pytest.approx(2.2 * 106, rel=1e-3)


def test_half_the_light_is_half_the_light(photo, landmarks):
    darker = degradations.half_light(photo, landmarks)
    light = (darker / 255.0) ** 2.2 / (photo / 255.0) ** 2.2
    assert np.median(light) == pytest.approx(0.5, abs=0.01)


def test_motion_blur_blurs_along_one_direction(landmarks):
    dot = np.zeros((SIDE, SIDE, 3), np.uint8)
    dot[150, 150] = 255
    rows, columns, _ = np.nonzero(degradations.motion_blur(dot, landmarks))
    length = np.hypot(np.ptp(rows), np.ptp(columns))
    assert length == pytest.approx(SETTINGS.motion * face_width(landmarks), rel=0.15)


@pytest.mark.parametrize(
    ("change", "covered", "free"), [("glasses", (0, 1), (2, 3, 4)), ("mask", (2, 3, 4), (0, 1))]
)
def test_a_cover_hides_its_part_of_the_face(photo, landmarks, change, covered, free):
    worn = CHANGES[change](photo, landmarks)
    for index, (x, y) in enumerate(landmarks.astype(int)):
        here = (slice(y - 2, y + 3), slice(x - 2, x + 3))
        assert (np.ptp(worn[here]) < np.ptp(photo[here])) == (index in covered)
        assert (worn[here] == photo[here]).all() == (index in free)


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_no_change_touches_the_photo_it_is_given(photo, landmarks, change):
    before = photo.copy()
    changed = change(photo, landmarks)
    np.testing.assert_array_equal(photo, before)
    assert changed.dtype == np.uint8
    assert changed.shape != before.shape or (changed != before).any()
