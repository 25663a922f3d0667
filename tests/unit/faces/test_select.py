from __future__ import annotations

import numpy as np
import pytest

from ml.faces.select import main_face, off_centre, rivals
from ml.faces.types import DetectedFace

WIDTH, HEIGHT = 640, 480


def face(x: float, y: float, size: float) -> DetectedFace:
    """Return a face of `size` pixels around (x, y)."""
    box = (x - size / 2, y - size / 2, size, size)
    return DetectedFace(box, np.zeros((5, 2), np.float32), 1.0)


def test_no_face_has_no_main_face() -> None:
    assert main_face([], WIDTH, HEIGHT) is None


def test_the_larger_of_two_central_faces_is_the_main_one() -> None:
    small, large = face(300, 240, 100), face(340, 240, 160)
    assert main_face([small, large], WIDTH, HEIGHT) is large


def test_the_more_central_of_equal_faces_is_the_main_one() -> None:
    edge, middle = face(60, 60, 120), face(320, 240, 120)
    assert main_face([edge, middle], WIDTH, HEIGHT) is middle


def test_a_much_larger_face_off_the_centre_wins() -> None:
    background, person = face(320, 240, 40), face(180, 240, 200)
    assert main_face([background, person], WIDTH, HEIGHT) is person


def test_a_second_face_of_comparable_size_is_a_rival() -> None:
    main, second, far = face(320, 240, 150), face(100, 200, 120), face(560, 100, 30)
    assert rivals([main, second, far], main) == [second]


def test_a_face_is_no_rival_of_itself() -> None:
    main = face(320, 240, 150)
    assert rivals([main], main) == []


@pytest.mark.parametrize(
    ("x", "y", "expected"), [(319.5, 239.5, 0.0), (-0.5, -0.5, 1.0), (319.5, -0.5, 0.6)]
)
def test_distance_from_the_middle_is_a_share_of_half_the_diagonal(
    x: float, y: float, expected: float
) -> None:
    assert off_centre(face(x, y, 50), WIDTH, HEIGHT) == pytest.approx(expected)
