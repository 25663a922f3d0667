"""Look at a picture without embedding anybody: which faces are in it, and how usable the main one.

It needs the detector only, so guidance, counting and measuring share it whatever the model.
"""

from __future__ import annotations

import numpy as np

from ml.errors import TooFewPixels
from ml.faces.decode import LIMITS, decode
from ml.faces.quality import LIVE, THRESHOLDS, assess, is_dark
from ml.faces.select import main_face, rivals
from ml.faces.types import FaceDetector
from ml.results import Inspection


def inspect(
    data: bytes, detector: FaceDetector, *, thorough: bool = False, live: bool = False
) -> Inspection:
    """Detect the faces in a picture and measure the main one.

    Args:
        data: the bytes of a JPEG, PNG or WebP file.
        detector: finds the faces.
        thorough: whether to look again, more closely, where no face was found at first.
        live: whether somebody is in front of the camera, and can be asked for more.

    Raises:
        FaceError: if the bytes are no usable picture; no face is no error here.
    """
    image = decoded(data)
    height, width = image.shape[:2]
    faces = detector.detect(image, thorough=thorough)
    main = main_face(faces, width, height)
    thresholds = LIVE if live else THRESHOLDS
    quality = assess(image, main, thresholds) if main else None
    beside = len(rivals(faces, main)) if main else 0
    dark = is_dark(image, thresholds)
    return Inspection(tuple(faces), main, quality, beside, dark, width, height)


def decoded(data: bytes) -> np.ndarray:
    """The pixels; of a very long picture, which is reduced as a whole, too few may be left."""
    image = decode(data)
    if min(image.shape[:2]) < LIMITS.min_side_px:
        raise TooFewPixels(limit_px=LIMITS.min_side_px)
    return image
