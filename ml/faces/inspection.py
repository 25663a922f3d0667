"""Inspection of a picture: its faces and the quality of the main one, without an embedding.

Inspection needs the detector only, so guidance, counting and measuring share it for every model.
"""

from __future__ import annotations

from ml.errors import TooFewPixels
from ml.faces.decode import LIMITS, LIVE_LIMITS, DecodedImage, Limits, decode_image
from ml.faces.quality import LIVE, THRESHOLDS, assess, is_dark
from ml.faces.select import main_face, rivals
from ml.faces.types import FaceDetector, Inspection


def inspect(
    data: bytes, detector: FaceDetector, *, thorough: bool = False, live: bool = False
) -> Inspection:
    """Detect the faces in a picture and measure the main one.

    Args:
        data: content of a picture file.
        detector: finds the faces.
        thorough: repeat the detection at a finer scale when the first pass finds no face.
        live: apply `LIVE_LIMITS` and the stricter quality thresholds for a person at the camera.

    Raises:
        FaceError: if the bytes are not a usable picture. A picture without a face is no error.
    """
    image = decoded(data, LIVE_LIMITS if live else LIMITS)
    height, width = image.rgb.shape[:2]
    faces = detector.detect(image.rgb, thorough=thorough)
    main = main_face(faces, width, height)
    thresholds = LIVE if live else THRESHOLDS
    dark = is_dark(image.rgb, thresholds)
    if main is None:
        return Inspection((), None, None, 0, dark, image.width, image.height)
    main_index = faces.index(main)
    full_size = tuple(face.scaled(*image.scale) for face in faces)
    return Inspection(
        faces=full_size,
        main=full_size[main_index],
        quality=assess(image.rgb, main, thresholds).scaled(image.scale[0]),
        rivals=len(rivals(faces, main)),
        dark=dark,
        width=image.width,
        height=image.height,
    )


def decoded(data: bytes, limits: Limits = LIMITS) -> DecodedImage:
    """Decode a picture.

    Raises:
        FaceError: as `decode_image`; also if the reduced size of a very long picture has too few
            pixels.
    """
    image = decode_image(data, limits)
    if min(image.rgb.shape[:2]) < LIMITS.min_side_px:
        raise TooFewPixels(limit_px=LIMITS.min_side_px)
    return image
