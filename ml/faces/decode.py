"""Decode untrusted picture files: limits first, then the decoder, then orientation and mode.

The content decides the format, never the file's name. The first frame of an animation is decoded.
Phones append videos, depth maps and further pictures to a JPEG; they are cut off.
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

from ml.arrays import Pixels
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
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # every decoder uses one core a picture
# Pillow warns of every damaged tag, so a hostile file could fill the log.
warnings.filterwarnings("ignore", module="PIL")
# The C library returns blocks above 32 MB to the system at once, smaller ones late.
Image.core.set_block_size(64 << 20)  # type: ignore[attr-defined]
# Decoders use up to 16 bytes a pixel. One large picture at a time bounds the process's memory.
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
SIDEWAYS = {5, 6, 7, 8}
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
# Brands in the ISO base media container, which holds HEIC and AVIF as well as videos.
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
PAPER = (255, 255, 255)  # colour behind transparent pixels


@dataclass(frozen=True)
class Limits:
    """Limits on a picture, checked before it is decoded.

    Attributes:
        max_bytes: size of the file.
        max_pixels: area of the picture at full size.
        min_side_px: length of the shorter side.
        max_scans: passes of a progressive JPEG.
        max_scanned_pixels: passes times pixels, because each pass costs time for all pixels.
            Encoders write about ten passes.
        working_side_px: larger pictures are decoded at 1/2, 1/3, … of their size, with a longest
            side of at least this length.
    """

    max_bytes: int = 25_000_000
    max_pixels: int = 50_000_000
    min_side_px: int = 32
    max_scans: int = 100
    max_scanned_pixels: int = 600_000_000
    working_side_px: int = 1600


LIMITS = Limits()
# Frames of a running camera: pages send about 480 pixels, in one pass.
LIVE_LIMITS = Limits(max_bytes=400_000, max_pixels=2_000_000, max_scans=12)


# Pixels of all pictures of one request: five photos of a phone.
PIXELS_TOGETHER = 64_000_000


def limits_for(pictures: int) -> Limits:
    """Return the limits on each of several pictures of one request."""
    return replace(LIMITS, max_pixels=min(LIMITS.max_pixels, PIXELS_TOGETHER // max(1, pictures)))


@dataclass(frozen=True)
class DecodedImage:
    """Pixels of a picture, and its size before decoding.

    Attributes:
        rgb: (height, width, 3) uint8, contiguous, upright, without alpha. A large picture is
            decoded at a fraction of its size.
        width, height: size of the upright picture in the file, in pixels.
    """

    rgb: Pixels
    width: int
    height: int

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels in the file for one of `rgb`, along x and y; 1.0 at full size."""
        height, width = self.rgb.shape[:2]
        return self.width / width, self.height / height


def decode(data: bytes, limits: Limits = LIMITS) -> Pixels:
    """Decode a picture to pixels; arguments and errors as in `decode_image`.

    Returns:
        (height, width, 3) uint8 RGB, contiguous.
    """
    return decode_image(data, limits).rgb


def decode_image(data: bytes, limits: Limits = LIMITS) -> DecodedImage:
    """Decode a picture, upright and without alpha; a large one at a fraction of its size.

    Args:
        data: content of a file in one of the formats `ACCEPTED`.
        limits: limits on the picture.

    Raises:
        TooManyBytes, NotAnImage, UnsupportedFormat, TooManyScans, TooManyPixels, TooFewPixels,
        TruncatedImage.
    """
    if len(data) > limits.max_bytes:
        raise TooManyBytes(limit_bytes=limits.max_bytes)
    _reject_other_formats(data)
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
            del image  # frees its memory before the next large picture
            return decoded
    except FaceError:
        raise
    except Exception as error:  # Pillow documents no list of exceptions for damaged files
        raise TruncatedImage() from error


def _reject_other_formats(data: bytes) -> None:
    for start, name in OTHER_FORMATS.items():
        if data.startswith(start):
            raise UnsupportedFormat(format=name)
    if data[4:8] == b"ftyp" and not _brands(data) & (HEIF_BRANDS | AVIF_BRANDS):
        raise UnsupportedFormat(format="MP4")


def _brands(data: bytes) -> set[bytes]:
    """Return the brands in the first box of an ISO container."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    return {data[start : start + 4] for start in range(8, end, 4)}


def _open(data: bytes, limits: Limits) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=ACCEPTED)
    except Image.DecompressionBombError as error:
        raise TooManyPixels(limit_pixels=limits.max_pixels) from error
    except Exception as error:  # as in decode_image
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
    """Return the pixels of one tile of a TIFF, which can exceed the picture; 0 without tiles."""
    if not isinstance(image, TiffImageFile):
        return 0
    width, height = (int(image.tag_v2.get(tag, 0)) for tag in (TILEWIDTH, TILELENGTH))
    return width * height


def _decoded(image: Image.Image, limits: Limits) -> DecodedImage:
    width, height = image.size
    # The JPEG decoder produces 1/2, 1/4 or 1/8 in a fraction of the time of full size.
    share = limits.working_side_px / max(width, height)
    drafted = image.draft(None, (int(width * share), int(height * share)))
    image.load()
    if not drafted:
        _check_size(image, limits)  # the picture in a container can differ from the declared size
        width, height = image.size
    rgb = _small_rgb(image, max(image.size) // limits.working_side_px)
    # Some decoders rotate the picture and drop the tag while they load.
    orientation = _orientation(image)
    if orientation in TRANSPOSITIONS:
        rgb = rgb.transpose(TRANSPOSITIONS[orientation])
    if orientation in SIDEWAYS:
        width, height = height, width
    return DecodedImage(np.ascontiguousarray(rgb), width, height)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # damaged metadata does not make the pixels unusable
        return 1


def _small_rgb(image: Image.Image, factor: int) -> Image.Image:
    """Reduce a picture by a factor, then composite transparent pixels on PAPER.

    Reducing first saves memory: a layer at full size would need as much as the picture.
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
