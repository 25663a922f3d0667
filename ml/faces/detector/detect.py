"""Detection of faces with five landmarks: YuNet finds the faces, O-Net refines each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ml.arrays import Pixels
from ml.faces.detector import networks
from ml.faces.detector.boxes import regressed, squared, suppress
from ml.faces.detector.coarse import Coarse
from ml.faces.detector.networks import NEUTRAL, ONET_SIDE
from ml.faces.detector.orientation import QUARTERS, Orientation
from ml.faces.rotation import RotatedPicture
from ml.faces.select import main_face
from ml.faces.types import DetectedFace
from ml.faces.warp import warp


@dataclass(frozen=True)
class DetectionSettings:
    """Settings of the detection. Scores are 0 to 1, overlaps are shares of area.

    Attributes:
        search_side_px: longest side of the searched picture; larger ones are scaled down.
        thorough_side_px: the same for the thorough pass, to which smaller ones are scaled up.
        closest_side_px: the same where the thorough pass finds no face in a larger picture.
        coarse_side_px: a picture is first reduced by a whole factor to at least this side; at least
            search_side_px.
        least_score: smallest YuNet score of a candidate for O-Net.
        score_overlap: intersection over union above which YuNet drops the worse candidate.
        most_candidates: largest number of candidates that YuNet compares for overlap.
        window: side of O-Net's input square, in longer sides of YuNet's box.
        output: O-Net's probability above which a candidate is a face.
        sure_output: O-Net's probability from which a rotated face is kept; below it, the reading of
            the unrotated picture is kept if O-Net is surer of that. A masked face is often so.
        output_overlap: intersection over the smaller box above which the worse face is dropped.
    """

    search_side_px: int = 320
    thorough_side_px: int = 640
    closest_side_px: int = 1280
    coarse_side_px: int = 640
    least_score: float = 0.6
    score_overlap: float = 0.3
    most_candidates: int = 500
    window: float = 0.8
    output: float = 0.5
    sure_output: float = 0.9
    output_overlap: float = 0.7

    def search_scale(self, rgb: np.ndarray) -> float:
        """Return the scale of a picture in the search, at most 1."""
        return min(1.0, self.search_side_px / max(rgb.shape[:2]))


SETTINGS = DetectionSettings()
# Rotations of a picture without a face, in degrees anticlockwise.
ROTATIONS = QUARTERS[1:]

# Takes a picture and a face in it; returns the rotation that makes the face upright.
FindAngle = Callable[[Pixels, DetectedFace], float]


class Detector:
    """YuNet and O-Net; threads share it."""

    def __init__(
        self, settings: DetectionSettings = SETTINGS, folder: Path = networks.FOLDER
    ) -> None:
        """Load both networks from a folder.

        Raises:
            ModelBroken: if a file is missing, damaged or replaced.
        """
        self.settings = settings
        self._yunet = networks.yunet(
            folder, settings.least_score, settings.score_overlap, settings.most_candidates
        )
        self._orientation = Orientation(self._yunet)
        self._onet = networks.onet(folder)

    def detect(self, rgb: np.ndarray, *, thorough: bool = True) -> list[DetectedFace]:
        """Detect all faces.

        Args:
            rgb: (height, width, 3) uint8.
            thorough: if no face is found, search for smaller faces, then in the picture rotated by
                90, 180 and 270 degrees; find the exact rotation of a face that is not upright.

        Returns:
            The faces, the most confident first. Landmarks are in the coordinates of `rgb`, also
            those of sideways and upside-down faces.
        """
        coarse, side = Coarse.of(rgb, self.settings.coarse_side_px), self.settings.search_side_px
        if not thorough:
            return self._search(rgb, coarse, side, self._orientation.quarter)
        faces = self._search(rgb, coarse, side, self._orientation.exact)
        return faces or self._search_thoroughly(rgb)

    def _search_thoroughly(self, rgb: Pixels) -> list[DetectedFace]:
        """Search at two larger sides, then in the picture rotated by 90°, 180° or 270°."""
        closer, closest = self.settings.thorough_side_px, self.settings.closest_side_px
        coarse, find_angle = Coarse.of(rgb, closest), self._orientation.exact
        faces = self._search(rgb, coarse, closer, find_angle, enlarge=True)
        if not faces and max(rgb.shape[:2]) > closer:
            faces = self._search(rgb, coarse, closest, find_angle)
        if faces:
            return faces
        rotated = RotatedPicture.of(rgb, self._best_rotation(coarse.pixels))
        coarse = Coarse.of(rotated.pixels, closer)
        faces = self._search(rotated.pixels, coarse, closer, find_angle)
        return [rotated.face_back(face) for face in faces]

    def _search(
        self,
        rgb: Pixels,
        coarse: Coarse,
        side: int,
        find_angle: FindAngle,
        *,
        enlarge: bool = False,
    ) -> list[DetectedFace]:
        """Search a picture at a longest side of `side` pixels, rotated if the face is turned."""
        small = _scaled(coarse.pixels, side, enlarge=enlarge)
        candidates = self._yunet(small)
        main = main_face(candidates, small.shape[1], small.shape[0])
        if main is None:
            return []
        angle = find_angle(small, main)
        rotated = self._search_rotated(rgb, angle, small) if angle else []
        if _surest(rotated) >= self.settings.sure_output:
            return rotated
        return max(
            rotated, self._faces(rgb, coarse, _to_full(candidates, small, coarse)), key=_surest
        )

    def _search_rotated(self, rgb: Pixels, angle: float, unrotated: Pixels) -> list[DetectedFace]:
        """Search a picture rotated by `angle` degrees anticlockwise for upright faces.

        The scale is that of `unrotated`, the searched picture before the rotation. Landmarks are in
        the coordinates of the picture before the rotation.
        """
        rotated = RotatedPicture.of(rgb, angle)
        scale = max(unrotated.shape[:2]) / max(rgb.shape[:2])
        side = round(max(rotated.pixels.shape[:2]) * scale)
        coarse = Coarse.of(rotated.pixels, max(side, self.settings.coarse_side_px))
        small = _scaled(coarse.pixels, side, enlarge=True)
        found = _to_full(self._yunet(small), small, coarse)
        return [rotated.face_back(face) for face in self._faces(rotated.pixels, coarse, found)]

    def _best_rotation(self, picture: Pixels) -> int:
        """Return the one of ROTATIONS at which YuNet gives the highest score."""
        small = _scaled(picture, self.settings.thorough_side_px)

        def score(angle: int) -> float:
            rotated = RotatedPicture.of(small, angle).pixels
            return max((face.confidence for face in self._yunet(rotated)), default=0.0)

        return max(ROTATIONS, key=score)

    def _faces(self, rgb: np.ndarray, coarse: Coarse, boxes: np.ndarray) -> list[DetectedFace]:
        """Return the candidates that O-Net accepts, refined in the full-size picture.

        O-Net runs twice, the second time on the square of its own box: its landmarks are most
        accurate when the face is positioned as in training.
        """
        if len(boxes) == 0:
            return []
        boxes, _, _ = self._refined(rgb, coarse, squared(boxes, self.settings.window))
        boxes, landmarks, scores = self._refined(rgb, coarse, squared(boxes))
        passed = np.flatnonzero(scores > self.settings.output)
        overlap = self.settings.output_overlap
        kept = passed[suppress(boxes[passed], scores[passed], overlap, "min")]
        return [_face(boxes[index], landmarks[index], scores[index]) for index in kept]

    def _refined(
        self, rgb: np.ndarray, coarse: Coarse, windows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return O-Net's boxes (n, 4), landmarks (n, 5, 2) and scores (n,) of squares (n, 4)."""
        crops = np.stack([_output_crop(rgb, coarse, window) for window in windows])
        offsets, shares, probabilities = self._onet(crops)
        # Five x, then five y, as shares of the square.
        landmarks = shares.reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = windows[:, None, :2] + landmarks * (windows[:, 2:] - windows[:, :2])[:, None]
        return regressed(windows, offsets), landmarks, probabilities[:, 1]


def _surest(faces: Sequence[DetectedFace]) -> float:
    """Return the highest confidence of faces, 0 without any."""
    return max((face.confidence for face in faces), default=0.0)


def _scaled(rgb: np.ndarray, side: int, *, enlarge: bool = False) -> np.ndarray:
    """Scale a picture to a longest side of `side` pixels; enlarge only if `enlarge`."""
    scale = side / max(rgb.shape[:2])
    if scale == 1 or (scale > 1 and not enlarge):
        return rgb
    size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _corners(faces: Sequence[DetectedFace]) -> np.ndarray:
    """Return boxes x1, y1, x2, y2, float64 (n, 4)."""
    boxes = np.array([face.box for face in faces]).reshape(-1, 4)
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])


def _to_full(faces: Sequence[DetectedFace], small: np.ndarray, coarse: Coarse) -> np.ndarray:
    """Map boxes of faces in a small picture to the full-size one, (n, 4) in pixels."""
    factors = np.tile(np.divide(coarse.pixels.shape[1::-1], small.shape[1::-1]), 2)
    return coarse.to_full((_corners(faces) + 0.5) * factors - 0.5)


def _output_crop(rgb: np.ndarray, coarse: Coarse, box: np.ndarray) -> np.ndarray:
    """Return O-Net's input for a candidate, from the coarse picture if it has enough pixels."""
    if box[2] - box[0] >= ONET_SIDE * coarse.factor:
        rgb, box = coarse.pixels, coarse.from_full(box)
    return warp(rgb, _to_crop(box, ONET_SIDE), ONET_SIDE, NEUTRAL)


def _to_crop(box: np.ndarray, side: int) -> np.ndarray:
    """Return the map from a box, between pixel centres, to a square of `side` pixels."""
    steps = (side - 1) / (box[2:] - box[:2])
    shift = -steps * box[:2]
    return np.array([[steps[0], 0, shift[0]], [0, steps[1], shift[1]]])


def _face(box: np.ndarray, landmarks: np.ndarray, score: float) -> DetectedFace:
    x1, y1, x2, y2 = (float(value) for value in box)
    return DetectedFace((x1, y1, x2 - x1, y2 - y1), landmarks.astype(np.float32), float(score))
