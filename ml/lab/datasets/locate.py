"""Detection of the main face in one picture of a data set."""

from __future__ import annotations

import numpy as np

from ml.errors import NoFace
from ml.faces.decode import decode
from ml.faces.select import main_face
from ml.faces.types import DetectedFace, FaceDetector


def locate(data: bytes, detector: FaceDetector) -> tuple[np.ndarray, DetectedFace]:
    """Decode a picture and detect its main face, with the thorough pass.

    Returns:
        The picture, (height, width, 3) uint8 RGB, and the face.

    Raises:
        FaceError: if the bytes are not a usable picture, or it shows no face.
    """
    image = decode(data)
    height, width = image.shape[:2]
    main = main_face(detector.detect(image, thorough=True), width, height)
    if main is None:
        raise NoFace
    return image, main
