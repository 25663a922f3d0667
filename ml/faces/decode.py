"""Bytes of unknown origin to pixels: bounds first, then the decoder, then one orientation and mode.

The content names the format, the file name does not. Of a picture with several frames the first
one is decoded. Phones append videos, depth maps and further pictures to a JPEG; they are cut off.
"""

from __future__ import annotations

import io
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import pi_heif
from PIL import AvifImagePlugin, Image
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile

from ml.errors import (
    FaceError,
    NotAnImage,
    TooFewPixels,
    TooManyBytes,
    TooManyPixels,
    TooManyScans,
    TruncatedImage,
    UnsupportedFormat,
)
from ml.faces.file_parts import JPEG_START, check_parts, first_jpeg

pi_heif.register_heif_opener(
    thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a picture has one core, as with every other decoder
# Pillow warns of each damaged tag; a hostile file would fill the log.
warnings.filterwarnings("ignore", module="PIL")
# The C library returns memory of more than 32 MB to the system at once, and smaller blocks late.
Image.core.set_block_size(64 << 20)
# Decoders hold up to 16 bytes for a pixel: one large picture at a time bounds the process' memory.
LARGE_PIXELS = 16_000_000
_large = Lock()

ACCEPTED = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF")
ORIENTATION_TAG = 0x0112
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ON_THEIR_SIDE = {5, 6, 7, 8}
OTHER_FORMATS = {
    b"%PDF": "PDF",
    b"8BPS": "Photoshop",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\x1aE\xdf\xa3": "WebM",
}
ACCEPTED_STARTS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
)
# Of files in ISO's container, which holds HEIC and AVIF as well as videos.
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
PAPER = (255, 255, 255)


@dataclass(frozen=True)
class Limits:
    """What is accepted, checked before anything is decoded.

    Attributes:
        max_bytes: of one file.
        max_pixels: of one picture, at full size.
        min_side_px: of a picture's shorter side.
        max_scans: passes of one progressive JPEG.
        max_scanned_pixels: passes times pixels; each pass costs time over all pixels, and
            encoders write some ten.
        working_side_px: a longest side from which on pictures are decoded at 1/2, 1/3, … of
            their size, staying at or above this length.
    """

    max_bytes: int = 25_000_000
    max_pixels: int = 50_000_000
    min_side_px: int = 32
    max_scans: int = 100
    max_scanned_pixels: int = 600_000_000
    working_side_px: int = 1600


LIMITS = Limits()
# Frames of a running camera: pages send some 480 pixels, in one pass.
LIVE_LIMITS = Limits(max_bytes=400_000, max_pixels=2_000_000, max_scans=12)


# Of all pictures of one request: five photos of a phone.
PIXELS_TOGETHER = 64_000_000


def limits_for(pictures: int) -> Limits:
    """Return what is accepted of each of several pictures that are decoded for one answer."""
    return replace(LIMITS, max_pixels=min(LIMITS.max_pixels, PIXELS_TOGETHER // max(1, pictures)))


@dataclass(frozen=True)
class DecodedImage:
    """A picture's pixels, and how large the whole picture is.

    Attributes:
        rgb: (height, width, 3) uint8, contiguous, upright, without alpha; a large picture is
            decoded at a fraction of its size.
        width, height: of the whole picture, upright, in pixels.
    """

    rgb: np.ndarray
    width: int
    height: int

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the whole picture for one of `rgb`, along x and y; 1.0 if it is whole."""
        height, width = self.rgb.shape[:2]
        return self.width / width, self.height / height


def decode(data: bytes, limits: Limits = LIMITS) -> np.ndarray:
    """Decode a picture to its pixels alone; arguments and errors as in `decode_image`.

    Returns:
        (height, width, 3) uint8 RGB, contiguous.
    """
    return decode_image(data, limits).rgb


def decode_image(data: bytes, limits: Limits = LIMITS) -> DecodedImage:
    """Decode a picture, upright and without alpha; a large one at a fraction of its size.

    Args:
        data: a whole file of a format in `ACCEPTED`.
        limits: what is accepted.

    Raises:
        TooManyBytes, NotAnImage, UnsupportedFormat, TooManyScans, TooManyPixels, TooFewPixels,
        TruncatedImage.
    """
    if len(data) > limits.max_bytes:
        raise TooManyBytes(limit_bytes=limits.max_bytes)
    _refuse_other_formats(data)
    check_parts(data)
    scans = 0
    if data.startswith(JPEG_START):
        data, scans = first_jpeg(data, limits.max_scans)
    image = _open(data, limits)
    _check_size(image, limits)
    _check_scans(image, scans, limits)
    try:
        with _alone_if_large(image):
            decoded = _decoded(image, limits)
            del image  # the next one finds its memory free
            return decoded
    except FaceError:
        raise
    except Exception as error:  # what a damaged file makes Pillow raise is not a closed list
        raise TruncatedImage() from error


def _refuse_other_formats(data: bytes) -> None:
    for start, name in OTHER_FORMATS.items():
        if data.startswith(start):
            raise UnsupportedFormat(format=name)
    if data[4:8] == b"ftyp" and not _brands(data) & (HEIF_BRANDS | AVIF_BRANDS):
        raise UnsupportedFormat(format="MP4")


def _brands(data: bytes) -> set[bytes]:
    """What the first box of an ISO container says that the file is."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    return {data[start : start + 4] for start in range(8, end, 4)}


def _open(data: bytes, limits: Limits) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=ACCEPTED)
    except Image.DecompressionBombError as error:
        raise TooManyPixels(limit_pixels=limits.max_pixels) from error
    except Exception as error:  # as above
        raise _unreadable(data) from error


def _unreadable(data: bytes) -> FaceError:
    known = (
        data.startswith(ACCEPTED_STARTS)
        or data[4:8] == b"ftyp"
        or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")
    )
    return TruncatedImage() if known else NotAnImage()


def _check_size(image: Image.Image, limits: Limits) -> None:
    if max(image.width * image.height, _tile_pixels(image)) > limits.max_pixels:
        raise TooManyPixels(limit_pixels=limits.max_pixels)
    if min(image.size) < limits.min_side_px:
        raise TooFewPixels(limit_px=limits.min_side_px)


def _check_scans(image: Image.Image, scans: int, limits: Limits) -> None:
    pixels = image.width * image.height
    if scans * pixels > limits.max_scanned_pixels:
        raise TooManyScans(limit=limits.max_scanned_pixels // pixels)


def _alone_if_large(image: Image.Image) -> AbstractContextManager[object]:
    return _large if image.width * image.height > LARGE_PIXELS else nullcontext()


def _tile_pixels(image: Image.Image) -> int:
    """Pixels of one tile of a TIFF, which may be larger than the picture; 0 without tiles."""
    if not isinstance(image, TiffImageFile):
        return 0
    width, height = (int(image.tag_v2.get(tag, 0)) for tag in (TILEWIDTH, TILELENGTH))
    return width * height


def _decoded(image: Image.Image, limits: Limits) -> DecodedImage:
    width, height = image.size
    # the JPEG decoder makes 1/2, 1/4 or 1/8 in a fraction of the time of the whole
    share = limits.working_side_px / max(width, height)
    drafted = image.draft(None, (int(width * share), int(height * share)))
    image.load()
    if not drafted:
        _check_size(image, limits)  # a container may hold a picture of another size than it says
        width, height = image.size
    rgb = _small_rgb(image, max(image.size) // limits.working_side_px)
    # Some decoders turn the picture themselves and drop the tag while they load.
    orientation = _orientation(image)
    if orientation in TRANSPOSITIONS:
        rgb = rgb.transpose(TRANSPOSITIONS[orientation])
    if orientation in ON_THEIR_SIDE:
        width, height = height, width
    return DecodedImage(np.ascontiguousarray(rgb), width, height)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # damaged metadata is no reason to refuse the pixels
        return 1


def _small_rgb(image: Image.Image, factor: int) -> Image.Image:
    """Reduce a picture by a factor, then lay what is transparent on paper.

    In this order, since each layer of a whole picture would take as much memory as the picture.
    """
    image = _reducible(image)
    if factor > 1:
        image = image.reduce(factor)
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        opaque = Image.new("RGBA", image.size, (*PAPER, 255))
        image = Image.alpha_composite(opaque, layers)
    return image if image.mode == "RGB" else image.convert("RGB")


def _reducible(image: Image.Image) -> Image.Image:
    """Return a picture whose values can be averaged: no palette, key colour or 16 bits."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "1":
        return image.convert("L")
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image
