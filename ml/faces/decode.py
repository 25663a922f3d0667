"""Bytes of unknown origin to pixels: bounds first, then the decoder, then one orientation and mode.

JPEG, PNG and WebP, told apart by their content, whatever the file is called.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ml.errors import (
    FaceError,
    NotAnImage,
    TooFewPixels,
    TooManyBytes,
    TooManyPixels,
    TruncatedImage,
    UnsupportedFormat,
)

ACCEPTED = ("JPEG", "PNG", "WEBP")
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
OTHER_FORMATS = {
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"%PDF": "PDF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
JPEG_START, JPEG_SCAN = b"\xff\xd8\xff", b"\xff\xda"
PNG_START = b"\x89PNG\r\n\x1a\n"
PAPER = (255, 255, 255)


@dataclass(frozen=True)
class Limits:
    """What is accepted, checked before anything is decoded.

    Attributes:
        max_bytes: of one file.
        max_pixels: of one picture, at full size.
        min_side_px: of a picture's shorter side.
        max_scans: passes of one progressive JPEG; each costs time over all pixels.
        working_side_px: a longest side from which on pictures are decoded at 1/2, 1/3, … of
            their size, staying at or above this length.
    """

    max_bytes: int = 25_000_000
    max_pixels: int = 50_000_000
    min_side_px: int = 32
    max_scans: int = 100
    working_side_px: int = 1600


LIMITS = Limits()


def decode(data: bytes, limits: Limits = LIMITS) -> np.ndarray:
    """Decode a picture, upright and without alpha; a large one at a fraction of its size.

    Args:
        data: a whole JPEG, PNG or WebP file.
        limits: what is accepted.

    Returns:
        (height, width, 3) uint8 RGB, contiguous.

    Raises:
        TooManyBytes, NotAnImage, UnsupportedFormat, TooManyPixels, TooFewPixels, TruncatedImage.
    """
    if len(data) > limits.max_bytes:
        raise TooManyBytes(limit_bytes=limits.max_bytes)
    _refuse_other_formats(data)
    if data.startswith(JPEG_START) and data.count(JPEG_SCAN) > limits.max_scans:
        raise UnsupportedFormat(format="JPEG with too many scans")
    image = _open(data)
    _check_size(image, limits)
    try:
        return _pixels(image, limits.working_side_px)
    except Exception as error:  # what a damaged file makes Pillow raise is not a closed list
        raise TruncatedImage() from error


def _refuse_other_formats(data: bytes) -> None:
    if data[4:8] == b"ftyp":
        brands = {data[start : start + 4] for start in range(8, min(len(data), 64), 4)}
        if brands & AVIF_BRANDS:
            raise UnsupportedFormat(format="AVIF")
        if brands & HEIF_BRANDS:
            raise UnsupportedFormat(format="HEIC")
    for start, name in OTHER_FORMATS.items():
        if data.startswith(start):
            raise UnsupportedFormat(format=name)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=ACCEPTED)
    except Image.DecompressionBombError as error:
        raise TooManyPixels(limit_pixels=LIMITS.max_pixels) from error
    except Exception as error:  # as above
        raise _unreadable(data) from error


def _unreadable(data: bytes) -> FaceError:
    known = data.startswith((JPEG_START, PNG_START)) or (
        data.startswith(b"RIFF") and data[8:12] == b"WEBP"
    )
    return TruncatedImage() if known else NotAnImage()


def _check_size(image: Image.Image, limits: Limits) -> None:
    if image.width * image.height > limits.max_pixels:
        raise TooManyPixels(limit_pixels=limits.max_pixels)
    if min(image.size) < limits.min_side_px:
        raise TooFewPixels(limit_px=limits.min_side_px)


def _pixels(image: Image.Image, working_side: int) -> np.ndarray:
    orientation = _orientation(image)
    if image.format != "PNG":
        # the JPEG decoder makes 1/2, 1/4 or 1/8 in a fraction of the time of the whole
        share = working_side / max(image.size)
        image.draft(None, (int(image.width * share), int(image.height * share)))
    image.load()
    rgb = _to_rgb(image)
    factor = max(rgb.size) // working_side
    if factor > 1:
        rgb = rgb.reduce(factor)
    if orientation in TRANSPOSITIONS:
        rgb = rgb.transpose(TRANSPOSITIONS[orientation])
    return np.ascontiguousarray(rgb)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # damaged metadata is no reason to refuse the pixels
        return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):
        sixteen_bits = np.asarray(image).astype(np.uint32)
        return Image.fromarray((sixteen_bits >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        opaque = Image.new("RGBA", image.size, (*PAPER, 255))
        return Image.alpha_composite(opaque, layers).convert("RGB")
    return image.convert("RGB")
