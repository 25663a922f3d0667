"""Head pose from five landmarks.

An affine camera fits the landmarks of a mean 3D head to the picture. Yaw and pitch follow from the
nose's distance to the plane of eyes and mouth.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml.arrays import Landmarks

# The mean face's landmarks in millimetres: x to the picture's right, y down, z towards the camera.
# The nose is placed so that the median pitch of photos from the web is zero.
MEAN_HEAD_MM = np.array(
    [
        [-31.5, 0.0, 0.0],
        [31.5, 0.0, 0.0],
        [0.0, 39.5, 28.0],
        [-28.0, 67.0, 4.0],
        [28.0, 67.0, 4.0],
    ]
)
_FIT = np.linalg.pinv(np.column_stack([MEAN_HEAD_MM, np.ones(5)]))


class Pose(NamedTuple):
    """Angles of a head, in degrees.

    Attributes:
        yaw: positive when the nose points to the picture's right.
        pitch: positive when it points up.
        roll: positive when the head is rotated clockwise.
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks: Landmarks) -> Pose:
    """Estimate the pose from landmarks (5, 2); the error is about 10° for poses up to 45°."""
    upper, lower = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    down = lower - upper
    roll = np.arctan2(-down[0], down[1])
    cos, sin = np.cos(roll), np.sin(roll)
    upright = (landmarks - landmarks.mean(axis=0)) @ np.array([[cos, -sin], [sin, cos]])
    across, along, forward = (_FIT @ upright)[:3]
    yaw = np.arctan2(forward[0], abs(across[0]))
    pitch = np.arctan2(-forward[1], abs(along[1]))
    return Pose(*(float(np.degrees(angle)) for angle in (yaw, pitch, roll)))
