"""Observation of a frame, at a fraction of the cost of a verification.

The detector runs in the first frame, after the face was lost, and once while the person looks
straight ahead; a tracker covers the frames between. Each measure is taken only where it decides:
pose, light and sharpness until the frontal frame, the homography residual after a large enough
turn, and the embedding in the frontal frame and in each frame that completes a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from ml.arrays import Embedding, Landmarks, Pixels
from ml.errors import NoFace
from ml.faces.align import align
from ml.faces.pose import head_pose
from ml.faces.quality import assess
from ml.faces.select import main_face, rivals
from ml.faces.types import DetectedFace, FaceDetector
from ml.liveness.challenge import Challenge
from ml.liveness.colour_reflection import face_colours
from ml.liveness.observation import (
    CHIP_SIDE,
    CLOSE_UP_SIDE,
    NOT_COUNTED,
    GreyFace,
    Observation,
)
from ml.liveness.parallax import homography_residual
from ml.liveness.progress import Progress
from ml.liveness.state_machine import ChallengeState, first_frontal_frame, follow
from ml.liveness.tracker import FaceTracker

TEMPLATE = "arcface"
# Takes picture, landmarks and the frontal embedding of the same person, if there is one.
EmbedFace = Callable[[Pixels, Landmarks, Embedding | None], Embedding]


class Observer:
    """Detection, tracking and embedding of one engine."""

    def __init__(self, detector: FaceDetector, embed_face: EmbedFace) -> None:
        """Take the engine's detector and its `embed_face`, which returns float32 (d,)."""
        self._detector = detector
        self._embed_face = embed_face
        self._tracker = FaceTracker()

    def observe(
        self, rgb: Pixels, at: float, challenge: Challenge, before: Sequence[Observation]
    ) -> tuple[Observation, Progress]:
        """Observe one frame, (height, width, 3) uint8, and return the progress with it.

        Raises:
            NoFace: if the frame shows no face.
        """
        face = self._tracker.follow(rgb, before[-1].box) if before else None
        found = (face, NOT_COUNTED) if face else self._detect(rgb)
        # Exactly the frames that completed a step have an embedding.
        known = [each.number for each in before if each.embedding is not None]
        seen = (_tracked if known else _measured)(rgb, len(before), at, *found)
        if challenge.light:
            skin, dark = face_colours(rgb, seen.landmarks)
            seen = replace(seen, skin=skin, dark=dark)
        state = follow(challenge, [*before, seen], known=known)
        if state.step_frames == (seen.number,) and not _counted([*before, seen], state):
            seen = replace(seen, faces=self._detect(rgb)[1])
            state = follow(challenge, [*before, seen])
        elif state.share >= 1 and seen.number not in state.step_frames:
            frontal = before[state.step_frames[0]]
            seen = replace(seen, relief=_residual(rgb, seen, frontal))
            state = follow(challenge, [*before, seen], known=known)
        progress = Progress.of_state(challenge, state, [*before, seen])
        if seen.number not in state.step_frames:
            return seen, progress
        first, *later = state.step_frames
        if not later:
            seen = replace(seen, close_up=_grey_face(rgb, seen.landmarks, CLOSE_UP_SIDE))
        embedding = before[first].embedding if later else None
        return seen.with_embedding(self._embed_face(rgb, seen.landmarks, embedding)), progress

    def _detect(self, rgb: Pixels) -> tuple[DetectedFace, int]:
        """Return the main face, and the number of faces of comparable size."""
        height, width = rgb.shape[:2]
        faces = self._detector.detect(rgb, thorough=False)
        main = main_face(faces, width, height)
        if main is None:
            raise NoFace
        return main, 1 + len(rivals(faces, main))


def _counted(observations: Sequence[Observation], state: ChallengeState) -> bool:
    """Return whether the detector counted the faces in a frontal frame."""
    return any(seen.faces for seen in observations[first_frontal_frame(state) :])


def _measured(rgb: Pixels, number: int, at: float, face: DetectedFace, faces: int) -> Observation:
    """Return an observation with pose, light and sharpness."""
    quality, pose = assess(rgb, face), head_pose(face.landmarks)
    return replace(
        _tracked(rgb, number, at, face, faces),
        yaw=pose.yaw,
        pitch=pose.pitch,
        roll=pose.roll,
        brightness=quality.brightness,
        sharpness=quality.sharpness,
    )


def _tracked(rgb: Pixels, number: int, at: float, face: DetectedFace, faces: int) -> Observation:
    """Return an observation with box, landmarks and chip only."""
    height, width = rgb.shape[:2]
    return Observation(
        number=number,
        at=at,
        faces=faces,
        width=width,
        height=height,
        box=face.box,
        landmarks=face.landmarks,
        confidence=face.confidence,
        chip=_grey_face(rgb, face.landmarks, CHIP_SIDE),
    )


def _residual(rgb: Pixels, seen: Observation, frontal: Observation) -> float:
    """Return the homography residual of a frame against the frontal one."""
    if frontal.close_up is None:
        return 0.0
    return homography_residual(frontal.close_up, _grey_face(rgb, seen.landmarks, CLOSE_UP_SIDE))


def _grey_face(rgb: Pixels, landmarks: Landmarks, side: int) -> GreyFace:
    """Return the aligned face, uint8 (side, side)."""
    grey = cv2.cvtColor(align(rgb, landmarks, side, TEMPLATE), cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.uint8)
