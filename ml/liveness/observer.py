"""From a frame to its observation, at a fraction of what a verification costs.

The face is searched for in the first frame, where it was lost, and once while it looks straight
ahead; in between it is followed. Pose, light and sharpness are measured until it looked straight
ahead, relief where a turn goes far enough, and it is embedded in the frame that may be matched and
in the one with which each step was done: only where each of them decides something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from ml.errors import NoFace
from ml.faces.align import align
from ml.faces.pose import head_pose
from ml.faces.quality import assess
from ml.faces.select import main_face, rivals
from ml.faces.types import DetectedFace, FaceDetector
from ml.liveness.challenge import Challenge
from ml.liveness.colour_reflection import face_colours
from ml.liveness.observation import CHIP_SIDE, CLOSE_UP_SIDE, NOT_COUNTED, Observation
from ml.liveness.parallax import relief
from ml.liveness.progress import Progress
from ml.liveness.state_machine import ChallengeState, first_of_neutral, follow
from ml.liveness.tracker import FaceTracker

TEMPLATE = "arcface"
# Picture and landmarks, and the embedding of the same person looking straight ahead, where known.
EmbedFace = Callable[[np.ndarray, np.ndarray, np.ndarray | None], np.ndarray]


class Observer:
    """Detection, following and embedding of one engine."""

    def __init__(self, detector: FaceDetector, embed_face: EmbedFace) -> None:
        """`embed_face` answers float32 (d,)."""
        self._detector = detector
        self._embed_face = embed_face
        self._tracker = FaceTracker()

    def observe(
        self, rgb: np.ndarray, at: float, challenge: Challenge, before: Sequence[Observation]
    ) -> tuple[Observation, Progress]:
        """Observe one frame, (height, width, 3) uint8, after those before; how far it is with it.

        Raises:
            NoFace: if there is no face in it.
        """
        face = self._tracker.follow(rgb, before[-1].box) if before else None
        found = (face, NOT_COUNTED) if face else self._search(rgb)
        # exactly the frames with which something was done are embedded
        known = [each.number for each in before if each.embedding is not None]
        seen = (_glanced_at if known else _measured)(rgb, len(before), at, *found)
        if challenge.light:
            skin, dark = face_colours(rgb, seen.landmarks)
            seen = replace(seen, skin=skin, dark=dark)
        course = follow(challenge, [*before, seen], known=known)
        if course.marks == (seen.number,) and not _counted([*before, seen], course):
            seen = replace(seen, faces=self._search(rgb)[1])
            course = follow(challenge, [*before, seen])
        elif course.share >= 1 and seen.number not in course.marks:
            seen = replace(seen, relief=_relief(rgb, seen, before[course.marks[0]]))
            course = follow(challenge, [*before, seen], known=known)
        now = Progress.along(challenge, course, [*before, seen])
        if seen.number not in course.marks:
            return seen, now
        if len(course.marks) == 1:
            seen = replace(seen, close_up=_grey_face(rgb, seen.landmarks, CLOSE_UP_SIDE))
        front = before[course.marks[0]].embedding if len(course.marks) > 1 else None
        return seen.with_embedding(self._embed_face(rgb, seen.landmarks, front)), now

    def _search(self, rgb: np.ndarray) -> tuple[DetectedFace, int]:
        """The main face, and how many of its size there are."""
        height, width = rgb.shape[:2]
        faces = self._detector.detect(rgb, thorough=False)
        main = main_face(faces, width, height)
        if main is None:
            raise NoFace
        return main, 1 + len(rivals(faces, main))


def _counted(observations: Sequence[Observation], course: ChallengeState) -> bool:
    """Whether all faces were searched for while the one looked straight ahead."""
    return any(seen.faces for seen in observations[first_of_neutral(course) :])


def _measured(
    rgb: np.ndarray, number: int, at: float, face: DetectedFace, faces: int
) -> Observation:
    """With all that tells whether a face looks straight ahead, well lit and sharp."""
    quality, pose = assess(rgb, face), head_pose(face.landmarks)
    return replace(
        _glanced_at(rgb, number, at, face, faces),
        yaw=pose.yaw,
        pitch=pose.pitch,
        roll=pose.roll,
        brightness=quality.brightness,
        sharpness=quality.sharpness,
    )


def _glanced_at(
    rgb: np.ndarray, number: int, at: float, face: DetectedFace, faces: int
) -> Observation:
    """With what is asked of the frames that follow."""
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


def _relief(rgb: np.ndarray, seen: Observation, neutral: Observation) -> float:
    """Of a frame against the one that looked straight ahead."""
    if neutral.close_up is None:
        return 0.0
    return relief(neutral.close_up, _grey_face(rgb, seen.landmarks, CLOSE_UP_SIDE))


def _grey_face(rgb: np.ndarray, landmarks: np.ndarray, side: int) -> np.ndarray:
    """The upright face, uint8 (side, side)."""
    return cv2.cvtColor(align(rgb, landmarks, side, TEMPLATE), cv2.COLOR_RGB2GRAY)
