"""Damaged, hostile and oversized files are refused by the decoder."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

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
from ml.faces.decode import LIMITS, decode
from tests.support.faces import opened, portraits
from tests.unit.faces.encoded_pictures import encoded, png, tiled_tiff, two_halves


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"8BPS", "Photoshop"),
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp41isom", "MP4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "MP4"),
        (b"\x1aE\xdf\xa3", "WebM"),
    ],
)
def test_other_formats_are_refused_by_name(start: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormat) as error:
        decode(start + bytes(200))
    assert error.value.details == {"format": name}


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"hevc", b"heix", b"avif"])
def test_half_a_file_of_a_phone_is_called_damaged(brand: bytes) -> None:
    data = struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\0\0" + b"mif1" + brand + bytes(200)
    with pytest.raises(TruncatedImage):
        decode(data)


def test_a_tile_that_is_larger_than_its_picture_is_bounded() -> None:
    with pytest.raises(TooManyPixels):
        decode(tiled_tiff((64, 48), tile=20_000))


@pytest.mark.parametrize("data", [b"", b"x", b"hello, this is text", bytes(1000), b"RIFF1234WAVE"])
def test_a_file_that_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        decode(data)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_breaks_off_is_refused(file_format: str, share: float) -> None:
    whole = encoded(opened(portraits()[0].photos[0]).resize((200, 200)), file_format)
    with pytest.raises(TruncatedImage):
        decode(whole[: int(len(whole) * share)])


def test_one_byte_too_many_is_refused_before_decoding() -> None:
    with pytest.raises(TooManyBytes) as error:
        decode(b"\xff\xd8\xff" + bytes(LIMITS.max_bytes))
    assert error.value.details == {"limit_bytes": LIMITS.max_bytes}


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    bomb = png((20_000, 20_000), bits=1, colour_type=0, raw=bytes(20_000 * 2_501))
    assert len(bomb) < 100_000
    with pytest.raises(TooManyPixels) as error:
        decode(bomb)
    assert error.value.details == {"limit_pixels": LIMITS.max_pixels}


@pytest.mark.parametrize("size", [(1, 1), (LIMITS.min_side_px - 1, 100)])
def test_a_tiny_picture_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(TooFewPixels):
        decode(encoded(Image.new("RGB", size), "PNG"))


def test_the_smallest_accepted_picture_is_decoded() -> None:
    side = LIMITS.min_side_px
    assert decode(encoded(Image.new("RGB", (side, side)), "PNG")).shape == (side, side, 3)


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    whole = encoded(two_halves(), "JPEG", progressive=True)
    start = whole.rindex(b"\xff\xda")
    scan = whole[start:-2]
    with pytest.raises(TooManyScans):
        decode(whole[:-2] + scan * LIMITS.max_scans + whole[-2:])


@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_mutated_files_decode_or_raise_a_face_error(
    file_format: str, changes: list[tuple[float, int]], end: float
) -> None:
    data = bytearray(SMALL[file_format])
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    data = data[: max(int(end * len(data)), 1)] if end < 0.5 else data
    try:
        rgb = decode(bytes(data))
    except FaceError:
        return
    assert rgb.dtype == np.uint8
    assert rgb.ndim == 3
    assert rgb.shape[2] == 3


STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF89a", b"BM", b"II*\0", b"MM\0*")


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF89a", b"BM", b"II*\0"]
    ),
)
def test_arbitrary_bytes_raise_a_face_error(tail: bytes, start: bytes) -> None:
    with pytest.raises(FaceError):
        decode(start + tail)


SMALL = {
    name: encoded(opened(portraits()[1].photos[0]).resize((48, 48)), name)
    for name in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF")
}
