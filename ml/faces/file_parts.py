"""Bounds on the parts of a picture file, before a decoder reads them.

Pillow reads segments, chunks and blocks one by one in Python and holds the interpreter's lock
meanwhile. A file of 25 MB that holds nothing else keeps every thread waiting for 8 seconds.
"""

from __future__ import annotations

import re

from ml.errors import TooManyScans, TruncatedImage

JPEG_START, PNG_START, GIF_START = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8"
# A marker of JPEG after compressed data, where 0xff is followed by 0x00 or a restart's number.
JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])", re.DOTALL)
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
WITHOUT_LENGTH = {0x01, 0xD8}
# Metadata of 25 MB fills 400 segments of JPEG.
MOST_SEGMENTS, MOST_FILL_BYTES = 2_000, 10_000
# Compressed data of 25 MB fills 25,000 chunks of 1 kB; most encoders write 8 kB and more.
MOST_CHUNKS, CHUNK_FRAME = 30_000, 12
# Blocks of GIF before its first picture: comments and the like, 255 bytes at most in each.
MOST_BLOCKS = 10_000
GIF_HEAD, GIF_FLAGS, GIF_PALETTE, GIF_PALETTE_SIZE = 13, 10, 0x80, 0x07
GIF_EXTENSION, GIF_PICTURE, GIF_END = 0x21, 0x2C, 0x3B


def first_jpeg(data: bytes, max_scans: int) -> tuple[bytes, int]:
    """Return the first picture of a JPEG file, without appended data, and its scans.

    Raises:
        TooManyScans: if it has more scans than `max_scans`.
        TruncatedImage: if it has more segments or fill bytes than any camera writes.
    """
    at, scans, segments = 2, 0, 0
    while found := JPEG_MARKER.search(data, at):
        fill, segments = found.start() - at, segments + 1
        marker, at = data[found.start() + 1], found.end()
        if marker == END_OF_IMAGE:
            return data[:at], scans
        if segments > MOST_SEGMENTS or (scans == 0 and fill > MOST_FILL_BYTES):
            raise TruncatedImage()
        scans += marker == START_OF_SCAN
        if scans > max_scans:
            raise TooManyScans(limit=max_scans)
        if marker not in WITHOUT_LENGTH:
            at += int.from_bytes(data[at : at + 2], "big")
    return data, scans


def check_parts(data: bytes) -> None:
    """Check the number of parts of a PNG or GIF file.

    Raises:
        TruncatedImage: if it has more than any encoder writes.
    """
    if data.startswith(PNG_START):
        _check_chunks(data)
    elif data.startswith(GIF_START):
        _check_blocks(data)


def _check_chunks(data: bytes) -> None:
    at = len(PNG_START)
    for _ in range(MOST_CHUNKS):
        if at >= len(data):
            return
        at += CHUNK_FRAME + int.from_bytes(data[at : at + 4], "big")
    raise TruncatedImage()


def _check_blocks(data: bytes) -> None:
    flags = data[GIF_FLAGS] if len(data) > GIF_FLAGS else 0
    at = GIF_HEAD + (3 * (2 << (flags & GIF_PALETTE_SIZE)) if flags & GIF_PALETTE else 0)
    in_extension = False
    for _ in range(MOST_BLOCKS):
        if at >= len(data):
            return
        block = data[at]
        if in_extension:
            in_extension, at = block > 0, at + 1 + block
        elif block in {GIF_PICTURE, GIF_END}:
            return
        else:
            in_extension = block == GIF_EXTENSION
            at += 2 if in_extension else 1
    raise TruncatedImage()
