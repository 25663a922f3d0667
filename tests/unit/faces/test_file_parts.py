"""Files of very many parts, which a decoder would read one by one."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from ml.errors import TooManyScans, TruncatedImage
from ml.faces.decode import decode

SMALL = Image.new("RGB", (64, 64), (90, 120, 150))


def encoded(kind: str, image: Image.Image = SMALL, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg_with(segments: bytes) -> bytes:
    whole = encoded("JPEG")
    return whole[:2] + segments + whole[2:]


def png_with(kind: bytes, content: bytes, times: int) -> bytes:
    whole, checksum = encoded("PNG"), zlib.crc32(kind + content)
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
    return whole[:33] + chunk * times + whole[33:]


def gif_with(blocks: bytes) -> bytes:
    whole = encoded("GIF", SMALL.convert("P"))
    start = 13 + 3 * (2 << (whole[10] & 7))
    return whole[:start] + blocks + whole[start:]


MANY: dict[str, Callable[[], bytes]] = {
    "fill bytes of JPEG": lambda: jpeg_with(b"\xff" * 100_000),
    "junk between segments of JPEG": lambda: jpeg_with(b"\xff\xfe\0\x02" + bytes(100_000)),
    "empty segments of JPEG": lambda: jpeg_with(b"\xff\xc4\x00\x02" * 50_000),
    "metadata of JPEG": lambda: jpeg_with(b"\xff\xe1\x00\x08Exif\0\0" * 50_000),
    "empty chunks of PNG": lambda: png_with(b"tEXt", b"", 100_000),
    "chunks of PNG": lambda: png_with(b"prVt", b"x" * 20, 100_000),
    "empty comments of GIF": lambda: gif_with(b"\x21\xfe\0" * 100_000),
    "a comment of GIF in bytes": lambda: gif_with(b"\x21\xfe" + b"\x01a" * 100_000 + b"\0"),
    "loops of GIF": lambda: gif_with(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" * 50_000),
    "zeros in GIF": lambda: gif_with(bytes(100_000)),
}


@pytest.mark.parametrize("kind", MANY)
def test_more_parts_than_any_encoder_writes_are_refused(kind: str) -> None:
    with pytest.raises(TruncatedImage):
        decode(MANY[kind]())


FEW: dict[str, Callable[[], bytes]] = {
    "25 MB of metadata in JPEG": lambda: jpeg_with((b"\xff\xe2\xff\xff" + bytes(65_533)) * 380),
    "some fill bytes in JPEG": lambda: jpeg_with(b"\xff" * 1_000),
    "1 kB chunks of PNG": lambda: png_with(b"prVt", bytes(1_000), 24_000),
    "comments of GIF": lambda: gif_with((b"\x21\xfe" + b"\xff" + b"a" * 255 + b"\0") * 1_000),
    "an animation": lambda: encoded(
        "GIF", save_all=True, append_images=[Image.new("RGB", (64, 64), n) for n in range(200)]
    ),
}


@pytest.mark.parametrize("kind", FEW)
def test_as_many_parts_as_encoders_write_are_read(kind: str) -> None:
    assert decode(FEW[kind]()).shape == (64, 64, 3)


def passes(side: int, times: int) -> bytes:
    """Return a progressive JPEG with its last pass repeated."""
    whole = encoded("JPEG", Image.new("RGB", (side, side)), progressive=True)
    return whole[:-2] + whole[whole.rindex(b"\xff\xda") : -2] * times + whole[-2:]


def test_passes_over_many_pixels_are_bounded_by_their_work() -> None:
    with pytest.raises(TooManyScans):
        decode(passes(side=4_000, times=60))


def test_passes_over_few_pixels_are_read() -> None:
    assert decode(passes(side=200, times=60)).shape == (200, 200, 3)


def test_a_progressive_photo_of_a_phone_is_read() -> None:
    assert decode(passes(side=4_000, times=0)).shape[2] == 3
