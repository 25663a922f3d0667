"""From the bytes of a picture to its main face: what every set of photos goes through."""

from __future__ import annotations

import numpy as np

from ml.errors import NoFace
from ml.faces.decode import decode
from ml.faces.select import main_face
from ml.faces.types import DetectedFace, FaceDetector


def locate(data: bytes, detector: FaceDetector) -> tuple[np.ndarray, DetectedFace]:
    """Decode a picture and find its main face, looking twice.

    Returns:
        The picture, (height, width, 3) uint8 RGB, and the face.

    Raises:
        FaceError: if the bytes are no usable picture, or no face is in it.
    """
    image = decode(data)
    height, width = image.shape[:2]
    main = main_face(detector.detect(image, thorough=True), width, height)
    if main is None:
        raise NoFace
    return image, main
