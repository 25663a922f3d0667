"""Faces and five landmarks in a picture of any size.

The cascade is that of the `mtcnn` package: proposals on an image pyramid, refinement, and an
output stage that looks at the full-size picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from ml.faces.detector import networks
from ml.faces.detector.boxes import regressed, squared, suppress
from ml.faces.detector.coarse import Coarse
from ml.faces.detector.mosaic import NEUTRAL, Level, Mosaic
from ml.faces.detector.networks import OUTPUT_SIDE, PROPOSAL_CELL, PROPOSAL_STRIDE, REFINE_SIDE
from ml.faces.types import DetectedFace
from ml.faces.warp import sample, warp

# shorter side of the wide and high canvases, in percent of the longer one: that of most cameras
NARROW_SHARE = 75


@dataclass(frozen=True)
class DetectionSettings:
    """How the cascade searches. Thresholds are probabilities, overlaps are shares of area.

    Attributes:
        search_side_px: longest side of the picture that is searched; larger ones are scaled down.
        thorough_side_px: the same for the thorough pass, to which smaller ones are scaled up.
        coarse_side_px: pictures are first reduced by a whole factor down to at least this; it must
            be at least as long as the other two.
        smallest_face_px: the smallest face sought, in the searched picture.
        scale_step: from one level of the pyramid to the next.
        proposal, refine, output: probability of a face from which on a candidate passes a stage.
        level_overlap, proposal_overlap, refine_overlap: intersection over union above which the
            worse candidate is dropped, on one level, over all levels, and after refinement.
        output_overlap: intersection over the smaller box, after the last stage.
        most_candidates: that go from one stage to the next, the best first.
    """

    search_side_px: int = 320
    thorough_side_px: int = 640
    coarse_side_px: int = 640
    smallest_face_px: int = 20
    scale_step: float = 0.709
    proposal: float = 0.7
    refine: float = 0.7
    output: float = 0.8
    level_overlap: float = 0.5
    proposal_overlap: float = 0.7
    refine_overlap: float = 0.7
    output_overlap: float = 0.7
    most_candidates: int = 128

    def scales(self, side: int) -> tuple[float, ...]:
        """Scales of the pyramid of a picture of `side` pixels, down to one cell."""
        first = PROPOSAL_CELL / self.smallest_face_px
        count = int(np.log(PROPOSAL_CELL / (side * first)) / np.log(self.scale_step)) + 1
        return tuple(first * self.scale_step**level for level in range(count))

    def search_scale(self, rgb: np.ndarray) -> float:
        """By how much a picture is scaled before it is searched, at most 1."""
        return min(1.0, self.search_side_px / max(rgb.shape[:2]))


SETTINGS = DetectionSettings()


@cache
def _mosaic(settings: DetectionSettings, width: int, height: int | None = None) -> Mosaic:
    height = height or width
    return Mosaic.of(width, height, settings.scales(min(width, height)))


class Detector:
    """The cascade; may be shared by threads."""

    def __init__(self, settings: DetectionSettings = SETTINGS) -> None:
        self.settings = settings
        self._propose = networks.proposal_network()
        self._refine = networks.refine_network()
        self._output = networks.output_network()

    def detect(self, rgb: np.ndarray, *, thorough: bool = True) -> list[DetectedFace]:
        """Find all faces.

        Args:
            rgb: (height, width, 3) uint8.
            thorough: where nothing is found, look again for smaller faces, and for faces in the
                picture turned by 90, 270 and 180 degrees.

        Returns:
            The faces, the most confident first; landmarks in the coordinates of `rgb`.
        """
        faces = self._search(rgb, self.settings.search_side_px)
        if faces or not thorough:
            return faces
        return self._search_thoroughly(rgb)

    def _search_thoroughly(self, rgb: np.ndarray) -> list[DetectedFace]:
        faces = self._search(rgb, self.settings.thorough_side_px, enlarge=True)
        if faces:
            return faces
        for turns in (1, 3, 2):
            turned = np.ascontiguousarray(np.rot90(rgb, turns))
            faces = self._search(turned, self.settings.search_side_px)
            if faces:
                return [_turned_back(face, turns, rgb.shape) for face in faces]
        return []

    def _search(self, rgb: np.ndarray, side: int, *, enlarge: bool = False) -> list[DetectedFace]:
        """Search a picture at a longest side of `side` pixels."""
        coarse = Coarse.of(rgb, self.settings.coarse_side_px)
        scale = side / max(coarse.pixels.shape[:2])
        small = _scaled(coarse.pixels, scale if enlarge else min(scale, 1.0))
        mosaic = self._canvas(*small.shape[:2])
        boxes = self._proposed(mosaic, mosaic.levels(small, PROPOSAL_CELL))
        boxes = self._refined(small, boxes)
        factors = np.tile(np.divide(coarse.pixels.shape[1::-1], small.shape[1::-1]), 2)
        return self._faces(rgb, coarse, coarse.to_full((boxes + 0.5) * factors - 0.5))

    def _canvas(self, height: int, width: int) -> Mosaic:
        """The smallest canvas that a picture fits in: wide, high, square, or the thorough one."""
        side = self.settings.search_side_px
        shorter = side * NARROW_SHARE // 100
        if max(height, width) > side:
            return _mosaic(self.settings, self.settings.thorough_side_px)
        if height <= shorter:
            return _mosaic(self.settings, side, shorter)
        if width <= shorter:
            return _mosaic(self.settings, shorter, side)
        return _mosaic(self.settings, side)

    def _proposed(self, mosaic: Mosaic, levels: list[Level]) -> np.ndarray:
        """Candidates of P-Net on all levels, (n, 4) squares in pixels of the searched picture."""
        offsets, probabilities = self._propose(mosaic.paint(levels)[None])
        found = [np.empty((0, 5))]
        for level, slot in zip(levels, mosaic.slots, strict=False):
            rows, columns = (
                slice(start // PROPOSAL_STRIDE, start // PROPOSAL_STRIDE + _cells(length))
                for start, length in zip((slot.y, slot.x), level.pixels.shape[:2], strict=True)
            )
            found.append(
                self._on_level(level, offsets[0, rows, columns], probabilities[0, rows, columns, 1])
            )
        candidates = np.concatenate(found)
        boxes, scores = candidates[:, :4], candidates[:, 4]
        kept = suppress(boxes, scores, self.settings.proposal_overlap, "union")
        return squared(boxes[kept[: self.settings.most_candidates]])

    def _on_level(self, level: Level, offsets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Candidates of one level: (n, 5), boxes in the searched picture, and probabilities."""
        rows, columns = np.nonzero(probabilities > self.settings.proposal)
        scores = probabilities[rows, columns]
        start = PROPOSAL_STRIDE * np.stack([columns, rows], axis=1)
        corners = np.hstack([start + 1, start + PROPOSAL_CELL])
        boxes = (corners + offsets[rows, columns] * (PROPOSAL_CELL - 1)) / level.scale
        kept = suppress(boxes, scores, self.settings.level_overlap, "union")
        return np.column_stack([boxes[kept], scores[kept]])

    def _refined(self, picture: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """The candidates that R-Net believes in, moved by its regression, as squares."""
        if len(boxes) == 0:
            return boxes
        crops = np.stack(
            [sample(picture, _to_crop(box, REFINE_SIDE), REFINE_SIDE, NEUTRAL) for box in boxes]
        )
        offsets, probabilities = self._refine(crops)
        scores = probabilities[:, 1]
        passed = scores > self.settings.refine
        boxes, scores = regressed(boxes, offsets)[passed], scores[passed]
        return squared(boxes[suppress(boxes, scores, self.settings.refine_overlap, "union")])

    def _faces(self, rgb: np.ndarray, coarse: Coarse, boxes: np.ndarray) -> list[DetectedFace]:
        """The candidates that O-Net believes in, from the full-size picture."""
        if len(boxes) == 0:
            return []
        crops = np.stack([_output_crop(rgb, coarse, box) for box in boxes])
        offsets, shares, probabilities = self._output(crops)
        scores = probabilities[:, 1]
        # five x, then five y, as shares of the square
        landmarks = shares.reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = boxes[:, None, :2] + landmarks * (boxes[:, 2:] - boxes[:, :2])[:, None]
        passed = np.flatnonzero(scores > self.settings.output)
        found = regressed(boxes, offsets)[passed]
        kept = suppress(found, scores[passed], self.settings.output_overlap, "min")
        return [
            _face(box, landmarks[index], scores[index])
            for box, index in zip(found[kept], passed[kept], strict=True)
        ]


def _cells(length: int) -> int:
    """Cells of P-Net along a side: three 3-pixel convolutions around a halving."""
    return -(-(length - 2) // 2) - 4


def _scaled(rgb: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return rgb
    size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _output_crop(rgb: np.ndarray, coarse: Coarse, box: np.ndarray) -> np.ndarray:
    """What O-Net sees of a candidate; the coarse picture serves where it has enough pixels."""
    if box[2] - box[0] >= OUTPUT_SIDE * coarse.factor:
        rgb, box = coarse.pixels, coarse.from_full(box)
    return warp(rgb, _to_crop(box, OUTPUT_SIDE), OUTPUT_SIDE, NEUTRAL)


def _to_crop(box: np.ndarray, side: int) -> np.ndarray:
    """The map from a picture to a square of `side` pixels whose outer pixels lie on the box."""
    steps = (side - 1) / (box[2:] - box[:2])
    shift = -steps * box[:2]
    return np.array([[steps[0], 0, shift[0]], [0, steps[1], shift[1]]])


def _face(box: np.ndarray, landmarks: np.ndarray, score: float) -> DetectedFace:
    x1, y1, x2, y2 = (float(value) for value in box)
    return DetectedFace((x1, y1, x2 - x1, y2 - y1), landmarks.astype(np.float32), float(score))


def _turned_back(face: DetectedFace, turns: int, shape: tuple[int, ...]) -> DetectedFace:
    """A face found in a picture turned by 90° × `turns` anticlockwise, in the picture as it was."""
    height, width = shape[:2]
    x, y, box_width, box_height = face.box
    landmarks = face.landmarks
    corners = np.array([[x, y], [x + box_width, y + box_height]])
    for turn in range(turns, 0, -1):
        # anticlockwise, (x, y) went to (y, side − 1 − x); the side is that of the picture before
        side = width if turn % 2 else height
        corners = np.column_stack([side - 1 - corners[:, 1], corners[:, 0]])
        landmarks = np.column_stack([side - 1 - landmarks[:, 1], landmarks[:, 0]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    return DetectedFace(box, landmarks.astype(np.float32), face.confidence)
