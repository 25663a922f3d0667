from __future__ import annotations

import numpy as np
import pytest

from ml.faces.pose import MEAN_HEAD_MM, head_pose
from ml.faces.rotation import LEAN, RotatedPicture, upright, upright_angle
from ml.faces.types import DetectedFace

PICTURE = np.random.default_rng(1).integers(0, 256, (90, 140, 3), np.uint8)


def face_at(x: float, y: float, roll: float = 0.0) -> DetectedFace:
    """Return a face of 30 × 40 pixels around a point, its head rotated clockwise by `roll`."""
    angle = np.radians(roll)
    clockwise = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = (MEAN_HEAD_MM[:, :2] - [0, 35]) / 3 @ clockwise + (x, y)
    return DetectedFace((x - 15, y - 20, 30, 40), points.astype(np.float32), 0.99)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_quarter_turn_keeps_every_pixel(turns: int) -> None:
    rotated = RotatedPicture.of(PICTURE, 90 * turns)
    assert (rotated.pixels == np.rot90(PICTURE, turns)).all()


@pytest.mark.parametrize("angle", [30, 90, 135, 180, 250.5, 270])
def test_a_pixel_is_where_its_map_says(angle: float) -> None:
    spot = np.zeros_like(PICTURE)
    spot[58:63, 28:33] = 255
    rotated = RotatedPicture.of(spot, angle)
    rows, columns = np.nonzero(rotated.pixels[..., 0] > 127)
    there = rotated.there @ [30, 60, 1]
    assert (columns.mean(), rows.mean()) == pytest.approx(tuple(there), abs=0.2)
    assert rotated.back @ [*there, 1] == pytest.approx([30, 60])


@pytest.mark.parametrize("angle", [30, 90, 135, 180, 270])
def test_the_whole_picture_stays_in_view(angle: float) -> None:
    rotated = RotatedPicture.of(PICTURE, angle)
    corners = np.array([[0, 0, 1], [139, 0, 1], [0, 89, 1], [139, 89, 1]]) @ rotated.there.T
    height, width = rotated.pixels.shape[:2]
    assert (corners > -1).all()
    assert (corners < (width, height)).all()


@pytest.mark.parametrize("angle", [60, 90, 180])
def test_a_face_comes_back_to_its_place(angle: float) -> None:
    face, rotated = face_at(50, 40), RotatedPicture.of(PICTURE, angle)
    again = rotated.face_back(rotated.face_there(face))
    assert again.box == pytest.approx(face.box, abs=1e-4)
    assert again.landmarks == pytest.approx(face.landmarks, abs=1e-4)


@pytest.mark.parametrize("roll", range(-180, 181, 15))
def test_a_face_of_any_roll_becomes_upright(roll: int) -> None:
    picture, face = upright(PICTURE, face_at(70, 45, roll))
    assert abs(head_pose(face.landmarks).roll) <= LEAN
    assert (face.landmarks >= 0).all()
    assert (face.landmarks < picture.shape[1::-1]).all()


@pytest.mark.parametrize(
    ("roll", "angle"), [(0, 0), (-12, 0), (98, 90), (-85, 270), (175, 180), (-179, 180), (45, 45)]
)
def test_pixels_are_kept_where_a_quarter_turn_suffices(roll: float, angle: float) -> None:
    assert upright_angle(roll) == angle


def test_an_upright_picture_is_not_copied() -> None:
    picture, face = upright(PICTURE, original := face_at(70, 45, roll=8))
    assert picture is PICTURE
    assert face is original
