"""Driver of the `mtcnn` package behind our detector's interface: a slow, known reference."""

from __future__ import annotations

import numpy as np
from mtcnn import MTCNN

from ml.faces.detector.detect import SETTINGS, DetectionSettings
from ml.faces.types import DetectedFace

# The smallest face sought, in pixels of the picture that `Detector` searches.
SMALLEST_FACE_PX = 20


class LibraryDetector:
    """Detects faces with `mtcnn.MTCNN`, with the same smallest size as `Detector`."""

    def __init__(self, settings: DetectionSettings = SETTINGS) -> None:
        self.settings = settings
        self._driver = MTCNN()

    def detect(self, rgb: np.ndarray, *, thorough: bool = True) -> list[DetectedFace]:  # noqa: ARG002
        """Return all faces, like `Detector.detect` without a thorough pass."""
        try:
            rows = self._driver.detect_faces(
                rgb,
                output_type="numpy",
                box_format="xyxy",
                min_face_size=SMALLEST_FACE_PX / self.settings.search_scale(rgb),
            )
        except ValueError:  # the driver raises it if no candidate is left
            return []
        return [_face(row) for row in rows]


def _face(row: np.ndarray) -> DetectedFace:
    """Read a row of the driver: image, x1, y1, x2, y2, confidence, five x, five y."""
    x1, y1, x2, y2, confidence = (float(value) for value in row[1:6])
    landmarks = np.stack([row[6:11], row[11:16]], axis=1).astype(np.float32)
    return DetectedFace((x1, y1, x2 - x1, y2 - y1), landmarks, confidence)
