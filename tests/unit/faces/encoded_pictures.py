"""Encoded pictures for tests of the decoder."""

from __future__ import annotations

import io
import struct
import zlib

import pillow_heif
from PIL import Image

LEFT, RIGHT = (200, 30, 30), (30, 30, 200)


def two_halves(width: int = 64, height: int = 48) -> Image.Image:
    """Return a picture that is red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), LEFT)
    image.paste(RIGHT, (width // 2, 0, width, height))
    return image


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    if file_format == "HEIF":
        pillow_heif.from_pillow(image).save(out, **({"quality": 90} | options))
    else:
        image.save(out, file_format, **options)
    return out.getvalue()


def png(size: tuple[int, int], *, bits: int, colour_type: int, raw: bytes) -> bytes:
    """Return a PNG file of raw rows, each with its filter byte."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", *size, bits, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiled_tiff(size: tuple[int, int], *, tile: int) -> bytes:
    """Return a grey TIFF file of one deflated tile, `tile` pixels wide and high."""
    body = zlib.compress(bytes(1000))
    entries = {256: size[0], 257: size[1], 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile}
    entries |= {324: 8, 325: len(body)}
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, entries[tag]) for tag in sorted(entries))
    start = struct.pack("<2sHI", b"II", 42, 8 + len(body))
    return start + body + struct.pack("<H", len(entries)) + directory + bytes(4)
