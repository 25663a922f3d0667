"""From a frame to its observation, at a fraction of what a verification costs.

The face is searched for in the first frame, where it was lost, and in the frame that may be
matched; in between it is followed. It is embedded only where that decides something: in the frame
that may be matched, and in the one with which each step was done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from ml.errors import NoFace
from ml.faces.align import align
from ml.faces.quality import assess
from ml.faces.select import main_face, rivals
from ml.faces.types import DetectedFace, FaceDetector
from ml.liveness.challenge import Challenge
from ml.liveness.course import follow
from ml.liveness.follower import Follower
from ml.liveness.observation import CHIP_SIDE, Observation

TEMPLATE = "arcface"
EmbedFace = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Observer:
    """Detection, following and embedding of one engine."""

    def __init__(self, detector: FaceDetector, embed_face: EmbedFace) -> None:
        """`embed_face` takes a picture and landmarks, and answers float32 (d,)."""
        self._detector = detector
        self._embed_face = embed_face
        self._follower = Follower()

    def warm_up(self) -> None:
        """Compile what a first frame would otherwise wait for."""
        self._follower.warm_up()

    def observe(
        self, rgb: np.ndarray, at: float, challenge: Challenge, before: Sequence[Observation]
    ) -> Observation:
        """Observe one frame, (height, width, 3) uint8, after those before.

        Raises:
            NoFace: if there is no face in it.
        """
        face = self._follower.follow(rgb, before[-1].box) if before else None
        seen = _observation(rgb, len(before), at, *((face, 1) if face else self._search(rgb)))
        marks = follow(challenge, [*before, seen]).marks
        if seen.number not in marks:
            return seen
        if marks == (seen.number,) and face:
            seen = replace(seen, faces=self._search(rgb)[1])
        return seen.with_embedding(self._embed_face(rgb, seen.landmarks))

    def _search(self, rgb: np.ndarray) -> tuple[DetectedFace, int]:
        """The main face, and how many of its size there are."""
        height, width = rgb.shape[:2]
        faces = self._detector.detect(rgb, thorough=False)
        main = main_face(faces, width, height)
        if main is None:
            raise NoFace
        return main, 1 + len(rivals(faces, main))


def _observation(
    rgb: np.ndarray, number: int, at: float, face: DetectedFace, faces: int
) -> Observation:
    quality = assess(rgb, face)
    height, width = rgb.shape[:2]
    chip = cv2.cvtColor(align(rgb, face.landmarks, CHIP_SIDE, TEMPLATE), cv2.COLOR_RGB2GRAY)
    return Observation(
        number=number,
        at=at,
        faces=faces,
        width=width,
        height=height,
        box=face.box,
        landmarks=face.landmarks,
        confidence=face.confidence,
        yaw=quality.yaw,
        pitch=quality.pitch,
        roll=quality.roll,
        brightness=quality.brightness,
        sharpness=quality.sharpness,
        chip=chip,
    )
