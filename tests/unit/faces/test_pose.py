from __future__ import annotations

import numpy as np
import pytest

from ml.faces.align import TEMPLATES
from ml.faces.pose import MEAN_HEAD_MM, head_pose


def seen(yaw: float = 0, pitch: float = 0, roll: float = 0, scale: float = 2.0) -> np.ndarray:
    """Return the landmarks of the mean head, rotated and seen from far away: (5, 2) pixels."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turned = MEAN_HEAD_MM @ (about_z @ about_x @ about_y).T
    return turned[:, :2] * scale + (300, 200)


def test_the_mean_head_looks_straight_ahead() -> None:
    assert np.abs(head_pose(seen())).max() < 1e-6


@pytest.mark.parametrize("yaw", [-45, -20, 20, 45])
def test_yaw_is_positive_to_the_pictures_right(yaw: float) -> None:
    pose = head_pose(seen(yaw=yaw))
    assert pose.yaw == pytest.approx(yaw, abs=3)
    assert abs(pose.pitch) < 5


@pytest.mark.parametrize("pitch", [-30, -15, 15, 30])
def test_pitch_is_positive_upwards(pitch: float) -> None:
    pose = head_pose(seen(pitch=pitch))
    assert pose.pitch == pytest.approx(pitch, abs=3)
    assert abs(pose.yaw) < 1


@pytest.mark.parametrize("roll", [-150, -40, 25, 90])
def test_roll_is_positive_clockwise(roll: float) -> None:
    assert head_pose(seen(roll=roll)).roll == pytest.approx(roll, abs=1)


def test_size_and_place_do_not_matter() -> None:
    near, far = (head_pose(seen(20, 10, 15, scale)) for scale in (5.0, 0.3))
    np.testing.assert_allclose(near, far, atol=1e-6)


def test_the_template_is_nearly_frontal() -> None:
    pose = head_pose(TEMPLATES["dlib"].scaled(150))
    assert abs(pose.yaw) < 1
    assert abs(pose.roll) < 1
