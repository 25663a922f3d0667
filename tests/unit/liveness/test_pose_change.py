"""Turns against an analytic pinhole camera."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.faces.pose import MEAN_HEAD_MM
from ml.lab.liveness.simulation.camera import Camera, Place, project
from ml.liveness.pose_change import Shape, Turn, nose_by_homography, nose_in_affine_frame

CAMERA = Camera()
PIVOT = (0.0, 35.0, 0.0)
HEAD = MEAN_HEAD_MM * [1, 1, 1] - [0, 0, 2]  # eyes and mouth about the plane z = 0
PICTURE = MEAN_HEAD_MM * [1, 1, 0]
FAR = 100_000.0
angles = st.floats(-50, 50)


def seen(points, **place):
    return project(CAMERA, Place(**place), points, PIVOT)


def turn(points, distance=FAR, **place):
    neutral = Shape.of(seen(points, distance=distance))
    return Turn.between(neutral, Shape.of(seen(points, distance=distance, **place)))


@given(angles, angles, st.floats(-40, 40), st.floats(250, 900))
def test_a_flat_pictures_nose_does_not_move_by_homography(yaw, pitch, roll, far):
    straight = nose_by_homography(seen(PICTURE, distance=450.0))
    held = nose_by_homography(seen(PICTURE, yaw=yaw, pitch=pitch, roll=roll, distance=far))

    assert held == pytest.approx(straight, abs=1e-3)


@given(angles, angles, st.floats(-40, 40))
def test_a_distant_flat_pictures_nose_does_not_move_in_the_affine_frame(yaw, pitch, roll):
    held = seen(PICTURE, yaw=yaw, pitch=pitch, roll=roll, distance=FAR)

    assert nose_in_affine_frame(held) == pytest.approx(
        nose_in_affine_frame(seen(PICTURE, distance=FAR)), abs=2e-3
    )


@pytest.mark.parametrize("yaw", [-40, -25, -10, 10, 25, 40])
def test_the_yaw_of_a_head_is_measured(yaw):
    assert turn(HEAD, yaw=yaw).yaw == pytest.approx(yaw, abs=2.5)
    assert abs(turn(HEAD, yaw=yaw).pitch) < 6


@pytest.mark.parametrize("pitch", [-20, -10, 10, 20])
def test_the_pitch_of_a_head_is_measured(pitch):
    assert turn(HEAD, pitch=pitch).pitch == pytest.approx(pitch, abs=4)


def test_left_is_the_persons_own():
    assert turn(HEAD, yaw=20).towards("turn_left") > 15
    assert turn(HEAD, yaw=-20).towards("turn_right") > 15
    assert turn(HEAD, pitch=15).towards("turn_up") > 10
    assert turn(HEAD, pitch=-15).towards("turn_down") > 10


def test_a_tilted_picture_is_foreshortened_without_turning():
    tilted = turn(PICTURE, yaw=40)

    assert abs(tilted.yaw) < 1
    assert tilted.foreshortening("turn_left") == pytest.approx(np.cos(np.radians(40)), abs=0.01)


@pytest.mark.parametrize("closer", [1.2, 1.5])
def test_coming_closer_reads_as_growth(closer):
    neutral, near = (Shape.of(seen(PICTURE, distance=each)) for each in (450, 450 / closer))

    assert Turn.between(neutral, near).growth == pytest.approx(closer, abs=0.01)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=10, max_size=10))
def test_any_five_points_have_a_shape_of_finite_numbers(values):
    shape = Shape.of(np.array(values, np.float32).reshape(5, 2))

    assert np.isfinite([*shape.nose, shape.eyes, shape.height]).all()
    assert shape.eyes > 0 < shape.height
