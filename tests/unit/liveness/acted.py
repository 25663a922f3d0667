"""Observations of an ideal head in a pinhole camera, without pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ml import Challenge, Observation, Step, progress
from ml.faces.pose import MEAN_HEAD_MM
from ml.lab.liveness.simulation.camera import Camera, Place, project
from ml.liveness.observation import CHIP_SIDE

CAMERA = Camera()
SECONDS = 0.2
CHALLENGE = Challenge(
    (Step("turn_left", 15.0, 0.2), Step("turn_up", 12.0, 0.2), Step("come_closer", 1.25, 0.2)),
    "normal",
)
FACE = np.random.default_rng(1).integers(0, 255, (CHIP_SIDE, CHIP_SIDE)).astype(np.uint8)
SOMEBODY = np.eye(4, dtype=np.float32)[0]


def observation(number: int, place: Place, *, flat: bool = False) -> Observation:
    """Return the observation of a head, or of a picture of it, with an embedding.

    The relief is a head's in both cases, so only the five landmarks expose the picture.
    """
    points = MEAN_HEAD_MM * [1, 1, 0 if flat else 1]
    landmarks = project(CAMERA, place, points, (0.0, 35.0, 0.0)).astype(np.float32)
    height = 2.6 * float(landmarks[3:, 1].mean() - landmarks[:2, 1].mean())
    x, y = landmarks.mean(axis=0)
    return Observation(
        number=number,
        at=SECONDS * (number + 1),
        faces=1,
        width=CAMERA.width,
        height=CAMERA.height,
        box=(float(x) - height / 3, float(y) - height / 2, height / 1.5, height),
        landmarks=landmarks,
        confidence=0.99,
        yaw=0.0,
        pitch=0.0,
        roll=0.0,
        brightness=120.0,
        sharpness=15.0,
        chip=FACE,
        embedding=SOMEBODY,
        relief=12.0,
    )


def goal(step: Step | None) -> Place:
    """Return the pose of a head that follows a step."""
    if step is None:
        return Place()
    moved = {
        "turn_left": {"yaw": step.amount + 4},
        "turn_right": {"yaw": -step.amount - 4},
        "turn_up": {"pitch": step.amount + 6},
        "turn_down": {"pitch": -step.amount - 6},
        "come_closer": {"distance": 450 / (step.amount + 0.08)},
    }
    return replace(Place(), **moved[step.kind])


def acted(challenge: Challenge, *, flat: bool = False, most: int = 90) -> list[Observation]:
    """Return the frames of a person who waits, then completes each step within a second."""
    frames: list[Observation] = []
    place, asked, since = Place(), 0, 0
    while len(frames) < most:
        frames.append(observation(len(frames), place, flat=flat))
        now = progress(challenge, frames)
        if now.done or now.failed:
            break
        if now.step != asked:
            asked, since = now.step, len(frames)
        if asked and len(frames) - since >= 2:
            place = _towards(place, goal(challenge.steps[asked - 1]))
    return frames


def _towards(here: Place, there: Place) -> Place:
    return Place(
        **{name: value + 0.35 * (vars(there)[name] - value) for name, value in vars(here).items()}
    )
