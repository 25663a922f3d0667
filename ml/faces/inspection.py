"""Look at a picture without embedding anybody: which faces are in it, and how usable the main one.

It needs the detector only, so guidance, counting and measuring share it whatever the model.
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
        data: the bytes of a picture file.
        detector: finds the faces.
        thorough: whether to look again, more closely, where no face was found at first.
        live: whether somebody is in front of the camera, and can be asked for more; its frames are
            bounded by `LIVE_LIMITS`.

    Raises:
        FaceError: if the bytes are no usable picture; no face is no error here.
    """
    image = decoded(data, LIVE_LIMITS if live else LIMITS)
    height, width = image.rgb.shape[:2]
    faces = detector.detect(image.rgb, thorough=thorough)
    main = main_face(faces, width, height)
    thresholds = LIVE if live else THRESHOLDS
    dark = is_dark(image.rgb, thresholds)
    if main is None:
        return Inspection((), None, None, 0, dark, image.width, image.height)
    place = faces.index(main)
    whole = tuple(face.scaled(*image.scale) for face in faces)
    return Inspection(
        faces=whole,
        main=whole[place],
        quality=assess(image.rgb, main, thresholds).scaled(image.scale[0]),
        rivals=len(rivals(faces, main)),
        dark=dark,
        width=image.width,
        height=image.height,
    )


def decoded(data: bytes, limits: Limits = LIMITS) -> DecodedImage:
    """Decode a picture.

    Raises:
        FaceError: as `decode_image`; also if too few pixels of a very long picture are left, which
            is reduced as a whole.
    """
    image = decode_image(data, limits)
    if min(image.rgb.shape[:2]) < LIMITS.min_side_px:
        raise TooFewPixels(limit_px=LIMITS.min_side_px)
    return image
